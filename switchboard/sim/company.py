"""A small wholesale company, made up, for the simulation and the tests of the core.

Two lines, two queues, three operators, four managers (two of them key-account), the heads of wholesale and of
regional sales, a financial service of two. Plans and rules follow the duties D3–D6, D15, F1. Everybody's phone
is named after them, everybody's extension is below.
"""

from __future__ import annotations

from msgspec.structs import replace

from switchboard.core.caller import Debt
from switchboard.core.entries import Direction
from switchboard.core.ids import PersonId, PhoneId
from switchboard.core.opening_hours import DAYS, OpeningHours, Span
from switchboard.core.phone_number import NumberPlan
from switchboard.core.policy import (
    NEW,
    UNIDENTIFIED,
    Box,
    CallbackStep,
    Codes,
    Department,
    Destination,
    Line,
    MayListen,
    MessageStep,
    Outbound,
    Person,
    Plan,
    Policy,
    Pool,
    Prompts,
    QueueStep,
    RingStep,
    Role,
    Rule,
    Strategy,
    VoicemailStep,
    Whom,
    WhomKind,
)
from switchboard.core.queue_rules import Hearing, Queue, Way, WayKind
from switchboard.core.recording_rules import Recording, RecordingRule

ORDERS, DISPATCH = "+74952000001", "+74952000002"
CLASSES = ("key", "market", "own_point", "retail", "regional")
ALL_CLASSES = (*CLASSES, NEW, UNIDENTIFIED)
NIGHT_MS, DAY_MS = 1_767_226_500_000, 1_767_261_600_000
"""Moscow on 1 January 2026, as Unix milliseconds: 03:15 at night, and 13:00."""

_DESTINATIONS = {
    "70": Destination("70", "finance and own manager", plan="debtor"),
    "71": Destination("71", "dispatch desk", queue="dispatch"),
}
_SORRY = ("vm-nobodyavail",)
BOXES = {
    "orders": Box(
        "orders",
        "Orders",
        "wholesale",
        (Whom(WhomKind.HEAD_OF, "wholesale"),),
        thanks=("vm-msgsaved",),
        longest_ms=60_000,
        mail_to=("orders@example.com",),
    )
}
_OWN_MANAGER = Whom(WhomKind.OWN_MANAGER)
_LINE_HEAD = Whom(WhomKind.DEPARTMENT_HEAD)


def sample_policy(version: str = "sample-1") -> Policy:
    """The company's rules; ``version`` tells one load from another."""
    return Policy(
        version=version,
        company="Sample Wholesale",
        number_plan=NumberPlan(region="RU", area_code="495"),
        timezone="Europe/Moscow",
        classes=CLASSES,
        lines={
            "orders": Line("orders", (ORDERS,), department="wholesale"),
            "dispatch": Line("dispatch", (DISPATCH,), department="regional", language="ru"),
        },
        departments={
            "wholesale": Department("wholesale", "Wholesale", PersonId("hanna")),
            "regional": Department("regional", "Regional sales", PersonId("igor")),
        },
        people={person.person_id: person for person in _people()},
        pools={
            "key_account": Pool("key_account", (PersonId("anna"), PersonId("boris"))),
            "finance": Pool("finance", (PersonId("fedor"), PersonId("faina"))),
        },
        queues={
            "operators": Queue(
                "operators",
                "Orders",
                (PersonId("olga"), PersonId("pavel"), PersonId("rita")),
                ring_ms=20_000,
                wrap_up_ms=10_000,
                priority={"key": 20, "regional": 10},
            ),
            "dispatch": Queue(
                "dispatch",
                "Dispatch desk",
                (PersonId("rita"), PersonId("pavel")),
                ring_ms=15_000,
                wrap_up_ms=0,
                priority={"key": 20},
                music="road",
            ),
        },
        plans={plan.name: plan for plan in _plans()},
        rules=_rules(),
        hours={
            "office": OpeningHours("office", "Europe/Moscow", dict.fromkeys(DAYS, (Span(9 * 60, 18 * 60),))),
        },
        codes=Codes(pause_reasons={"1": "lunch", "2": "paperwork"}),
        outbound=Outbound(prefix="9"),
        prompts=Prompts(signed_in=("in",), signed_out=("out",), paused=("paused",), resumed=("resumed",)),
        destinations=_DESTINATIONS,
    )


def with_a_voice(policy: Policy) -> Policy:
    """Callers are greeted, told their place and the expected wait, and kept company; they may leave messages."""
    hears = Hearing(
        greeting=("one-moment-please",),
        place=True,
        expected_wait=True,
        messages=(("queue-thankyou",), ("queue-periodic-announce",)),
        first_after_ms=3_000,
        every_ms=10_000,
    )
    lines = {name: replace(line, greeting=("hello",)) for name, line in policy.lines.items()}
    keys = {
        "1": Way(WayKind.CALLBACK),
        "2": Way(WayKind.QUEUE, "operators"),
        "3": Way(WayKind.QUEUE, "dispatch"),
        "4": Way(WayKind.PLAN, "freight"),
        "5": Way(WayKind.VOICEMAIL, "orders"),
    }
    queues = {name: replace(queue, hears=hears, keys=keys) for name, queue in policy.queues.items()}
    limits = replace(policy.limits, message_at_most_ms=20_000, short_hang_up_ms=5_000, place_kept_ms=180_000)
    night = Plan("night", (VoicemailStep("orders", _SORRY, "office"),))
    newcomer = policy.plans["newcomer"]
    newcomer = replace(newcomer, steps=(newcomer.steps[0], VoicemailStep("orders")))
    plans = policy.plans | {"night": night, "newcomer": newcomer}
    return replace(policy, lines=lines, queues=queues, limits=limits, boxes=BOXES, plans=plans)


def with_recording(policy: Policy) -> Policy:
    """Operators, key clients' managers and calls to the outside are recorded; whoever talks about money is not."""
    rules = (
        RecordingRule("money is nobody's business", record=False, people=(PersonId("fedor"), PersonId("faina"))),
        RecordingRule("orders", queues=("operators",)),
        RecordingRule("dispatch", announce=False, queues=("dispatch",), lines=("dispatch",)),
        RecordingRule("key clients", may_pause=False, people=(PersonId("anna"), PersonId("boris"), PersonId("igor"))),
        RecordingRule("calls out", directions=(Direction.OUTBOUND, Direction.CALLBACK)),
        RecordingRule("regional", directions=(Direction.INTERNAL,), departments=("regional",)),
    )
    return replace(policy, recording=Recording(rules, ("recorded",), pause_at_most_ms=30_000))


def _people() -> list[Person]:
    def person(
        name: str, role: Role, extension: str, department: str = "wholesale", *, may_call_out: bool = False
    ) -> Person:
        may_listen = MayListen(department=role is Role.HEAD, queues=("dispatch",) if name == "igor" else ())
        return Person(
            PersonId(name),
            name.title(),
            role,
            PhoneId(name),
            extension,
            department,
            may_call_out=may_call_out,
            may_listen=may_listen,
        )

    return [
        person("olga", Role.OPERATOR, "101", may_call_out=True),
        person("pavel", Role.OPERATOR, "102"),
        person("rita", Role.OPERATOR, "103"),
        person("anna", Role.MANAGER, "201", may_call_out=True),
        person("boris", Role.MANAGER, "202", may_call_out=True),
        person("vera", Role.MANAGER, "203", may_call_out=True),
        person("gleb", Role.MANAGER, "204", "regional", may_call_out=True),
        person("hanna", Role.HEAD, "301", may_call_out=True),
        person("igor", Role.HEAD, "302", "regional", may_call_out=True),
        person("fedor", Role.FINANCE, "401"),
        person("faina", Role.FINANCE, "402"),
    ]


def _plans() -> list[Plan]:
    sorry = MessageStep(_SORRY)
    call_back = CallbackStep((_OWN_MANAGER, _LINE_HEAD), ("vm-goodbye",))
    own_manager = RingStep((_OWN_MANAGER,), each_ms=15_000, at_most_ms=15_000)
    pool = RingStep((Whom(WhomKind.POOL, "key_account"),), each_ms=10_000, at_most_ms=20_000)
    head_of_wholesale = RingStep((Whom(WhomKind.HEAD_OF, "wholesale"),), each_ms=15_000, at_most_ms=15_000)
    line_head = RingStep((_LINE_HEAD,), each_ms=20_000, at_most_ms=20_000)
    finance = RingStep((Whom(WhomKind.POOL, "finance"),), each_ms=15_000, at_most_ms=15_000, strategy=Strategy.ALL)
    operators, dispatch = QueueStep("operators", 60_000), QueueStep("dispatch", 45_000)
    neglected = QueueStep("operators", 60_000, flag="key client whom nobody took")
    return [
        Plan("key", (own_manager, pool, head_of_wholesale, neglected, call_back)),
        Plan("newcomer", (line_head, operators, sorry), opens_task="assign_manager"),
        Plan("debtor", (own_manager, finance, operators, call_back)),
        Plan("orders", (operators, call_back)),
        Plan("freight", (dispatch, line_head, operators, sorry)),
        Plan("night", (sorry,)),
    ]


def _rules() -> tuple[Rule, ...]:
    owing = (Debt.OVERDUE, Debt.OVER_LIMIT, Debt.OVERDUE_AND_OVER_LIMIT)
    return (
        Rule("at night", "night", outside="office"),
        Rule("dispatch desk", "freight", lines=("dispatch",)),
        Rule("key clients", "key", classes=("key",)),
        Rule("newcomers", "newcomer", classes=(NEW,)),
        Rule("debtors", "debtor", debts=owing),
        Rule("everybody else", "orders"),
    )
