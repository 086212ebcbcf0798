"""What waiting callers hear, as admins write it: the tables below a queue, and the words of a language."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from switchboard.config.fields import Prompts, Table, Title
from switchboard.config.units import Duration, Like
from switchboard.core import queue_rules


class Hears(Table):
    greeting: Prompts | None = Field(default=None, description="Said once, at joining, to those who have to wait.")
    place: bool = Field(default=False, description="Say their place in the queue, unless it has grown since.")
    expected_wait: bool = Field(
        default=False, description="Say how long it will probably take, once that is known, unless it has grown since."
    )
    messages: list[Prompts] = Field(
        default=[], max_length=20, description="Said in turn, one at a time; several prompts in brackets are one."
    )
    first_after: Annotated[int, Duration("1s", "10m")] = Field(
        default=15_000, description="From joining (or the end of the greeting) to the first of these three."
    )
    every: Annotated[int, Duration("5s", "10m")] = Field(
        default=45_000, description="From the end of one to the next; music meanwhile."
    )

    def build(self) -> queue_rules.Hearing:
        return queue_rules.Hearing(
            greeting=tuple(self.greeting or ()),
            place=self.place,
            expected_wait=self.expected_wait,
            messages=tuple(tuple(message) for message in self.messages),
            first_after_ms=self.first_after,
            every_ms=self.every,
        )


Key = Annotated[str, Like(r"[0-9*#]", "one key: a digit, * or #")]
Way = Annotated[
    str,
    Like(r"callback|(queue|plan|voicemail):[a-z][a-z0-9_]*", "callback, queue:QUEUE, plan:PLAN or voicemail:BOX"),
]


def way_of(written: str) -> queue_rules.Way:
    kind, _, name = written.partition(":")
    return queue_rules.Way(queue_rules.WayKind(kind), name)


class CallBack(Table):
    allowed: list[Annotated[str, Like(r"\+[1-9][0-9]{0,14}", 'the beginning of a number, like "+7495"')]] = Field(
        default=[], description="Only numbers that begin so are called back; where absent, any public one."
    )
    ring_for: Annotated[int, Duration("5s", "2m")] = Field(default=25_000, description="How long their phone rings.")
    retry_after: Annotated[int, Duration("10s", "4h")] = Field(
        default=300_000, description="From a call-back that was not answered to the next turn."
    )
    most_dials: int = Field(default=3, ge=1, le=10, description="Then it becomes a task for a person.")
    keep_for: Annotated[int, Duration("5m", "48h")] = Field(
        default=8 * 3_600_000, description="So does one that had no turn in so long."
    )
    most_bookings: int = Field(default=500, ge=0, le=10_000, description="So many may wait to be called back at once.")
    answer_within: Annotated[int, Duration("5s", "2m")] = Field(
        default=20_000, description="How long a caller may think about an answer, from its question or their last key."
    )
    ask_at_most: int = Field(default=3, ge=1, le=10, description="Then they go on waiting.")
    confirm_before: Prompts = Field(default=["vm-num-i-have"], description="Before the digits of their number.")
    confirm_behind: Prompts = Field(
        default=["if-correct-press", "digits/1", "vm-calldiffnum"],
        description="Behind them: 1 confirms, 2 is for another number.",
    )
    enter: Prompts = Field(
        default=["vm-enter-num-to-call", "vm-then-pound"], description="Asks for another number, ended by #."
    )
    not_possible: Prompts = Field(default=["privacy-incorrect"], description="Such a number cannot be called back.")
    booked: Prompts = Field(default=["auth-thankyou", "goodbye"], description="It is noted; the call ends.")
    sign: Title = Field(default="call-back", description="Shown on the operator's phone, before the client's name.")

    def prompts(self) -> dict[str, list[str]]:
        names = ("confirm_before", "confirm_behind", "enter", "not_possible", "booked")
        return {name: getattr(self, name) for name in names}

    def build(self) -> queue_rules.CallBack:
        return queue_rules.CallBack(
            allowed=tuple(self.allowed),
            ring_ms=self.ring_for,
            retry_after_ms=self.retry_after,
            most_dials=self.most_dials,
            keep_ms=self.keep_for,
            most_bookings=self.most_bookings,
            answer_within_ms=self.answer_within,
            ask_at_most=self.ask_at_most,
            sign=self.sign,
            confirm_before=tuple(self.confirm_before),
            confirm_behind=tuple(self.confirm_behind),
            enter=tuple(self.enter),
            not_possible=tuple(self.not_possible),
            booked=tuple(self.booked),
        )


class Speech(Table):
    """By language; so far Russian alone lacks words."""

    one_feminine: str | None = Field(default=None, description='Recording of the word "одна" (1, feminine).')
    two_feminine: str | None = Field(default=None, description='"две" (2, feminine).')
    minutes_few: str | None = Field(default=None, description='"минуты" (of 2, 3, 4, 22, …).')
    hour_one: str | None = Field(default=None, description='"час" (of 1, 21).')
    hours_few: str | None = Field(default=None, description='"часа" (of 2, 3, 4, 22, 23).')
    on_days: Annotated[list[str], Field(min_length=7, max_length=7)] | None = Field(
        default=None, description='Seven recordings: "в понедельник", "во вторник", … "в воскресенье".'
    )
    days_of_month: Annotated[str, Like(r"custom/[A-Za-z0-9_-]+", "custom/NAME")] | None = Field(
        default=None,
        description='`custom/NAME` for `custom/NAME-1` to `custom/NAME-31`: "первого" to "тридцать первого".',
    )

    def recordings(self) -> dict[str, list[str]]:
        """By key, but for the days of the month."""
        one_each = ("one_feminine", "two_feminine", "minutes_few", "hour_one", "hours_few")
        named = {key: getattr(self, key) for key in one_each}
        return {key: [prompt] for key, prompt in named.items() if prompt is not None} | {"on_days": self.on_days or []}

    def build(self) -> queue_rules.Voice:
        return queue_rules.Voice(
            one_feminine=self.one_feminine or "",
            two_feminine=self.two_feminine or "",
            minutes_few=self.minutes_few or "",
            hour_one=self.hour_one or "",
            hours_few=self.hours_few or "",
            on_days=tuple(self.on_days or ()),
            days_of_month=self.days_of_month or "",
        )
