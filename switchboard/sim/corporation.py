"""A big company, made up: 500 people, 20 lines with a queue each, every strategy, tiers, skills, backup groups.

It is made from its own seed, so it is the same in every run. Everybody's phone is named after them.
"""

from __future__ import annotations

from itertools import cycle
from random import Random

from msgspec.structs import replace

from switchboard.core.ids import PersonId, PhoneId
from switchboard.core.policy import (
    CallbackStep,
    Department,
    Destination,
    Line,
    Person,
    Plan,
    Policy,
    Pool,
    QueueStep,
    RingStep,
    Role,
    Rule,
    Whom,
    WhomKind,
)
from switchboard.core.queue_rules import Backup, Queue, QueueStrategy, Tier
from switchboard.sim.company import CLASSES, sample_policy
from switchboard.sim.traffic import Customs

QUEUES = 20
_PEOPLE = {Role.OPERATOR: 440, Role.MANAGER: 40, Role.HEAD: QUEUES // 2, Role.FINANCE: 10}
SKILLS = ("english", "german", "chinese", "complaints", "transport", "customs", "returns", "contracts")
_NUMBERS = tuple(f"+7495200{number:04d}" for number in range(QUEUES))
_HEAD = Whom(WhomKind.DEPARTMENT_HEAD)


def corporation(version: int = 0) -> Policy:
    """The company's rules; in another ``version`` every queue has another strategy."""
    random = Random(500)
    people = _people(random)
    by_role = {role: [one.person_id for one in people if one.role is role] for role in Role}
    queues = [_queue(random, number, by_role, version) for number in range(QUEUES)]
    plans = [_plan(random, queue) for queue in queues]
    return replace(
        sample_policy(f"corporation-{version}"),
        lines={
            queue.name: Line(queue.name, (number,), f"d{index // 2:02d}", language="ru" if index % 3 else "en")
            for index, (queue, number) in enumerate(zip(queues, _NUMBERS, strict=True))
        },
        departments={
            f"d{number:02d}": Department(f"d{number:02d}", f"Department {number}", head)
            for number, head in enumerate(by_role[Role.HEAD])
        },
        people={person.person_id: person for person in people},
        pools={"finance": Pool("finance", tuple(by_role[Role.FINANCE]))},
        queues={queue.name: queue for queue in queues},
        plans={plan.name: plan for plan in plans},
        rules=(
            *(Rule(f"line {queue.name}", queue.name, lines=(queue.name,)) for queue in queues),
            Rule("everybody else", queues[0].name),
        ),
        destinations={
            "70": Destination("70", "the first plan", plan=plans[0].name),
            "71": Destination("71", "the last queue", queue=queues[-1].name),
        },
    )


def _people(random: Random) -> list[Person]:
    return [
        Person(
            PersonId(f"{role}{number:03d}"),
            f"{role.title()} {number}",
            role,
            PhoneId(f"{role}{number:03d}"),
            f"{1 + index}{number:03d}",
            f"d{number % (QUEUES // 2):02d}",
            may_call_out=role is not Role.OPERATOR,
            skills={skill: random.randint(1, 5) for skill in random.sample(SKILLS, random.randint(0, 4))},
        )
        for index, (role, many) in enumerate(_PEOPLE.items())
        for number in range(many)
    ]


def _queue(random: Random, number: int, by_role: dict[Role, list[PersonId]], version: int) -> Queue:
    """Some 25 of the operators; every second queue has a second tier, every third a backup group."""
    strategies = list(QueueStrategy)
    serving = random.sample(by_role[Role.OPERATOR], 36)
    tiers = (Tier(tuple(serving[25:32]), 10_000), Tier(tuple(serving[32:]), 25_000)) if number % 2 else ()
    stand_ins = tuple(random.sample(by_role[Role.MANAGER], 3))
    return Queue(
        f"q{number:02d}",
        f"Queue {number}",
        tuple(serving[:25]),
        ring_ms=random.choice((12_000, 15_000, 20_000)),
        wrap_up_ms=random.choice((0, 3_000, 8_000)),
        priority={"key": 3, "regional": 1},
        strategy=strategies[(number + version) % len(strategies)],
        tiers=tiers,
        backup=Backup(stand_ins, 80, 10_000, 300_000) if number % 3 == 0 else None,
        weights={person: random.randint(1, 9) for person in serving[:8]},
        point_ms=10_000,
        music_after_ms=2_000 if number % 3 == 1 else 0,
        same_operator_within_ms=600_000 if number % 4 == 0 else 0,
    )


def _plan(random: Random, queue: Queue) -> Plan:
    """Wait, where every second plan asks for a skill at first; then the head; then a task to call back."""
    skills = {random.choice(SKILLS): random.randint(1, 4)} if random.random() < 0.5 else {}
    relax_every_ms = random.choice((5_000, 15_000)) if skills else 0
    waits = QueueStep(queue.name, 60_000, skills=skills, relax_every_ms=relax_every_ms)
    return Plan(queue.name, (waits, RingStep((_HEAD,), 15_000, 15_000), CallbackStep((_HEAD,), ("vm-goodbye",))))


def customs() -> Customs:
    """Some 14 calls a second in business hours keep the operators busy, and some of the callers waiting."""
    policy = corporation()
    extensions = cycle(person.extension for person in policy.people.values())
    return Customs(
        lines=tuple((number, 1.0) for number in _NUMBERS),
        managers=tuple(one.person_id for one in policy.people.values() if one.role is Role.MANAGER),
        dialled=(*(next(extensions) for _ in range(40)), "989161234567", "99", "*99"),
        clients=20_000,
        classes=CLASSES,
        busy_every_ms=70,
        quiet_every_ms=1_500,
        phone_away_every_ms=8_000,
        staff_acts_every_ms=700,
    )
