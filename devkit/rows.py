"""The promises, one real call each: what the demo shows and the real tests check.

A row prepares the phones, lets somebody call, and names what must then stand in Postgres. It is played on an open
company in which everybody is ready; afterwards everybody is ready again and the books must balance.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from devkit.company import Company
from devkit.phones import BUSY, DECLINE, RING_FOREVER, Call
from devkit.promises import EITHER, Expected, Row

OPERATORS = ("olga", "oleg", "irina")
TALK_MS = 300

ROWS: list[Row] = []


def row(number: int, who: str, state: str, must: str, *expected: Expected) -> Callable[[_Play], _Play]:
    def add(play: _Play) -> _Play:
        ROWS.append(Row(number, who, state, must, play, expected))
        return play

    return add


_Play = Callable[[Company], Awaitable[None]]


# who calls --------------------------------------------------------------------------------------------------------


def caller(number: int) -> str:
    """The number of the sample client who plays in this row (sample-data/README.md)."""
    return f"+7495000{1000 + number}"


async def served(company: Company, number: str, to: str | None = None, *, withheld: bool = False) -> None:
    """Call, talk a moment, hang up."""
    call = await company.call(number, to, talk_ms=TALK_MS, withheld=withheld)
    await call.ended()


async def hang_up_when_taken(company: Company, person: str, calls: int, caller: Call) -> None:
    """Wait until this person has answered, talk a moment, and let the caller hang up."""
    await company.phones[person].rung(calls)
    await company.phones[person].answered(sum(call.answered for call in company.phones[person].calls()))
    await asyncio.sleep(TALK_MS / 1000)
    caller.hang_up()
    await caller.ended()


@row(
    1,
    "retail client, no debt",
    "one operator ready",
    "that operator",
    Expected("served", "olga", "retail", "none", ('rule "everybody else"', "offered olga", "answered olga")),
)
async def retail(company: Company) -> None:
    await company.leave("oleg", "irina")
    await served(company, caller(1))
    await company.come_back("oleg", "irina")


@row(
    2,
    "key client",
    "own manager free",
    "own manager",
    Expected("transferred", "kirill", "key", "none", ('rule "key client"', "answered kirill")),
)
async def key_to_own_manager(company: Company) -> None:
    await served(company, caller(2))


@row(
    3,
    "key client",
    "own manager's phone not registered",
    "other key-account manager",
    Expected(
        "transferred",
        "kirill",
        "key",
        told=("skipped karina: has no registered phone", "offered kirill", "answered kirill"),
    ),
)
async def key_to_pool(company: Company) -> None:
    await company.leave("karina")
    await served(company, caller(3))
    await company.come_back("karina")


@row(
    4,
    "key client",
    "managers decline (603) and are busy (486)",
    "head of wholesale",
    Expected(
        "transferred",
        "viktor",
        "key",
        told=(
            "refused kirill: declined (SIP 603)",
            "refused karina: busy (SIP 486)",
            "skipped kirill: did not take this call before",
            "answered viktor",
        ),
    ),
)
async def key_to_head(company: Company) -> None:
    await company.behave(kirill=DECLINE, karina=BUSY)
    await served(company, caller(4))


@row(
    5,
    "key client",
    "nobody above answers",
    "operators' queue, flagged",
    Expected(
        "served",
        "olga",
        "key",
        told=("refused karina", "refused kirill", "missed viktor", "waits in queue operators", "answered olga"),
        flagged=True,
    ),
)
async def key_to_operators(company: Company) -> None:
    await company.leave("oleg", "irina")
    await company.behave(kirill=BUSY, karina=DECLINE, viktor=RING_FOREVER)
    await served(company, caller(5))
    await company.come_back("oleg", "irina")


@row(
    6,
    "unknown number",
    "–",
    "head of that line's department",
    Expected(
        "transferred",
        "roman",
        "new",
        told=("unknown number", "task roman: task assign_manager"),
        task="assign_manager roman",
    ),
)
async def unknown(company: Company) -> None:
    await served(company, caller(6), company.policy.lines["dispatch"].numbers[0])


@row(
    7,
    "client without a manager",
    "–",
    "head of the department",
    Expected("transferred", "viktor", "new", told=("no manager yet", 'rule "new client"', "answered viktor")),
)
async def without_manager(company: Company) -> None:
    await served(company, caller(7))


@row(
    8,
    "client with overdue debt",
    "manager free",
    "own manager",
    Expected("transferred", "maxim", debt="overdue", told=("debt overdue:", 'rule "client in debt"', "answered maxim")),
)
async def overdue(company: Company) -> None:
    await served(company, caller(8))


@row(
    9,
    "client over the credit limit",
    "manager away",
    "financial service",
    Expected("transferred", "fedor", debt="over_limit", told=("owes", "skipped marina: is away", "answered fedor")),
)
async def over_limit(company: Company) -> None:
    await company.leave("faina")
    await company.sign_out("marina")
    await served(company, caller(9))
    await company.sign_in("marina")
    await company.come_back("faina")


@row(
    10,
    "withheld number",
    "operators free",
    "an operator",
    Expected("served", "oleg", "unidentified", told=("the number is withheld", "answered oleg")),
)
async def withheld(company: Company) -> None:
    await company.leave("olga", "irina")
    await served(company, "anonymous", withheld=True)
    await company.come_back("olga", "irina")


@row(
    11,
    "market client",
    "all operators busy, one frees after 3 s",
    "that operator, at once",
    Expected("served", "olga", "retail"),
    Expected("served", "olga", "market", told=("waits in queue operators", "offered olga"), wait_s=(2.4, 4.0)),
)
async def waits_for_operator(company: Company) -> None:
    await company.leave("oleg", "irina")
    first = await company.call(caller(1))
    await first.answered()
    second = await company.call(caller(11))
    await second.answered()  # by music: the queue answers the caller
    await asyncio.sleep(2)  # with a second of wrap-up the operator is free after three
    taken = len(company.phones["olga"].calls())
    company.phones["olga"].hang_up()
    await hang_up_when_taken(company, "olga", taken + 1, second)
    await company.come_back("oleg", "irina")


@row(
    12,
    "regional client",
    "first operator lets it ring out",
    "the second",
    Expected("served", "irina", "regional", told=("offered oleg", "missed oleg", "offered irina", "answered irina")),
)
async def rings_out(company: Company) -> None:
    await company.leave("olga", "irina")
    await company.behave(oleg=RING_FOREVER)
    call = await company.call(caller(12), talk_ms=TALK_MS)
    await company.phones["oleg"].rung(len(company.phones["oleg"].calls()) + 1)
    await company.come_back("irina")
    await call.ended()
    await company.come_back("olga")


@row(
    13,
    "retail client",
    "nobody ever free",
    "the plan's next step at max wait",
    Expected("transferred", "maxim", "retail", told=("longest wait in queue operators reached", "answered maxim")),
)
async def nobody_free(company: Company) -> None:
    await company.dial_code(company.policy.codes.pause, *OPERATORS)
    taken = len(company.phones["maxim"].calls())
    call = await company.call(caller(13))
    await hang_up_when_taken(company, "maxim", taken + 1, call)
    await company.dial_code(company.policy.codes.resume, *OPERATORS)


@row(
    14,
    "caller hangs up",
    "while waiting · while an operator rings · at the very answer",
    "nobody left ringing, nobody alone",
    Expected("abandoned_waiting", told=("left the queue",)),
    Expected("abandoned_ringing", told=("while a phone rang",)),
    Expected(EITHER),
)
async def hangs_up(company: Company) -> None:
    number = caller(14)
    await company.dial_code(company.policy.codes.pause, *OPERATORS)
    waiting = await company.call(number)
    await waiting.answered()
    waiting.hang_up()
    await waiting.ended()
    await company.dial_code(company.policy.codes.resume, *OPERATORS)
    await company.leave("oleg", "irina")
    await company.behave(olga=RING_FOREVER)
    ringing = await company.call(number)
    await company.phones["olga"].rung(len(company.phones["olga"].calls()) + 1)
    ringing.hang_up()
    await ringing.ended()
    await company.phones["olga"].all_over()
    crossing = await company.call(number)
    await company.phones["olga"].rung(len(company.phones["olga"].calls()) + 1)
    company.phones["olga"].answer()
    crossing.hang_up()
    await crossing.ended()
    await company.phones["olga"].all_over()
    await company.come_back("oleg", "irina")


@row(
    15,
    "staff",
    "calls a colleague · calls out · calls out without permission",
    "reached · reached · refused",
    Expected("connected", "karina", direction="internal"),
    Expected("connected", direction="outbound"),
    Expected("refused", direction="outbound", told=("may not call outside",)),
)
async def staff_calls(company: Company) -> None:
    extension = company.phones["karina"].extension
    outside = company.policy.outbound.prefix + "84959876543"
    for name, to in (("olga", extension), ("olga", outside), ("fedor", outside)):
        call = await company.phones[name].call(to, talk_ms=TALK_MS)
        await call.ended()
        await company.wait_idle()


@row(
    16,
    "any caller",
    "the service is stopped",
    "an operator, by Asterisk's own queue",
    Expected("served", "olga", told=("taken by Asterisk's own queue", "answered olga: by Asterisk's own queue")),
)
async def service_away(company: Company) -> None:
    await company.leave("oleg", "irina")
    await company.service.stop()
    try:
        call: Call = await company.call("+79161234567")
        await hang_up_when_taken(company, "olga", len(company.phones["olga"].calls()) + 1, call)
        await company.wait_idle()
    finally:
        await company.service.start()
    await company.come_back("oleg", "irina")
