"""The six files as admins write them: every key with its type, unit, default and meaning.

These models are the only place that knows the spelling of the files; ``build`` turns them into the core's
``Policy``, ``docs/config.md`` is generated from them. They check what can be seen in one place (a type, a range,
one step); what needs two places to see (an unknown queue, a rule never reached) is in ``references`` and ``flow``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from switchboard.config.boxes import VoicemailFile
from switchboard.config.fields import (
    Date,
    Debts,
    Digits,
    Language,
    Level,
    Meant,
    Name,
    OneOrMore,
    OpenHours,
    PersonName,
    Prompts,
    SipUser,
    Table,
    Timezone,
    Title,
    as_list,
    region_known,
)
from switchboard.config.handing_over import Destination, Transfers
from switchboard.config.hearing import Speech
from switchboard.config.people import Absence, Codes, Listens, Said
from switchboard.config.queues_file import QueuesFile
from switchboard.config.recording import Recording
from switchboard.config.units import Duration, Like

# company.toml --------------------------------------------------------------------------------------------------


class Company(Table):
    name: Title = Field(description="Name of the company.")
    timezone: Timezone = Field(description="Where hours are local, e.g. `Europe/Moscow`.")
    language: Language = Field(default="en", description="Language of prompts where a line has none of its own.")
    classes: list[Name] = Field(
        min_length=1,
        description="Client classes that the client file uses. `new` and `unidentified` exist by themselves.",
    )


class Numbers(Table):
    region: Annotated[str, AfterValidator(region_known)] = Field(
        default="RU", description="Country whose numbering plan holds for numbers written without a country code."
    )
    area_code: Digits | None = Field(default=None, description="Put before local numbers without one.")
    double_zero_is_international: bool = Field(
        default=True, description="`00…` begins an international number, whatever the region says."
    )
    extension_digits: Annotated[list[Annotated[int, Field(ge=2, le=6)]], Field(min_length=2, max_length=2)] = Field(
        default=[3, 4], description="Shortest and longest internal extension."
    )


class Line(Table):
    numbers: OneOrMore = Field(description="Numbers of this line, as the carrier dials them.")
    department: str = Field(description="Department that callers of this line belong to unless they have one.")
    language: Language | None = Field(default=None, description="Language of prompts; the company's where absent.")
    greeting: Prompts | None = Field(default=None, description="Said once to those who have to wait, before a queue's.")


class Department(Table):
    title: Title = Field(description="Shown to people.")
    head: str = Field(description="Person who heads it: role `head`.")


class Outbound(Table):
    prefix: Annotated[str, Like(r"[0-9]{0,3}", "up to three digits")] = Field(
        default="", description="What staff dial before an outside number."
    )
    always_allowed: list[Digits] = Field(default=["112"], description="Numbers that every phone may call.")
    ring_for: Annotated[int, Duration("5s", "3m")] = Field(
        default=60_000, description="How long an outside number rings."
    )


class Limits(Table):
    look_up_for: Annotated[int, Duration("10ms", "2s")] = Field(
        default=150, description="Longest wait for the client file; then the caller is `unidentified`."
    )
    internal_ring_for: Annotated[int, Duration("1s", "3m")] = Field(
        default=30_000, description="How long a colleague's phone rings."
    )
    message_at_most: Annotated[int, Duration("5s", "5m")] = Field(default=60_000, description="Longest message.")
    longest_call: Annotated[int, Duration("1m", "24h")] = Field(
        default=4 * 3_600_000, description="A call that lasts longer is ended."
    )
    settle_for: Annotated[int, Duration("1s", "60s")] = Field(
        default=5_000, description="How long a leg that was told to end may take before it is told again."
    )
    pause_after_misses: int = Field(
        default=3,
        ge=0,
        le=100,
        description="After so many calls of a queue in a row that they did not take an operator is paused; 0: never.",
    )
    calls_at_once: int = Field(
        default=1_000, ge=1, le=100_000, description="A caller beyond these goes to Asterisk's own queue at once."
    )
    new_calls_per_s: int = Field(
        default=100, ge=1, le=10_000, description="So do those who come faster for more than two seconds."
    )
    missed_for: Annotated[int, Duration("0s", "1h")] = Field(
        default=30_000,
        description="So long an operator who let a call ring out gets no other, unless they say that they are there; "
        "`0s`: at once again.",
    )
    wrap_up_extend_by: Annotated[int, Duration("10s", "30m")] = Field(
        default=60_000, description="How much longer wrap-up becomes when no minutes are dialled."
    )
    wrap_up_at_most: Annotated[int, Duration("10s", "2h")] = Field(
        default=600_000, description="No extension leaves more wrap-up than this."
    )
    pin_tries: int = Field(
        default=5, ge=1, le=20, description="Wrong PINs for an extension, or from a phone, before it is locked."
    )
    pin_locked_for: Annotated[int, Duration("1s", "1h")] = Field(
        default=60_000, description="For how long at first; each wrong one more doubles it, up to an hour."
    )
    overflow_calls_per_s: int = Field(
        default=100, ge=1, le=10_000, description="Callers beyond these too are told at once to try again later (503)."
    )
    short_hang_up: Annotated[int, Duration("0s", "60s")] = Field(
        default=5_000, description="Who leaves a queue so soon after they called is counted apart; 0s: nobody is."
    )
    place_kept_for: Annotated[int, Duration("0s", "60m")] = Field(
        default=180_000, description="Who was cut off while waiting and calls again so soon has their place back."
    )


class CompanyFile(Table):
    schema_version: Literal[1] = Field(description="Version of this format.")
    company: Company
    numbers: Numbers = Numbers()
    line: dict[Name, Line] = Field(min_length=1)
    department: dict[Name, Department] = Field(min_length=1)
    codes: Codes = Codes()
    outbound: Outbound = Outbound()
    limits: Limits = Limits()
    transfers: Transfers = Transfers()
    prompts: Said = Said()
    recording: Recording = Recording()
    speech: dict[Literal["ru"], Speech] = Field(default={})


# staff.toml ----------------------------------------------------------------------------------------------------


class Person(Table):
    name: PersonName = Field(description="Shown on phones and in reports.")
    role: Literal["operator", "manager", "head", "finance"] = Field(description="What the person does.")
    phone: SipUser | None = Field(
        default=None, description='SIP user name; the person\'s own id where absent, `""` for none.'
    )
    extension: Digits | None = Field(default=None, description="Internal number; everybody with a phone has one.")
    department: str | None = Field(default=None, description="Department the person belongs to.")
    may_call_out: bool = Field(default=False, description="May call outside numbers.")
    may_listen: list[Listens] | None = Field(
        default=None,
        description="Whose talks the person may listen to: of `everybody`, of their `department` and those they head, "
        "of whoever serves `queue:QUEUE`; where absent, heads of their department and others of nobody.",
    )
    skills: dict[Name, Level] = Field(
        default={}, description="What the person is good at, from 1 to 5; steps may ask for it."
    )
    signed_in: bool | None = Field(
        default=None,
        description="On shift until signed out; where absent, operators sign in by code and others need not.",
    )
    hours: str | None = Field(
        default=None, description="Opening hours outside which no client's call is handed to this person."
    )
    absent: list[Absence] = Field(default=[], description="Vacations and the like, day by day, with a deputy.")


class Pool(Table):
    people: OneOrMore = Field(description="Who shares the duty; the one idle longest rings first.")


class StaffFile(Table):
    person: dict[Name, Person] = Field(min_length=1)
    pool: dict[Name, Pool] = Field(default={})


# routing.toml --------------------------------------------------------------------------------------------------

Kind = Literal["queue", "ring", "message", "callback", "voicemail"]
_KEYS_OF_STEP: dict[Kind, tuple[set[str], set[str]]] = {
    # kind: (keys it needs, keys it may have)
    "queue": ({"at_most"}, {"flag", "skills", "relax_every", "hours"}),
    "ring": ({"at_most"}, {"each", "strategy"}),
    "message": (set(), {"opens"}),
    "callback": ({"prompts"}, set()),
    "voicemail": (set(), {"prompts", "opens"}),
}


class Step(Table):
    queue: str | None = Field(default=None, description="**Step `queue`**: wait in this queue, with music.")
    ring: Meant | None = Field(
        default=None,
        description="**Step `ring`**: ring these people, in this order: `own_manager`, `department_head`, "
        "`head_of:DEPARTMENT`, `pool:POOL`, `person:PERSON`. Who is absent, busy or away is skipped at once.",
    )
    message: Prompts | None = Field(default=None, description="**Step `message`**: say this and hang up. Ends a plan.")
    callback: Meant | None = Field(
        default=None, description='**Step `callback`**: open a task "call back" for the first of these. Ends a plan.'
    )
    voicemail: str | None = Field(
        default=None, description="**Step `voicemail`**: leave a message in this box of voicemail.toml. Ends a plan."
    )
    at_most: Annotated[int, Duration("1s", "2h")] | None = Field(
        default=None, description="`queue`, `ring`: time for the whole step; then the next step."
    )
    each: Annotated[int, Duration("1s", "5m")] | None = Field(
        default=None, description="`ring`: time for each person; where absent, the whole step's."
    )
    strategy: Literal["one_by_one", "all"] = Field(default="one_by_one", description="`ring`: who rings when.")
    flag: Title | None = Field(
        default=None, description="`queue`: why this caller deserves care, for operator and record."
    )
    skills: dict[Name, Level] = Field(
        default={}, description="`queue`: what whoever is rung must be good at, and how good at least (1 to 5)."
    )
    relax_every: Annotated[int, Duration("1s", "1h")] | None = Field(
        default=None,
        description="`queue`: after each such time every level falls by one, until the skill is not asked for; "
        "where absent, it is asked for to the end.",
    )
    hours: str | None = Field(default=None, description="`queue`: outside these opening hours it is skipped.")
    prompts: Prompts | None = Field(
        default=None,
        description="`callback`: what the caller hears before the end; `voicemail`: before the box's greeting.",
    )
    opens: str | None = Field(
        default=None,
        description="`message`, `voicemail`: opening hours; unless they are open now, it is said behind the prompts "
        "when they will be. In English and Russian.",
    )

    @property
    def kind(self) -> Kind:
        return next(kind for kind in _KEYS_OF_STEP if kind in self.model_fields_set)

    @model_validator(mode="after")
    def _one_kind(self) -> Step:
        kinds = [kind for kind in _KEYS_OF_STEP if kind in self.model_fields_set]
        if len(kinds) != 1:
            found = f"this one has {' and '.join(kinds)}" if kinds else "this one has none"
            raise ValueError(f"a step is exactly one of queue, ring, message, callback, voicemail; {found}")
        needed, allowed = _KEYS_OF_STEP[kinds[0]]
        rest = self.model_fields_set - set(kinds)
        for key in sorted(needed - rest):
            raise ValueError(f'a {kinds[0]} step needs "{key}"')
        for key in sorted(rest - needed - allowed):
            raise ValueError(f'a {kinds[0]} step has no "{key}"')
        if self.relax_every is not None and not self.skills:
            raise ValueError('"relax_every" without "skills": nothing is asked for that could be relaxed')
        if self.each is not None and self.at_most is not None and self.each > self.at_most:
            raise ValueError('"each" is longer than "at_most": the first person would take all the time and more')
        return self


class Plan(Table):
    opens_task: Name | None = Field(
        default=None, description="Kind of the task that the first person of the plan gets with such a call."
    )
    step: list[Step] = Field(min_length=1, description="Tried in this order; the last one always works.")


NumberKinds = Annotated[
    list[Literal["public", "internal", "short", "withheld", "unreadable"]],
    BeforeValidator(as_list),
    Field(min_length=1),
]


class Rule(Table):
    name: Title = Field(description="Shown in the record as the reason.")
    plan: str = Field(description="Plan for the calls it fits.")
    class_: OneOrMore | None = Field(default=None, alias="class", description="Client is of one of these classes.")
    debt: Debts | None = Field(
        default=None,
        description="`none`; `any` debt; or a list of `none`, `overdue`, `over_limit`, `overdue_and_over_limit`.",
    )
    line: OneOrMore | None = Field(default=None, description="Call came in on one of these lines.")
    number: NumberKinds | None = Field(default=None, description="The caller's number is of one of these kinds.")
    during: str | None = Field(default=None, description="These hours are open.")
    outside: str | None = Field(default=None, description="These hours are closed.")


class RoutingFile(Table):
    plan: dict[Name, Plan] = Field(min_length=1)
    destination: dict[Name, Destination] = Field(
        default={}, description="Duties that staff give callers to by number, or ask themselves."
    )
    rule: list[Rule] = Field(default=[], description="The first rule whose conditions all hold wins.")


# hours.toml ----------------------------------------------------------------------------------------------------


class SpecialDay(Table):
    date: Date = Field(description="A date, local.")
    name: Title = Field(description="Shown as the reason.")
    hours: OpenHours = Field(description='What holds on that date instead, or `"closed"`.')


class OpeningHours(Table):
    timezone: Timezone | None = Field(default=None, description="The company's where absent.")
    mon: OpenHours = Field(
        default=(), description='Open on Mondays, e.g. `"09:00-13:00, 14:00-17:00"`; closed where absent.'
    )
    tue: OpenHours = Field(default=(), description="Tuesdays.")
    wed: OpenHours = Field(default=(), description="Wednesdays.")
    thu: OpenHours = Field(default=(), description="Thursdays.")
    fri: OpenHours = Field(default=(), description="Fridays.")
    sat: OpenHours = Field(default=(), description="Saturdays.")
    sun: OpenHours = Field(default=(), description="Sundays.")
    special: list[SpecialDay] = Field(default=[], description="Holidays, shortened days, working Saturdays.")


class HoursFile(Table):
    hours: dict[Name, OpeningHours] = Field(default={})


FILES: dict[str, type[Table]] = {
    "company.toml": CompanyFile,
    "staff.toml": StaffFile,
    "queues.toml": QueuesFile,
    "routing.toml": RoutingFile,
    "hours.toml": HoursFile,
    "voicemail.toml": VoicemailFile,
}
