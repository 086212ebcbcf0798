"""Asterisk's files that follow from the staff file: phones, the fallback queue's members, extensions.

What they contain is laid down at the top of the files that include them: ``asterisk-config/pjsip.conf``,
``asterisk-config/queues.conf`` and ``dialplan/from-staff.conf``. A sign that means something to Asterisk (a line break
begins a new setting, ``;`` a comment, ``,`` a new field) would let a name become a setting, so every value is
checked here once more, whoever made the policy.
"""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path

from switchboard.config.problems import BadConfig, Problem
from switchboard.core.policy import Person, Policy, Role

_HEAD = "; Made from staff.toml by `switchboard asterisk-files`; changes here are lost.\n"
_PHONE = re.compile(r"[a-z0-9_]{1,32}")
_EXTENSION = re.compile(r"[0-9]{1,15}")
_NAME = re.compile(r'[^\x00-\x1f\x7f";,<>\\\[\]|]{1,60}')
_SECRET = re.compile(r"[A-Za-z0-9_.~+/=@%^*!?:-]{8,128}")
_ALLOWED = "8 to 128 Latin letters, digits and signs of _ . ~ + / = @ % ^ * ! ? : -"


def read_phone_secrets(path: Path | None) -> dict[str, str]:
    """Passwords by phone, from where the settings say. Raises ``BadConfig``, which never shows one."""
    if path is None:
        raise _bad("environment", "SWITCHBOARD_PHONE_SECRETS is not set: where are the phones' passwords?")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _bad(path.name, f"the phones' secrets cannot be read: {error.strerror} ({path})") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise _bad(path.name, 'not TOML; write one line a phone: olga = "…"') from None
    wrong = [phone for phone, secret in content.items() if not isinstance(secret, str) or not _SECRET.fullmatch(secret)]
    if wrong:
        problems = [Problem(path.name, 1, phone, f"a phone's secret must be {_ALLOWED}") for phone in wrong]
        raise BadConfig(problems)
    return content


def too_open(path: Path) -> str | None:
    """A warning when others than the owner and the group can read the secrets."""
    if stat.S_IMODE(path.stat().st_mode) & stat.S_IROTH:
        return f"{path} can be read by everybody on this machine; chmod 640 {path}"
    return None


def asterisk_files(policy: Policy, phone_secrets: Mapping[str, str]) -> dict[str, str]:
    """Texts by file name. Raises ``BadConfig`` naming every phone without a secret and every unsafe value."""
    people = [person for person in policy.people.values() if person.phone]
    problems = [problem for person in people for problem in _unsafe(person, phone_secrets)]
    if problems:
        raise BadConfig(problems)
    operators = [person for person in people if person.role is Role.OPERATOR]
    return {
        "pjsip_phones.conf": _HEAD + "\n".join(_phone(one, phone_secrets[one.phone]) for one in people),
        "queues_fallback.conf": _HEAD + "[fallback](fallback-queue)\n" + "".join(map(_member, operators)),
        "extensions_staff.conf": _HEAD + "[staff-extensions]\n" + "".join(map(_extension, people)),
    }


def _unsafe(person: Person, secrets: Mapping[str, str]) -> list[Problem]:
    found = []
    for what, value, form in (
        ("phone", person.phone, _PHONE),
        ("extension", person.extension, _EXTENSION),
        ("name", person.name, _NAME),
    ):
        if not form.fullmatch(value):
            found.append(f"the {what} {value!r} cannot stand in Asterisk's files")
    secret = secrets.get(person.phone)
    if secret is None:
        found.append(f'the phone "{person.phone}" has no secret')
    elif not _SECRET.fullmatch(secret):
        found.append(f'the secret of phone "{person.phone}" must be {_ALLOWED}')
    return [Problem("staff.toml", 1, f"person.{person.person_id}", message) for message in found]


def _phone(person: Person, secret: str) -> str:
    phone = person.phone
    return (
        f"[{phone}](staff-phone)\n"
        f"auth = {phone}\n"
        f"aors = {phone}\n"
        f"accountcode = {phone}\n"
        f'callerid = "{person.name}" <{person.extension}>\n'
        f"[{phone}](staff-auth)\n"
        f"username = {phone}\n"
        f"password = {secret}\n"
        f"[{phone}](staff-aor)\n"
    )


def _member(person: Person) -> str:
    return f"member => PJSIP/{person.phone},0,{person.name},PJSIP/{person.phone}\n"


def _extension(person: Person) -> str:
    return f"exten => {person.extension},1,Dial(PJSIP/{person.phone},30)\n same => n,Hangup()\n"


def _bad(file: str, message: str) -> BadConfig:
    return BadConfig([Problem(file, 1, "", message)])
