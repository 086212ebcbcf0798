"""Reading numbers: every spelling that people, carriers and CRM exports use, and what is no number."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard.core.phone_number import LONGEST_TEXT, NumberKind, NumberPlan, PhoneNumber, read_number

MOSCOW = NumberPlan(region="RU", area_code="495")


@pytest.mark.parametrize(
    ("raw", "e164"),
    [
        # as the network sends them
        ("+79161234567", "+79161234567"),
        ("79161234567", "+79161234567"),
        ("89161234567", "+79161234567"),
        ("9161234567", "+79161234567"),
        ("++79161234567", "+79161234567"),
        ("375291234567", "+375291234567"),
        ("00442083661177", "+442083661177"),
        ("+00442083661177", "+442083661177"),
        ("810442083661177", "+442083661177"),
        ("8~10442083661177", "+442083661177"),
        # as people write them
        ("8 (495) 123-45-67", "+74951234567"),
        ("+7 495 123.45.67", "+74951234567"),
        ("(+7) 916 1234567", "+79161234567"),
        ("(495)1234567", "+74951234567"),
        ("123-45-67", "+74951234567"),
        ("1234567", "+74951234567"),
        ("тел. 8 916 123 45 67", "+79161234567"),
        ("моб.: +7 916 123 45 67", "+79161234567"),
        ("7916123\u201145\u201167", "+79161234567"),
        ("\u202d+7 916 123 45 67\u202c", "+79161234567"),
        ("７９１６１２３４５６７", "+79161234567"),
        ("٨٩١٦١٢٣٤٥٦٧", "+79161234567"),
        # as exports spoil them
        ("+89161234567", "+79161234567"),
        ("+8 (916) 123-45-67", "+79161234567"),
        ("+789161234567", "+79161234567"),
        # URIs
        ("sip:+79161234567@10.0.0.1", "+79161234567"),
        ("sip:%2B79161234567@10.0.0.1:5060;transport=udp", "+79161234567"),
        ('"Ivanov" <sip:89161234567@10.0.0.1;user=phone>', "+79161234567"),
        ("sips:89161234567:secret@10.0.0.1", "+79161234567"),
        ("89161234567@10.0.0.1", "+79161234567"),
        ("tel:+7-916-123-45-67", "+79161234567"),
        ("tel:1234567;phone-context=+7495", "+74951234567"),
    ],
)
def test_every_spelling_of_a_number_is_one_number(raw: str, e164: str) -> None:
    number = read_number(raw, MOSCOW)
    assert (number.kind, number.e164, number.raw) == (NumberKind.PUBLIC, e164, raw)
    assert number.full() == e164


@pytest.mark.parametrize(
    ("raw", "extension"),
    [
        ("8 (495) 123-45-67 доб. 123", "123"),
        ("8 (495) 123-45-67, доб.123", "123"),
        ("8 (495) 123-45-67 (добавочный: 123)", "123"),
        ("84951234567 вн. 12", "12"),
        ("+7 495 123 45 67 ext. 9", "9"),
        ("+7 495 123 45 67 x9", "9"),
        ("+74951234567#4501", "4501"),
        ("123-45-67 доб123", "123"),
        ("tel:+7-495-123-45-67;ext=5", "5"),
    ],
)
def test_an_extension_is_kept_apart(raw: str, extension: str) -> None:
    number = read_number(raw, MOSCOW)
    assert (number.e164, number.extension) == ("+74951234567", extension)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "  ",
        "-",
        "+",
        "0",
        "0000000000",
        "anonymous",
        "Anonymous",
        "Restricted",
        "Unavailable",
        "UNKNOWN",
        "No Number",
        "Private Number",
        "<unknown>",
        "sip:anonymous@anonymous.invalid",
        '"Anonymous" <sip:anonymous@anonymous.invalid>',
        "sip:10.0.0.1",
        "sip:10.0.0.1:5060;transport=udp",
        "Скрытый номер",
        "Номер не определён",
    ],
)
def test_a_withheld_number_is_nobody(raw: str) -> None:
    number = read_number(raw, MOSCOW)
    assert (number.kind, number.e164, number.digits) == (NumberKind.WITHHELD, None, None)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("112", NumberKind.SHORT),
        ("01", NumberKind.SHORT),
        ("101", NumberKind.INTERNAL),
        ("4501", NumberKind.INTERNAL),
        ("sip:101@10.0.0.7", NumberKind.INTERNAL),
    ],
)
def test_short_numbers_are_not_completed_to_long_ones(raw: str, kind: NumberKind) -> None:
    number = read_number(raw, MOSCOW)
    assert (number.kind, number.e164) == (kind, None)
    assert number.full() == number.digits == "".join(char for char in raw[:8] if char.isdigit())


@pytest.mark.parametrize(
    "raw",
    [
        "IVANOV",
        "ivan123",
        "8-800-FLOWERS",
        "0123456789",
        "+7916",
        "12345",
        "8916123456",
        "123/45",
        "*11",
        "1+2",
        "8 916 123 45 67 (Ivan)",
        "8 916 123 45 67; 8 916 123 45 68",
        "89161234567/89161234568",
        "8495123456789",
        "1" * (LONGEST_TEXT + 1),
    ],
)
def test_what_is_no_number_stays_as_it_came(raw: str) -> None:
    number = read_number(raw, MOSCOW)
    assert (number.kind, number.e164, number.full()) == (NumberKind.UNREADABLE, None, raw)


def test_a_plus_before_the_trunk_prefix_does_not_hide_a_foreign_number() -> None:
    assert read_number("+84951234567", MOSCOW).e164 == "+84951234567"  # Viet Nam, as its carrier sends it
    assert read_number("+8 495 123-45-67", MOSCOW).e164 == "+74951234567"  # no country has the code 8


def test_the_plan_decides_what_is_local_internal_and_international() -> None:
    no_area = NumberPlan(area_code=None)
    assert read_number("1234567", no_area).kind == NumberKind.UNREADABLE
    two_digits = NumberPlan(extension_digits=(2, 2))
    assert read_number("45", two_digits).kind == NumberKind.INTERNAL
    assert read_number("4501", two_digits).kind == NumberKind.UNREADABLE
    own_rules = NumberPlan(double_zero_is_international=False)
    assert read_number("00442083661177", own_rules).kind == NumberKind.UNREADABLE
    small_town = NumberPlan(area_code="48762")
    assert read_number("6-12-34", small_town).e164 == "+74876261234"
    berlin = NumberPlan(region="DE", area_code="30", extension_digits=(2, 3))
    assert read_number("030 901820", berlin).e164 == "+4930901820"
    assert read_number("+030 901820", berlin).e164 == "+4930901820"
    nowhere = NumberPlan(region="??")
    assert read_number("+79161234567", nowhere).e164 == "+79161234567"
    assert read_number("89161234567", nowhere).kind == NumberKind.UNREADABLE


def test_numbers_are_masked_wherever_they_are_printed() -> None:
    number = read_number("8 (916) 123-45-67 доб. 12", MOSCOW)
    assert str(number) == f"{number}" == "+7916***4567 ext 12"
    assert repr(number) == "<PhoneNumber public +7916***4567 ext 12>"
    assert str(read_number("101", MOSCOW)) == "101"
    assert str(read_number("112", MOSCOW)) == "112"
    assert str(read_number("anonymous", MOSCOW)) == "withheld"
    spoiled = read_number("89161234567 Ivan Ivanov", MOSCOW)
    assert "1234567" not in repr([spoiled])
    assert "Ivan" not in repr([spoiled])


PLANS = st.sampled_from(
    [
        MOSCOW,
        NumberPlan(),
        NumberPlan(area_code="48762"),
        NumberPlan(region="DE", area_code="30"),
        NumberPlan(double_zero_is_international=False),
        NumberPlan(region="US", area_code="212"),
    ]
)
NUMBER_LIKE = st.text(alphabet="+0123456789 ()-.;~#xдоб@:<>%sip", max_size=24)
DIGITS = st.from_regex(r"\+?[0-9]{1,16}", fullmatch=True)
ANYTHING = st.text(alphabet=st.characters(), max_size=300)  # lone surrogates too


def check_promises(number: PhoneNumber, raw: str) -> None:
    assert number.raw == raw
    assert (number.e164 is not None) == (number.kind is NumberKind.PUBLIC)
    assert (number.digits is not None) == (number.kind in (NumberKind.INTERNAL, NumberKind.SHORT))
    if number.e164 is not None:
        assert number.e164[0] == "+"
        assert number.e164[1:].isascii()
        assert number.e164[1:].isdecimal()
        assert 7 <= len(number.e164) - 1 <= 15
        assert number.e164 not in f"{number} {number!r}"
    else:
        assert number.extension is None


@given(raw=ANYTHING | NUMBER_LIKE | DIGITS, plan=PLANS)
@settings(max_examples=600, deadline=None)  # the first number of a country loads its plan
def test_any_text_is_read_and_keeps_the_promises(raw: str, plan: NumberPlan) -> None:
    check_promises(read_number(raw, plan), raw)


@given(raw=DIGITS, plan=PLANS)
@settings(max_examples=600, deadline=None)
def test_reading_its_own_spelling_changes_nothing(raw: str, plan: NumberPlan) -> None:
    e164 = read_number(raw, plan).e164
    if e164 is not None:
        again = read_number(e164, plan)
        assert (again.kind, again.e164) == (NumberKind.PUBLIC, e164)


@given(national=st.from_regex(r"(9[0124-9]|49[589]|812|383)[0-9]{7,8}", fullmatch=True).filter(lambda n: len(n) == 10))
@settings(max_examples=300, deadline=None)
def test_all_russian_spellings_agree(national: str) -> None:
    a, b, c, d = national[:3], national[3:6], national[6:8], national[8:]
    spellings = [
        f"+7{national}",
        f"7{national}",
        f"8{national}",
        national,
        f"8 ({a}) {b}-{c}-{d}",
        f"+8 {a} {b} {c} {d}",
    ]
    assert {read_number(raw, MOSCOW).e164 for raw in spellings} == {f"+7{national}"}
