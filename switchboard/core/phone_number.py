"""Phone numbers: from what the network, a phone or a CSV file says to one spelling.

One subscriber is written in a dozen ways; the client file, the look-up and the record must agree on one,
E.164 (``+`` and 7–15 digits). The numbering plans are libphonenumber's. What it gets wrong for a company's
exchange is mended here, before and after asking it:

1. *Wrapping goes first.* ``"Name" <sip:…@host;user=phone>``, ``tel:``, labels ("тел.", "моб."), full-width
   and other scripts' digits, invisible direction marks that Windows copies along, and an extension at the
   end ("доб. 123", "ext 123", ";ext=123", "#123"). Letters that are left make a text unreadable:
   libphonenumber would dial ``IVANOV`` as 482668.
2. *Nobody is somebody too.* An empty text, a word such as ``anonymous`` or ``Restricted``, a lone dash,
   nothing but zeros: the caller withheld the number. That is never looked up, and no client is guessed.
3. *Short numbers never reach libphonenumber's parser*, which makes ``+7112`` of 112. ``112`` is short by
   itself; other numbers as long as our extensions are internal (101 is the fire brigade in Russia and the
   first phone of most offices: here the office wins, emergencies are 112); local numbers get the area code;
   what remains is short if the region's plan has it, else unreadable.
4. *Readings are tried in order, the first valid one wins.* A number with ``+`` is read as written, then
   without doubled prefixes (``+00…``), then without the plus: ``+8 916 …`` is the national prefix with a
   plus that a CRM put there. ``+8 495 123-45-67`` would also be Viet Nam's +84 951 234 567, so where the
   prefix stands apart, as there, the national reading is tried first: no country has the code 8. A number
   without ``+`` is read as ``00…`` (if the trunk sends that), as national, as local to the area code, and
   from 11 digits on as an international number that lost its plus, as many carriers send them.
5. *Only a valid number gets an E.164.* A possible but invalid one (``0123456789``) stays unreadable, as it
   came.

The spelling is a fixed point: reading an E.164 made here gives itself. Reading takes 50–150 µs, mostly
libphonenumber's; the first number of each country also loads that country's plan (some ms, once).

Numbers are personal data: ``str`` and ``repr`` are masked, ``full()`` is for dialling, looking up and
storing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum
from urllib.parse import unquote

import phonenumbers
from msgspec import Struct

LONGEST_TEXT = 256
"""Longer texts are not numbers; they are not even looked into."""
EMERGENCY = "112"


class NumberKind(StrEnum):
    PUBLIC = "public"
    """A valid number of some country's plan; ``e164`` is set."""
    INTERNAL = "internal"
    """One of our own extensions."""
    SHORT = "short"
    """Emergency and service numbers (``112``)."""
    WITHHELD = "withheld"
    """The caller did not want to be known (``anonymous``, empty, …)."""
    UNREADABLE = "unreadable"
    """Anything else; kept as it came, never looked up."""


class NumberPlan(Struct, frozen=True):
    """How numbers are read here."""

    region: str = "RU"
    area_code: str | None = None
    """Put before local numbers without one (``"495"``)."""
    double_zero_is_international: bool = True
    """``00…`` begins an international number (European trunks); otherwise the region's rules hold."""
    extension_digits: tuple[int, int] = (3, 4)
    """Shortest and longest internal extension."""


class PhoneNumber(Struct, frozen=True):
    """A number as it came and as we understand it. ``str()`` and ``repr()`` are masked."""

    raw: str
    kind: NumberKind
    e164: str | None = None
    """``+`` and 7–15 digits; set exactly when ``kind`` is public."""
    extension: str | None = None
    """An extension behind the number ("доб. 123"); only public numbers have one."""
    digits: str | None = None
    """The digits of an internal or short number; ``None`` for all others."""

    def full(self) -> str:
        """The whole number, unmasked, no extension: E.164, else the short digits, else the text."""
        return self.e164 or self.digits or self.raw

    def __str__(self) -> str:
        if self.e164 is not None:
            masked = f"{self.e164[:-7]}***{self.e164[-4:]}"
            return f"{masked} ext {self.extension}" if self.extension else masked
        return self.digits or self.kind.value

    def __repr__(self) -> str:
        return f"<PhoneNumber {self.kind.value} {self}>"


def read_number(raw: str, plan: NumberPlan) -> PhoneNumber:
    """Read ``raw`` by ``plan``. Never raises, whatever the text; an unknown region reads only ``+…``."""
    if len(raw) > LONGEST_TEXT:
        return PhoneNumber(raw, NumberKind.UNREADABLE)
    text = _unwrapped(_plain(raw))
    if _says_nobody(text):
        return PhoneNumber(raw, NumberKind.WITHHELD)
    number, extension = _split_extension(text)
    if not _NUMBER.fullmatch(number):
        return PhoneNumber(raw, NumberKind.UNREADABLE)
    digits = re.sub(r"\D", "", number)
    plus = "+" in number
    if not plus and extension is None and (short := _read_short(digits, plan)):
        return PhoneNumber(raw, short, digits=digits)
    for reading in _readings(number, digits, plus, plan):
        if e164 := _valid_e164(reading, plan.region):
            return PhoneNumber(raw, NumberKind.PUBLIC, e164, extension)
    if not plus and extension is None and _is_service_number(digits, plan.region):
        return PhoneNumber(raw, NumberKind.SHORT, digits=digits)
    return PhoneNumber(raw, NumberKind.UNREADABLE)


_DASHES = "\\-\u2010-\u2015\u2212"
_NUMBER = re.compile(rf"[\s(\[]*\+{{0,2}}[\d\s()\[\]./~{_DASHES}]*\d[\s()\].{_DASHES}]*")
"""Digits among the punctuation that people write numbers with, a plus only in front of all digits."""

_TRUNK_PREFIX_APART = re.compile(rf"[\s(\[]*\+\s*(\d)[\s()./{_DASHES}]")
_URI = re.compile(r"(?:sips?|tel|callto):", re.IGNORECASE)
_LABEL = re.compile(
    r"(?:тел(?:ефон)?|т|моб(?:ильный)?|раб(?:очий)?|дом(?:ашний)?|факс|tel|phone|mob(?:ile)?|fax)[.:\s]*(?=[\d+(])",
    re.IGNORECASE,
)
_EXTENSION = re.compile(
    r"(?:;\s*ext=|доб[а-яё]*|вн[а-яё]*|ext[a-z]*|x|х|#)\s*[.:=№]?\s*(\d{1,7})\s*\)?\s*$", re.IGNORECASE
)

_NOBODY_WORDS = (
    "anonymous anon restricted unavailable unknown withheld private blocked hidden nobody none null "
    "privatenumber unknownnumber unknowncaller anonymouscaller callerunknown numberwithheld withheldnumber "
    "nonumber noid nocallerid calleridunavailable idunavailable notavailable outofarea blockedcall "
    "аноним анонимный анонимно скрыт скрытый скрытыйномер номерскрыт неизвестно неизвестный неизвестныйномер "
    "номернеопределен номернеопределён неопределен неопределён"
)
"""What networks, phones and exports write where a number should be; lower case, letters only."""
_NOBODY = frozenset(_NOBODY_WORDS.split())


def _plain(raw: str) -> str:
    """The text with other scripts' digits and widths made ASCII, without invisible characters."""
    if raw.isascii():
        return raw.strip()
    kept = (char for char in unicodedata.normalize("NFKC", raw) if unicodedata.category(char) != "Cf")
    return "".join(str(unicodedata.decimal(char, char)) for char in kept).strip()


def _unwrapped(text: str) -> str:
    """What stands inside ``"Name" <sip:…@host>``, a URI or behind a label; ``;ext=`` survives."""
    if (opening := text.find("<")) >= 0 and text.endswith(">"):
        text = text[opening + 1 : -1].strip()
    if uri := _URI.match(text):
        scheme = uri.group().lower()
        text = unquote(text[uri.end() :])
        if scheme.startswith("sip") and "@" not in text:
            return ""  # a host alone: its address is not a number
    if "@" in text:
        text = text.partition("@")[0].partition(":")[0]
    number, *parameters = text.split(";")
    kept = [item for item in parameters if re.fullmatch(r"\s*ext=\d+\s*", item, re.IGNORECASE)]
    context = next((item[14:] for item in parameters if item.lower().startswith("phone-context=+")), None)
    if context is not None and uri and "+" not in number:
        number = context + number
    if not uri and len(kept) != len(parameters):
        return text  # not parameters: leave the text as it is, to be found unreadable or withheld
    return _LABEL.sub("", ";".join([number.strip(), *kept]), count=1)


def _says_nobody(text: str) -> bool:
    letters = "".join(char for char in text if char.isalpha())
    digits = [char for char in text if char.isdecimal()]
    if letters:
        return not digits and letters.casefold() in _NOBODY
    return all(digit == "0" for digit in digits)


def _split_extension(text: str) -> tuple[str, str | None]:
    found = _EXTENSION.search(text)
    if found is None:
        return text, None
    number = text[: found.start()].rstrip(" ,;(")
    return (number, found.group(1)) if number else (text, None)


def _read_short(digits: str, plan: NumberPlan) -> NumberKind | None:
    shortest, longest = plan.extension_digits
    if digits == EMERGENCY:
        return NumberKind.SHORT
    return NumberKind.INTERNAL if shortest <= len(digits) <= longest else None


def _readings(number: str, digits: str, plus: bool, plan: NumberPlan) -> Iterator[str]:
    """What the number may mean, likeliest first, for libphonenumber to judge."""
    trunk_prefix = _trunk_prefix(plan.region)
    if plus:
        apart = _TRUNK_PREFIX_APART.match(number)
        if apart and apart[1] == trunk_prefix and int(apart[1]) not in _COUNTRY_CODES:
            yield digits
        yield f"+{digits}"
        if digits.startswith("00"):
            yield f"+{digits[2:]}"
        if trunk_prefix and digits.startswith(trunk_prefix):
            yield digits
        return
    if plan.double_zero_is_international and digits.startswith("00"):
        yield f"+{digits[2:]}"
    yield digits
    if plan.area_code and len(digits) <= 7:
        yield plan.area_code + digits
    if len(digits) >= 11:
        yield f"+{digits}"


_COUNTRY_CODES = phonenumbers.COUNTRY_CODE_TO_REGION_CODE


def _trunk_prefix(region: str) -> str | None:
    plan = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    return plan.national_prefix if plan else None


def _valid_e164(reading: str, region: str) -> str | None:
    """E.164 of a valid reading. One that does not read as itself again (obsolete prefixes) is none."""
    e164 = _parsed(reading, region)
    if e164 is None or e164 == reading:
        return e164
    return e164 if _parsed(e164, region) == e164 else None


def _parsed(reading: str, region: str) -> str | None:
    try:
        parsed = phonenumbers.parse(reading, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return e164 if 7 <= len(e164) - 1 <= 15 else None  # some plans (German pagers) hold longer ones


def _is_service_number(digits: str, region: str) -> bool:
    if not 2 <= len(digits) <= 6:
        return False
    try:
        parsed = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_short_number_for_region(parsed, region)
