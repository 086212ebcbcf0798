"""Checks of the queues: does everybody exist, in one place only, and can what is asked for be had?"""

from __future__ import annotations

from collections.abc import Iterator

from switchboard.config.files import Step
from switchboard.config.problems import Path
from switchboard.config.queues_file import Queue
from switchboard.config.read import Files
from switchboard.config.references import check_prompts, known, known_class, once, phone_of
from switchboard.core.speech import LANGUAGES

_FILE = "queues.toml"


def check_queues(files: Files) -> None:
    if files.queues is None:
        return
    people = files.staff.person if files.staff is not None else {}
    for name, queue in files.queues.queue.items():
        path: Path = ("queue", name)
        if not queue.people:
            hint = "name at least one operator"
            files.problem(_FILE, (*path, "people"), f'nobody serves the queue "{name}"', hint)
        _check_people(files, queue, path)
        _check_order(files, queue, path)
        _check_hearing(files, name, queue)
        for priority_class in queue.priority:
            known_class(files, priority_class, _FILE, (*path, "priority", priority_class))
    for key, prompts in files.queues.callback.prompts().items():
        check_prompts(files, prompts, _FILE, ("callback", key))
    # an operator may be meant by a name that is wrong
    if not files.troubled(_FILE):
        serving = {member for queue in files.queues.queue.values() for _, group in groups(queue) for member in group}
        for name, person in people.items():
            if person.role == "operator" and name not in serving:
                files.problem("staff.toml", ("person", name), f'operator "{name}" serves no queue', warning=True)


def groups(queue: Queue) -> Iterator[tuple[Path, list[str]]]:
    """The people of a queue, group by group, with where they stand in its table."""
    yield ("people",), queue.people
    for number, tier in enumerate(queue.tier):
        yield ("tier", number, "people"), tier.people
    if queue.backup is not None:
        yield ("backup", "people"), queue.backup.people


def _check_people(files: Files, queue: Queue, path: Path) -> None:
    people = files.staff.person if files.staff is not None else {}
    group_of: dict[str, Path] = {}
    for where, group in groups(queue):
        for index, member in enumerate(group):
            known(files, "person", member, _FILE, (*path, *where, index))
            if member in people and phone_of(member, people[member]) == "":
                files.problem(_FILE, (*path, *where, index), f'"{member}" has no phone, so cannot serve a queue')
            if member in group_of and group_of[member] != where:
                files.problem(_FILE, (*path, *where, index), f'"{member}" serves this queue already')
            group_of.setdefault(member, where)
        once(files, group, _FILE, (*path, *where))
    for member in queue.weights:
        if member not in group_of:
            files.problem(_FILE, (*path, "weights", member), f'"{member}" does not serve this queue')


def _check_order(files: Files, queue: Queue, path: Path) -> None:
    if queue.weights and queue.strategy != "random_weighted":
        hint = 'strategy = "random_weighted"'
        files.problem(_FILE, (*path, "weights"), f"weights mean nothing with strategy {queue.strategy}", hint)
    for number in range(1, len(queue.tier)):
        if queue.tier[number].after <= queue.tier[number - 1].after:
            where = (*path, "tier", number, "after")
            files.problem(_FILE, where, "a tier must open later than the one before it", "longest last")


def _check_hearing(files: Files, name: str, queue: Queue) -> None:
    path: Path = ("queue", name, "hears")
    hears, company = queue.hears, files.company
    check_prompts(files, hears.greeting or [], _FILE, (*path, "greeting"))
    for index, message in enumerate(hears.messages):
        check_prompts(files, message, _FILE, (*path, "messages", index))
    spoken = company and {line.language or company.company.language: None for line in company.line.values()}
    for language in spoken or ():
        if language not in LANGUAGES and (hears.place or hears.expected_wait):
            key = "place" if hears.place else "expected_wait"
            files.problem(_FILE, (*path, key), f'numbers are not spoken in "{language}"', warning=True)
    for key, way in queue.keys.items():
        kind, _, meant = way.partition(":")
        place: Path = ("queue", name, "keys", key)
        table = {"voicemail": "box"}.get(kind, kind)
        if meant and known(files, table, meant, _FILE, place) and (kind, meant) == ("queue", name):
            files.problem(_FILE, place, "they wait there already", "name another queue")


def check_skills(files: Files, step: Step, file: str, path: Path) -> None:
    """Whether anybody who serves the step's queue has what it asks for to the end."""
    queue = files.queues.queue.get(step.queue or "") if files.queues is not None else None
    if queue is None or files.staff is None:
        return
    people = [files.staff.person[one] for _, group in groups(queue) for one in group if one in files.staff.person]
    for skill, level in step.skills.items():
        best = max((person.skills.get(skill, 0) for person in people), default=0)
        where = (*path, "skills", skill)
        if best == 0:
            files.problem(file, where, f'nobody who serves queue "{step.queue}" has the skill "{skill}"')
        elif best < level and step.relax_every is None:
            files.problem(file, where, f'nobody who serves queue "{step.queue}" has "{skill}" {level}, at best {best}')
