"""Sound files → ``Policy``. Everything was checked before; nothing here fails."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from hashlib import blake2b
from typing import assert_never
from zoneinfo import ZoneInfo

from switchboard.config.boxes import VoicemailFile
from switchboard.config.files import (
    CompanyFile,
    HoursFile,
    Limits,
    OpeningHours,
    Person,
    RoutingFile,
    Rule,
    StaffFile,
    Step,
)
from switchboard.config.handing_over import Transfers
from switchboard.config.hearing import way_of
from switchboard.config.people import Absence
from switchboard.config.queues_file import Backup, QueuesFile
from switchboard.config.read import Files
from switchboard.config.references import number_plan, phone_of
from switchboard.core import opening_hours, policy, queue_rules
from switchboard.core.caller import Debt
from switchboard.core.ids import PersonId, PhoneId
from switchboard.core.phone_number import NumberKind
from switchboard.core.policy import Policy, Role, Strategy, Whom, WhomKind


def build(files: Files) -> Policy:
    """The policy of files without errors."""
    assert files.company is not None
    assert files.staff is not None
    assert files.queues is not None
    assert files.routing is not None
    assert files.hours is not None
    company = files.company
    return Policy(
        version=version_of(files),
        company=company.company.name,
        number_plan=number_plan(company),
        timezone=company.company.timezone,
        classes=tuple(company.company.classes),
        lines=_lines(company),
        departments={
            name: policy.Department(name, one.title, PersonId(one.head)) for name, one in company.department.items()
        },
        people={
            PersonId(name): _person(name, one, company.company.timezone) for name, one in files.staff.person.items()
        },
        pools=_pools(files.staff),
        queues=_queues(files.queues),
        plans=_plans(files.routing),
        rules=tuple(map(_rule, files.routing.rule)),
        hours=_hours(files.hours, company.company.timezone),
        codes=policy.Codes(**company.codes.model_dump()),
        outbound=policy.Outbound(
            prefix=company.outbound.prefix,
            always_allowed=tuple(company.outbound.always_allowed),
            ring_ms=company.outbound.ring_for,
        ),
        prompts=policy.Prompts(**{key: tuple(names) for key, names in company.prompts.model_dump().items()}),
        limits=_limits(company.limits, company.transfers),
        callback=files.queues.callback.build(),
        destinations={one.number: one.build() for one in files.routing.destination.values()},
        recording=company.recording.build(),
        boxes=_boxes(files.voicemail),
        voices={language: words.build() for language, words in company.speech.items()},
    )


def version_of(files: Files) -> str:
    """12 hex digits of what the files say: comments and spacing do not count, the order of tables does."""
    content = json.dumps([files.raw.get(name, {}) for name in sorted(files.raw)], default=str, ensure_ascii=False)
    return blake2b(content.encode(), digest_size=6).hexdigest()


def _limits(limits: Limits, transfers: Transfers) -> policy.Limits:
    return policy.Limits(
        look_up_ms=limits.look_up_for,
        internal_ring_ms=limits.internal_ring_for,
        message_at_most_ms=limits.message_at_most,
        longest_call_ms=limits.longest_call,
        settle_ms=limits.settle_for,
        pause_after_misses=limits.pause_after_misses,
        calls_at_once=limits.calls_at_once,
        new_calls_per_s=limits.new_calls_per_s,
        overflow_calls_per_s=limits.overflow_calls_per_s,
        missed_ms=limits.missed_for,
        wrap_up_extend_ms=limits.wrap_up_extend_by,
        wrap_up_at_most_ms=limits.wrap_up_at_most,
        pin_tries=limits.pin_tries,
        pin_locked_ms=limits.pin_locked_for,
        short_hang_up_ms=limits.short_hang_up,
        place_kept_ms=limits.place_kept_for,
        **transfers.limits(),
    )


def _lines(company: CompanyFile) -> dict[str, policy.Line]:
    return {
        name: policy.Line(
            name,
            tuple(line.numbers),
            line.department,
            line.language or company.company.language,
            tuple(line.greeting or ()),
        )
        for name, line in company.line.items()
    }


def _person(name: str, person: Person, timezone: str) -> policy.Person:
    return policy.Person(
        person_id=PersonId(name),
        name=person.name,
        role=Role(person.role),
        phone=PhoneId(phone_of(name, person)),
        extension=person.extension or "",
        department=person.department or "",
        may_call_out=person.may_call_out,
        skills=dict(person.skills),
        signed_in_at_start=person.role != "operator" if person.signed_in is None else person.signed_in,
        hours=person.hours,
        absences=tuple(_absence(one, timezone) for one in person.absent),
        may_listen=_may_listen(person),
    )


def _may_listen(person: Person) -> policy.MayListen:
    meant = person.may_listen
    if meant is None:
        return policy.MayListen(department=person.role == "head")
    queues = tuple(one.removeprefix("queue:") for one in meant if one.startswith("queue:"))
    return policy.MayListen("everybody" in meant, "department" in meant, queues)


def _absence(absence: Absence, timezone: str) -> policy.Absence:
    """Whole days in the company's time, the last one included."""
    day_after = date.fromisoformat(absence.to) + timedelta(days=1)
    return policy.Absence(
        since_ms=_midnight_ms(date.fromisoformat(absence.from_), timezone),
        until_ms=_midnight_ms(day_after, timezone),
        last_day=absence.to,
        deputy=PersonId(absence.deputy) if absence.deputy is not None else None,
        reason=absence.reason or "",
    )


def _midnight_ms(day: date, timezone: str) -> int:
    return int(datetime.combine(day, time(), ZoneInfo(timezone)).timestamp()) * 1000


def _pools(staff: StaffFile) -> dict[str, policy.Pool]:
    return {name: policy.Pool(name, _people(pool.people)) for name, pool in staff.pool.items()}


def _queues(queues: QueuesFile) -> dict[str, queue_rules.Queue]:
    return {
        name: queue_rules.Queue(
            name=name,
            title=queue.title,
            people=_people(queue.people),
            ring_ms=queue.ring_for,
            wrap_up_ms=queue.wrap_up,
            priority=dict(queue.priority),
            music=queue.music,
            music_after_ms=queue.music_after,
            strategy=queue_rules.QueueStrategy(queue.strategy),
            tiers=tuple(queue_rules.Tier(_people(tier.people), tier.after) for tier in queue.tier),
            backup=_backup(queue.backup),
            weights={PersonId(person): weight for person, weight in queue.weights.items()},
            point_ms=queue.point,
            same_operator_within_ms=queue.same_operator_within,
            same_operator_first_ms=queue.same_operator_first,
            hears=queue.hears.build(),
            most_waiting=queue.most_waiting,
            keys={key: way_of(way) for key, way in queue.keys.items()},
        )
        for name, queue in queues.queue.items()
    }


def _backup(backup: Backup | None) -> queue_rules.Backup | None:
    if backup is None:
        return None
    return queue_rules.Backup(_people(backup.people), backup.below, backup.answered_within, backup.over)


def _people(names: list[str]) -> tuple[PersonId, ...]:
    return tuple(map(PersonId, names))


def _plans(routing: RoutingFile) -> dict[str, policy.Plan]:
    return {
        name: policy.Plan(name, tuple(map(_step, plan.step)), plan.opens_task) for name, plan in routing.plan.items()
    }


def _step(step: Step) -> policy.Step:
    match step.kind:
        case "queue":
            assert step.queue is not None
            assert step.at_most is not None
            skills, relax_ms = dict(step.skills), step.relax_every or 0
            return policy.QueueStep(step.queue, step.at_most, step.flag, skills, relax_ms, step.hours)
        case "ring":
            assert step.at_most is not None
            each_ms = step.at_most if step.each is None else step.each
            return policy.RingStep(_whom(step.ring), each_ms, step.at_most, Strategy(step.strategy))
        case "message":
            return policy.MessageStep(tuple(step.message or ()), step.opens)
        case "callback":
            return policy.CallbackStep(_whom(step.callback), tuple(step.prompts or ()))
        case "voicemail":
            assert step.voicemail is not None
            return policy.VoicemailStep(step.voicemail, tuple(step.prompts or ()), step.opens)
        case never:
            assert_never(never)


def _boxes(voicemail: VoicemailFile | None) -> dict[str, policy.Box]:
    return {
        name: policy.Box(
            name=name,
            title=box.title,
            department=box.department,
            task=_whom(box.task) or (Whom(WhomKind.HEAD_OF, box.department),),
            greeting=tuple(box.greeting),
            thanks=tuple(box.thanks),
            nothing=tuple(box.nothing),
            sorry=tuple(box.sorry),
            longest_ms=box.longest,
            silence_ms=box.silence,
            shortest_ms=box.shortest,
            mail_to=tuple(box.mail),
            keep_days=box.keep_days,
        )
        for name, box in (voicemail.box.items() if voicemail is not None else ())
    }


def _whom(written: list[str] | None) -> tuple[Whom, ...]:
    parts = [one.partition(":") for one in written or ()]
    return tuple(Whom(WhomKind(kind), name) for kind, _, name in parts)


def _rule(rule: Rule) -> policy.Rule:
    return policy.Rule(
        name=rule.name,
        plan=rule.plan,
        classes=tuple(rule.class_ or ()),
        debts=tuple(map(Debt, rule.debt or ())),
        lines=tuple(rule.line or ()),
        numbers=tuple(map(NumberKind, rule.number or ())),
        during=rule.during,
        outside=rule.outside,
    )


def _hours(hours: HoursFile, timezone: str) -> dict[str, opening_hours.OpeningHours]:
    return {name: _opening_hours(name, one, timezone) for name, one in hours.hours.items()}


def _opening_hours(name: str, hours: OpeningHours, timezone: str) -> opening_hours.OpeningHours:
    return opening_hours.OpeningHours(
        name=name,
        timezone=hours.timezone or timezone,
        weekly={day: getattr(hours, day) for day in opening_hours.DAYS if getattr(hours, day)},
        special_days={day.date: opening_hours.SpecialDay(day.name, day.hours) for day in hours.special},
    )
