"""Asterisk's files from the staff file: exactly what the static files say they include, and nothing smuggled in."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from switchboard.config.asterisk_files import asterisk_files, read_phone_secrets, too_open
from switchboard.config.load import BadConfig, load
from switchboard.core.ids import PersonId, PhoneId
from switchboard.core.policy import Person, Policy, Role

PROJECT = Path(__file__).parents[2]
SECRETS = {"olga": "SECRET-OF-OLGA", "oleg": "SECRET-OF-OLEG"}


def company(*people: Person) -> Policy:
    sample = load(Path(__file__).parent / "sound")
    return msgspec.structs.replace(sample, people={person.person_id: person for person in people})


def person(name: str, extension: str, role: Role = Role.OPERATOR, phone: str | None = None) -> Person:
    identity = PersonId(name.split(maxsplit=1)[0].lower())
    return Person(identity, name, role, PhoneId(identity if phone is None else phone), extension, "sales")


TWO = company(person("Olga Sample", "101"), person("Oleg Sample", "102"))


def promised(file: str) -> str:
    """The example in the comments at the top of a static file."""
    lines = re.findall(r"^;   (.*)$|^;$", (PROJECT / file).read_text().split("\n\n[")[0], re.MULTILINE)
    return "\n".join(lines).strip()


@pytest.mark.parametrize(
    ("generated", "including"),
    [
        ("pjsip_phones.conf", "asterisk-config/pjsip.conf"),
        ("queues_fallback.conf", "asterisk-config/queues.conf"),
        ("extensions_staff.conf", "dialplan/from-staff.conf"),
    ],
)
def test_the_files_are_what_the_files_that_include_them_say(generated: str, including: str) -> None:
    text = asterisk_files(TWO, SECRETS)[generated]
    content = "\n".join(line for line in text.splitlines() if not line.startswith(";")).strip()
    assert content == promised(including)
    assert "olga" in content


def test_only_operators_serve_the_fallback_queue_and_only_phones_are_phones() -> None:
    policy = company(
        person("Olga Sample", "101"),
        person("Viktor Sample", "301", Role.HEAD),
        person("Absent Sample", "", Role.OPERATOR, phone=""),
    )
    files = asterisk_files(policy, {"olga": "SECRET-OF-OLGA", "viktor": "SECRET-OF-VIKTOR"})
    assert files["queues_fallback.conf"].count("member") == 1
    assert files["extensions_staff.conf"].count("exten =>") == 2
    assert files["pjsip_phones.conf"].count("password") == 2


def test_every_phone_without_a_secret_is_named() -> None:
    with pytest.raises(BadConfig) as caught:
        asterisk_files(TWO, {"anna": "some-secret"})
    assert [problem.message for problem in caught.value.problems] == [
        'the phone "oleg" has no secret',
        'the phone "olga" has no secret',
    ]


@pytest.mark.parametrize(
    ("name", "extension", "phone", "secret"),
    [
        ("Olga\n[trunk]", "101", "olga", "good-secret"),
        ("Olga; comment", "101", "olga", "good-secret"),
        ('Olga" <911', "101", "olga", "good-secret"),
        ("Olga,0", "101", "olga", "good-secret"),
        ("Olga", "101,1,System(x)", "olga", "good-secret"),
        ("Olga", "_X.", "olga", "good-secret"),
        ("Olga", "", "olga", "good-secret"),
        ("Olga", "101", "olga]", "good-secret"),
        ("Olga", "101", "olga&PJSIP/trunk", "good-secret"),
        ("Olga", "101", "olga", "bad;secret"),
        ("Olga", "101", "olga", "bad-secret\ncontext = x"),
        ("Olga", "101", "olga", " bad-secret"),
        ("Olga", "101", "olga", "short"),
        ("Olga", "101", "olga", "пароль-пароль"),
    ],
)
def test_nothing_is_smuggled_in(name: str, extension: str, phone: str, secret: str) -> None:
    one = Person(PersonId("olga"), name, Role.OPERATOR, PhoneId(phone), extension, "sales")
    with pytest.raises(BadConfig) as caught:
        asterisk_files(company(one), {phone: secret})
    assert len(caught.value.problems) == 1
    assert secret not in str(caught.value)
    asterisk_files(company(person("Olga", "101")), {"olga": "good-secret"})


def test_the_secrets_file(tmp_path: Path) -> None:
    path = tmp_path / "phones.toml"
    path.write_text('olga = "SECRET-OF-OLGA"\n')
    path.chmod(0o640)
    assert read_phone_secrets(path) == {"olga": "SECRET-OF-OLGA"}
    assert too_open(path) is None
    path.chmod(0o644)
    assert "chmod" in (too_open(path) or "")


@pytest.mark.parametrize(
    "text", ['olga = "hidden', "olga = hidden", 'olga = "hidden;"', 'olga = ["hidden-hidden"]', None]
)
def test_a_bad_secrets_file_is_explained_without_showing_it(text: str | None, tmp_path: Path) -> None:
    path = tmp_path / "phones.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadConfig) as caught:
        read_phone_secrets(path)
    assert "hidden" not in str(caught.value)


def test_no_secrets_file_at_all() -> None:
    with pytest.raises(BadConfig, match="SWITCHBOARD_PHONE_SECRETS is not set"):
        read_phone_secrets(None)
