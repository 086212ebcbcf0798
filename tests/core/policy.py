"""The company of the core's tests: the sample one, and what it becomes when an admin loads new rules."""

from __future__ import annotations

import msgspec

from switchboard.core.ids import PersonId, PhoneId
from switchboard.core.opening_hours import DAYS, OpeningHours, Span
from switchboard.core.policy import Absence, MessageStep, Person, Plan, Policy, QueueStep, Role, Rule, VoicemailStep
from switchboard.core.queue_rules import Backup, CallBack, Hearing, Queue, QueueStrategy, Tier
from switchboard.sim.company import sample_policy, with_a_voice, with_recording

POLICY = sample_policy()


def with_sofia() -> Policy:
    """A fourth operator joins the operators' queue; rita leaves the company."""
    sofia = Person(PersonId("sofia"), "Sofia", Role.OPERATOR, PhoneId("sofia"), "104", "wholesale")
    people = {one: person for one, person in POLICY.people.items() if one != "rita"} | {sofia.person_id: sofia}
    queues = {
        name: _with(queue, people=(*(one for one in queue.people if one != "rita"), sofia.person_id))
        for name, queue in POLICY.queues.items()
    }
    return msgspec.structs.replace(POLICY, version="with sofia", people=people, queues=queues)


def with_short_rings() -> Policy:
    """Operators' phones ring for five seconds only."""
    queues = {name: _with(queue, ring_ms=5_000) for name, queue in POLICY.queues.items()}
    return msgspec.structs.replace(POLICY, version="short rings", queues=queues)


def without_dispatch() -> Policy:
    """The dispatch desk is closed: its queue, line and rule are gone."""
    return msgspec.structs.replace(
        POLICY,
        version="without dispatch",
        queues={"operators": POLICY.queues["operators"]},
        lines={"orders": POLICY.lines["orders"]},
        plans={name: plan for name, plan in POLICY.plans.items() if name != "freight"},
        rules=tuple(rule for rule in POLICY.rules if rule.plan != "freight"),
    )


def without_operators() -> Policy:
    """The operators' queue is closed, and everybody is sent to the dispatch desk."""
    queues = {"dispatch": POLICY.queues["dispatch"]}
    plans = {
        "freight": msgspec.structs.replace(
            POLICY.plans["freight"], steps=(QueueStep("dispatch", 60_000), MessageStep(("vm-nobodyavail",)))
        )
    }
    return msgspec.structs.replace(
        POLICY, version="without operators", queues=queues, plans=plans, rules=(Rule("all", "freight"),)
    )


def with_two_calls_at_once() -> Policy:
    """A very small exchange."""
    limits = msgspec.structs.replace(POLICY.limits, calls_at_once=2)
    return msgspec.structs.replace(POLICY, version="two calls at once", limits=limits)


def with_a_narrow_door() -> Policy:
    """One call at once, and one a second for Asterisk's own queue."""
    limits = msgspec.structs.replace(POLICY.limits, calls_at_once=1, overflow_calls_per_s=1)
    return msgspec.structs.replace(POLICY, version="a narrow door", limits=limits)


def with_operators(version: str, step: dict[str, object] | None = None, **changes: object) -> Policy:
    """The operators' queue, and the step by which callers wait in it, with these changes."""
    operators = _with(POLICY.queues["operators"], **changes)
    waits = msgspec.structs.replace(QueueStep("operators", 60_000), **(step or {}))
    orders = msgspec.structs.replace(POLICY.plans["orders"], steps=(waits, *POLICY.plans["orders"].steps[1:]))
    queues, plans = POLICY.queues | {"operators": operators}, POLICY.plans | {"orders": orders}
    return msgspec.structs.replace(POLICY, version=version, queues=queues, plans=plans)


def with_tiers() -> Policy:
    """rita is rung after 10 s of waiting; vera, a manager, after 20."""
    tiers = (Tier((PersonId("rita"),), 10_000), Tier((PersonId("vera"),), 20_000))
    return with_operators("tiers", people=(PersonId("olga"), PersonId("pavel")), tiers=tiers)


def with_backup() -> Policy:
    """vera and gleb stand in while fewer than three in four are answered within 10 s."""
    people = (PersonId("olga"), PersonId("pavel"))
    backup = Backup((PersonId("vera"), PersonId("gleb")), below_percent=75, within_ms=10_000, over_ms=600_000)
    return with_operators("backup", people=people, backup=backup)


def with_skills(version: str, step: dict[str, object]) -> Policy:
    """olga speaks English very well, pavel a little; rita, who is good at complaints, does not."""
    skills = {"olga": {"english": 5}, "pavel": {"english": 2}, "rita": {"complaints": 4}}
    policy = with_operators(version, step)
    people = {one: msgspec.structs.replace(person, skills=skills.get(one, {})) for one, person in policy.people.items()}
    return msgspec.structs.replace(policy, people=people)


def with_missed() -> Policy:
    """Whoever lets a call ring out is left alone for half a minute."""
    limits = msgspec.structs.replace(POLICY.limits, missed_ms=30_000)
    return msgspec.structs.replace(POLICY, version="missed", limits=limits)


def with_absences() -> Policy:
    """Anna is on vacation, boris stands in for her, and vera for boris, who comes only in the morning."""
    day_ms = 24 * 3_600_000
    begins_ms = 1_767_214_800_000  # midnight in Moscow before the journeys' day
    away = Absence(begins_ms - day_ms, begins_ms + day_ms, "2026-01-01", PersonId("boris"), "vacation")
    later = Absence(begins_ms + day_ms, begins_ms + 2 * day_ms, "2026-01-02", PersonId("vera"))
    people = POLICY.people | {
        PersonId("anna"): msgspec.structs.replace(POLICY.people[PersonId("anna")], absences=(away,)),
        PersonId("boris"): msgspec.structs.replace(POLICY.people[PersonId("boris")], absences=(later,)),
        PersonId("gleb"): msgspec.structs.replace(POLICY.people[PersonId("gleb")], hours="mornings"),
    }
    mornings = OpeningHours("mornings", "Europe/Moscow", dict.fromkeys(DAYS, (Span(9 * 60, 12 * 60),)))
    return msgspec.structs.replace(
        POLICY, version="absences", people=people, hours=POLICY.hours | {"mornings": mornings}
    )


def with_a_quick_voice() -> Policy:
    """Something is said every other second, and operators need no time after a call."""
    policy = with_a_voice(_named("a quick voice"))
    hears = msgspec.structs.replace(policy.queues["operators"].hears, first_after_ms=500, every_ms=1_500)
    queues = {name: _with(queue, hears=hears, wrap_up_ms=0) for name, queue in policy.queues.items()}
    limits = msgspec.structs.replace(policy.limits, message_at_most_ms=5_000)
    callback = CallBack(retry_after_ms=2_000, most_dials=2, answer_within_ms=5_000)
    return msgspec.structs.replace(policy, queues=queues, limits=limits, callback=callback)


def with_a_small_queue(hours: str = "office") -> Policy:
    """Two may wait for an operator, in these hours; the next go to the dispatch desk. Who leaves early hardly came."""
    queues = POLICY.queues | {"operators": _with(POLICY.queues["operators"], most_waiting=2)}
    operators = QueueStep("operators", 60_000, hours=hours)
    orders = Plan("orders", (operators, QueueStep("dispatch", 60_000), MessageStep(("vm-nobodyavail",))))
    mornings = OpeningHours("mornings", "Europe/Moscow", dict.fromkeys(DAYS, (Span(9 * 60, 12 * 60),)))
    return msgspec.structs.replace(
        POLICY,
        version=f"a small queue, {hours}",
        queues=queues,
        plans=POLICY.plans | {"orders": orders},
        hours=POLICY.hours | {"mornings": mornings},
        limits=msgspec.structs.replace(POLICY.limits, short_hang_up_ms=5_000, place_kept_ms=180_000),
    )


def with_a_box_behind() -> Policy:
    """Operators are recorded; who cannot wait for them leaves a message."""
    policy = with_recording(with_a_voice(_named("recording or a box")))
    orders = Plan("orders", (QueueStep("operators", 60_000), VoicemailStep("orders")))
    return msgspec.structs.replace(policy, plans=policy.plans | {"orders": orders})


def _named(version: str) -> Policy:
    return msgspec.structs.replace(POLICY, version=version)


def _with(queue: Queue, **changes: object) -> Queue:
    return msgspec.structs.replace(queue, **changes)


POLICIES = {
    "sample": POLICY,
    "sofia": with_sofia(),
    "short rings": with_short_rings(),
    "no dispatch": without_dispatch(),
    "no operators": without_operators(),
    "narrow door": with_a_narrow_door(),
    "two calls": with_two_calls_at_once(),
    **{strategy.value: with_operators(strategy.value, strategy=strategy) for strategy in QueueStrategy},
    "weighted": with_operators("weighted", strategy=QueueStrategy.RANDOM_WEIGHTED, weights={PersonId("rita"): 8}),
    "tiers": with_tiers(),
    "backup": with_backup(),
    "english": with_skills("english", {"skills": {"english": 3}}),
    "english at first": with_skills("english at first", {"skills": {"english": 3}, "relax_every_ms": 10_000}),
    "same operator": with_operators("same operator", same_operator_within_ms=3_600_000, same_operator_first_ms=5_000),
    "music after 3 s": with_operators("music after 3 s", music_after_ms=3_000),
    "a greeting, or music after 3 s": with_operators(
        "a greeting, or music after 3 s", music_after_ms=3_000, hears=Hearing(greeting=("hello",))
    ),
    "a second a point": with_operators("a second a point", point_ms=1_000),
    "missed": with_missed(),
    "absences": with_absences(),
    "small queue": with_a_small_queue(),
    "closed queue": with_a_small_queue("mornings"),
    "voice": with_a_voice(_named("a voice")),
    "quick voice": with_a_quick_voice(),
    "recording": with_recording(_named("recording")),
    "recording or a box": with_a_box_behind(),
}
