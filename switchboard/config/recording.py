"""Which talks are recorded, as admins write it: the table ``recording`` of company.toml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from switchboard.config.fields import OneOrMore, Prompts, Table, Title, as_list
from switchboard.config.people import StarCode
from switchboard.config.units import Duration
from switchboard.core import recording_rules
from switchboard.core.entries import Direction
from switchboard.core.ids import PersonId

Calls = Annotated[
    list[Literal["inbound", "outbound", "callback", "internal"]], BeforeValidator(as_list), Field(min_length=1)
]


class RecordingRule(Table):
    name: Title = Field(description="Shown in the record as the reason.")
    record: bool = Field(default=True, description="Whether such talks are recorded.")
    announce: bool = Field(
        default=True, description="The other party must have heard the announcement, or it is not recorded."
    )
    may_pause: bool = Field(default=True, description="Staff may leave something out.")
    calls: Calls = Field(
        default=["inbound"],
        description="Talks of these calls: from outside, to the outside, back to a caller, between colleagues.",
    )
    line: OneOrMore | None = Field(default=None, description="Call came in on one of these lines.")
    queue: OneOrMore | None = Field(default=None, description="It is answered from one of these queues.")
    person: OneOrMore | None = Field(default=None, description="One of these people talks with the caller.")
    department: OneOrMore | None = Field(default=None, description="Somebody of one of these departments does.")

    def build(self) -> recording_rules.RecordingRule:
        return recording_rules.RecordingRule(
            name=self.name,
            record=self.record,
            announce=self.announce,
            may_pause=self.may_pause,
            directions=tuple(map(Direction, self.calls)),
            lines=tuple(self.line or ()),
            queues=tuple(self.queue or ()),
            people=tuple(map(PersonId, self.person or ())),
            departments=tuple(self.department or ()),
        )


class Recording(Table):
    announcement: Prompts | None = Field(
        default=None, description="Said once, before anybody is rung: that the talk may be recorded."
    )
    keep_days: int = Field(
        default=180, ge=0, le=36_500, description="Files of calls that came longer ago are deleted; 0: none is."
    )
    pause_code: StarCode = Field(
        default="*6", description="Staff press it in a talk to leave something out, and again to go on."
    )
    pause_at_most: Annotated[int, Duration("10s", "1h")] = Field(
        default=180_000, description="Then recording goes on by itself."
    )
    rule: list[RecordingRule] = Field(
        default=[], description="The first rule whose conditions all hold decides; without one it is not recorded."
    )

    def build(self) -> recording_rules.Recording:
        return recording_rules.Recording(
            rules=tuple(rule.build() for rule in self.rule),
            announcement=tuple(self.announcement or ()),
            keep_days=self.keep_days,
            pause_code=self.pause_code,
            pause_at_most_ms=self.pause_at_most,
        )
