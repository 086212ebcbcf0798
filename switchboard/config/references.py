"""Checks across the tables of the files: does everybody and everything that is named exist, and once only?

Each check looks at what ``read`` could make sense of and notes its problems; none raises. A name is unknown only if
the file it should stand in could be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from switchboard.config.files import CompanyFile, Person
from switchboard.config.people_checks import check_absence, check_codes
from switchboard.config.problems import Path, did_you_mean, show_path
from switchboard.config.read import MAY_BE_ABSENT, Files
from switchboard.config.sounds import SOUNDS
from switchboard.core.phone_number import NumberKind, NumberPlan, read_number
from switchboard.core.policy import NEW, UNIDENTIFIED

OWN_SOUNDS = "custom/"
"""Recordings of the company itself stand in this folder of Asterisk's sounds; whether they do is not checked."""
TAKEN_PHONES = ("trunk", "global", "system", "anonymous")
"""These sections of pjsip.conf are not phones."""
_PLACES = {
    "person": ("staff.toml", "nobody is called"),
    "pool": ("staff.toml", "no pool is called"),
    "department": ("company.toml", "no department is called"),
    "line": ("company.toml", "no line is called"),
    "queue": ("queues.toml", "no queue is called"),
    "plan": ("routing.toml", "no plan is called"),
    "hours": ("hours.toml", "no hours are called"),
    "box": ("voicemail.toml", "no box is called"),
}


def known(files: Files, kind: str, name: str, file: str, path: Path) -> bool:
    """Note a problem if no ``kind`` has this name; true when it exists or cannot be told."""
    place, nobody = _PLACES[kind]
    names = files.names(place, kind)
    if names is None and place in MAY_BE_ABSENT and place not in files.lines:
        names = []
    if names is None or name in names:
        return True
    hint = did_you_mean(name, names) or ("" if names else f"add [{kind}.{name}] to {place}")
    files.problem(file, path, f'{nobody} "{name}"', hint)
    return False


def known_class(files: Files, name: str, file: str, path: Path) -> None:
    if files.company is not None:
        classes = [*files.company.company.classes, NEW, UNIDENTIFIED]
        if name not in classes:
            files.problem(file, path, f'no client class is called "{name}"', did_you_mean(name, classes))


def check_prompts(files: Files, prompts: Sequence[str], file: str, path: Path) -> None:
    for index, prompt in enumerate(prompts):
        if prompt.startswith(OWN_SOUNDS):
            if not prompt.removeprefix(OWN_SOUNDS).replace("-", "").replace("_", "").isalnum() or not prompt.isascii():
                files.problem(file, (*path, index), f'"{prompt}" must be letters, digits, "-" and "_" behind custom/')
        elif prompt not in SOUNDS:
            hint = did_you_mean(prompt, SOUNDS) or "own recordings are called custom/NAME"
            files.problem(file, (*path, index), f'Asterisk\'s sound packages have no "{prompt}"', hint)


def once(files: Files, names: Iterable[str], file: str, path: Path) -> None:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            files.problem(file, (*path, index), f'"{name}" stands here twice')
        seen.add(name)


# company.toml --------------------------------------------------------------------------------------------------


def check_company(files: Files) -> None:
    company = files.company
    if company is None:
        return
    for index, name in enumerate(company.company.classes):
        if name in (NEW, UNIDENTIFIED):
            files.problem(
                "company.toml", ("company", "classes", index), f'"{name}" is derived for each call', "remove it"
            )
    once(files, company.company.classes, "company.toml", ("company", "classes"))
    shortest, longest = company.numbers.extension_digits
    if shortest > longest:
        files.problem(
            "company.toml", ("numbers", "extension_digits"), f"{shortest} is more than {longest}", "shortest first"
        )
    _check_lines(files, company)
    _check_departments(files, company)
    check_codes(files, company.codes, company.recording.pause_code if company.recording.rule else "")
    for key in type(company.prompts).model_fields:
        check_prompts(files, getattr(company.prompts, key), "company.toml", ("prompts", key))
    for language, speech in company.speech.items():
        for key, prompts in speech.recordings().items():
            check_prompts(files, prompts, "company.toml", ("speech", language, key))
    for name, line in company.line.items():
        check_prompts(files, line.greeting or [], "company.toml", ("line", name, "greeting"))


def number_plan(company: CompanyFile) -> NumberPlan:
    numbers = company.numbers
    return NumberPlan(
        region=numbers.region,
        area_code=numbers.area_code,
        double_zero_is_international=numbers.double_zero_is_international,
        extension_digits=(numbers.extension_digits[0], numbers.extension_digits[1]),
    )


def _check_lines(files: Files, company: CompanyFile) -> None:
    plan = number_plan(company)
    owner: dict[str, Path] = {}
    for name, line in company.line.items():
        known(files, "department", line.department, "company.toml", ("line", name, "department"))
        for index, raw in enumerate(line.numbers):
            path: Path = ("line", name, "numbers", index)
            number = read_number(raw, plan)
            # some carriers dial the last digits only, so a number as short as an extension will do
            if number.kind not in (NumberKind.PUBLIC, NumberKind.INTERNAL):
                files.problem(
                    "company.toml", path, f'"{raw}" is not a number ({number.kind})', 'write it like "+74951234567"'
                )
            elif number.full() in owner:
                taken = show_path(owner[number.full()])
                files.problem("company.toml", path, f'the number "{raw}" is used twice, first as {taken}')
            else:
                owner[number.full()] = path


def _check_departments(files: Files, company: CompanyFile) -> None:
    people = files.staff.person if files.staff is not None else {}
    for name, department in company.department.items():
        path: Path = ("department", name, "head")
        head = people.get(department.head)
        if not known(files, "person", department.head, "company.toml", path) or head is None:
            continue
        if head.role != "head":
            heads = [person for person, one in people.items() if one.role == "head"]
            hint = f"heads are {', '.join(heads)}" if heads else ""
            files.problem("company.toml", path, f'"{department.head}" has role {head.role}, not head', hint)
        elif head.department not in (None, name):
            files.problem("company.toml", path, f'"{department.head}" belongs to department {head.department}')


# staff.toml ----------------------------------------------------------------------------------------------------


def phone_of(name: str, person: Person) -> str:
    """SIP user name; empty for somebody without a phone."""
    return name if person.phone is None else person.phone


def check_staff(files: Files) -> None:
    if files.staff is None:
        return
    phones: dict[str, str] = {}
    extensions: dict[str, str] = {}
    for name, person in files.staff.person.items():
        if person.department is not None:
            known(files, "department", person.department, "staff.toml", ("person", name, "department"))
        phone = phone_of(name, person)
        if phone in phones:
            files.problem(
                "staff.toml", ("person", name, "phone"), f'the phone "{phone}" is already that of {phones[phone]}'
            )
        elif phone:
            phones[phone] = name
        if phone in TAKEN_PHONES:
            files.problem("staff.toml", ("person", name, "phone"), f'a phone cannot be called "{phone}"')
        _check_extension(files, name, person, extensions)
        if person.hours is not None:
            known(files, "hours", person.hours, "staff.toml", ("person", name, "hours"))
        _check_may_listen(files, name, person)
        for index, absence in enumerate(person.absent):
            place: Path = ("person", name, "absent", index)
            if absence.deputy is not None:
                known(files, "person", absence.deputy, "staff.toml", (*place, "deputy"))
            check_absence(files, name, absence, place)
    for pool, members in files.staff.pool.items():
        path: Path = ("pool", pool, "people")
        for index, member in enumerate(members.people):
            known(files, "person", member, "staff.toml", (*path, index))
        once(files, members.people, "staff.toml", path)


def _check_may_listen(files: Files, name: str, person: Person) -> None:
    path: Path = ("person", name, "may_listen")
    for index, meant in enumerate(person.may_listen or ()):
        kind, _, queue = meant.partition(":")
        if kind == "queue":
            known(files, "queue", queue, "staff.toml", (*path, index))
        heads = files.company is None or any(one.head == name for one in files.company.department.values())
        if kind == "department" and person.department is None and not heads:
            files.problem("staff.toml", (*path, index), f'"{name}" has no department, and heads none')
    once(files, person.may_listen or (), "staff.toml", path)


def _check_extension(files: Files, name: str, person: Person, taken: dict[str, str]) -> None:
    extension, path = person.extension, ("person", name, "extension")
    if phone_of(name, person) == "":
        if extension is not None:
            files.problem("staff.toml", path, "an extension without a phone", 'remove it, or phone = ""')
        return
    if extension is None:
        if files.troubled("staff.toml", f"person.{name}.extension"):
            return
        files.problem("staff.toml", path, "is missing", 'or say phone = "" for somebody without a phone')
        return
    if extension in taken:
        files.problem("staff.toml", path, f"extension {extension} is already that of {taken[extension]}")
    taken.setdefault(extension, name)
    if files.company is None:
        return
    shortest, longest = files.company.numbers.extension_digits
    if shortest <= longest and not shortest <= len(extension) <= longest:
        allowed = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
        files.problem("staff.toml", path, f"extension {extension} must have {allowed} digits (extension_digits)")
    if extension in files.company.outbound.always_allowed:
        files.problem("staff.toml", path, f"extension {extension} hides the number {extension} that everybody may call")
    prefix = files.company.outbound.prefix
    if prefix and extension.startswith(prefix):
        files.problem(
            "staff.toml", path, f"extension {extension} begins like an outside number ({prefix})", warning=True
        )
