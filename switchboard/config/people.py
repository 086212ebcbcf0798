"""The parts of the files that are about people at their phones: codes, what is said after them, absences."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from switchboard.config.fields import Code, Date, Prompts, Table, Title
from switchboard.config.units import Like

Listens = Annotated[str, Like(r"everybody|department|queue:[a-z][a-z0-9_]*", "everybody, department or queue:QUEUE")]
StarCode = Annotated[str, Like(r"(\*[0-9]{1,5})?", '"*" and digits; empty for none')]


class Codes(Table):
    sign_in: Code = Field(default="*11", description="Begins a shift.")
    sign_out: Code = Field(default="*10", description="Ends a shift.")
    pause: Code = Field(default="*20", description="No calls for now; a pause reason's digits may follow.")
    resume: Code = Field(
        default="*21", description="Ends a pause, wrap-up, being away for a while, and the time after a missed call."
    )
    pause_reasons: dict[Annotated[str, Like(r"[0-9]{1,2}", "one or two digits")], Title] = Field(
        default={}, description="Digits after the pause code, and what they mean."
    )
    hot_desk: StarCode = Field(
        default="*12", description="Signs in on any phone: then an extension, `*` and the person's PIN."
    )
    away: StarCode = Field(
        default="*13",
        description="Away for some hours: then their number; or two digits of it and a deputy's extension.",
    )
    wrap_up_end: StarCode = Field(default="*22", description="Ends wrap-up early.")
    wrap_up_extend: StarCode = Field(default="*23", description="More wrap-up; minutes may follow.")
    forward: StarCode = Field(
        default="*24", description="Calls go to a colleague: then their extension; alone it ends that."
    )
    do_not_disturb: StarCode = Field(default="*25", description="Do not disturb, on and off.")
    pick_up: StarCode = Field(
        default="*8", description="Takes the call that rings at a colleague: then their extension."
    )
    hand_over: StarCode = Field(
        default="*26", description="Gives away whom one talks with or holds: then what one would dial for it."
    )
    consult: StarCode = Field(
        default="*27", description="In a talk: asks somebody, then what one would dial; the other side hears music."
    )
    swap: StarCode = Field(default="*31", description="In a talk, while asking somebody: to the other side and back.")
    join: StarCode = Field(default="*32", description="All three talk.")
    complete: StarCode = Field(default="*33", description="Leaves the two to each other.")
    call_off: StarCode = Field(default="*34", description="Lets go of who is asked.")
    park: StarCode = Field(default="*28", description="Parks whom one talks with or holds.")
    retrieve: StarCode = Field(
        default="*29",
        description="Takes whom a colleague parked: then their extension; alone, one's own.",
    )
    listen: StarCode = Field(default="*90", description="Hears a colleague's talk: then their extension.")
    whisper: StarCode = Field(default="*91", description="The same, and speaks to the colleague alone.")
    barge_in: StarCode = Field(default="*92", description="Joins the talk.")
    pick_up_anybody: bool = Field(
        default=False, description="Also for those with whom one shares no department, queue or pool."
    )


class Said(Table):
    signed_in: Prompts = Field(default=["agent-loginok"], description="After signing in.")
    signed_out: Prompts = Field(default=["agent-loggedoff"], description="After signing out.")
    paused: Prompts = Field(default=["beep"], description="After the pause code.")
    resumed: Prompts = Field(default=["beep", "beep"], description="After the resume code.")
    wrap_up_ended: Prompts = Field(default=["beep", "beep"], description="Wrap-up was ended early.")
    wrap_up_extended: Prompts = Field(default=["minutes", "added"], description="Wrap-up was extended.")
    do_not_disturb_on: Prompts = Field(
        default=["do-not-disturb", "activated"], description="Not disturbed from now on."
    )
    do_not_disturb_off: Prompts = Field(default=["do-not-disturb", "de-activated"], description="No longer.")
    forward_on: Prompts = Field(default=["call-forwarding", "activated"], description="Calls go to the colleague.")
    forward_off: Prompts = Field(default=["call-forwarding", "de-activated"], description="They do not any more.")
    away: Prompts = Field(default=["agent-loggedoff"], description="Away for the hours that were dialled.")
    handed_over: Prompts = Field(default=["beep"], description="The caller on hold was given away.")
    parked: Prompts = Field(default=["beep"], description="The caller on hold was parked.")
    wrong_pin: Prompts = Field(default=["auth-incorrect"], description="The PIN is not that of the extension.")
    pin_locked: Prompts = Field(
        default=["im-sorry", "feature-not-avail-line"], description="Too many wrong PINs; later again."
    )
    recording_paused: Prompts = Field(default=["beep"], description="In a talk: it is not recorded from now on.")
    recording_goes_on: Prompts = Field(default=["beep", "beep"], description="In a talk: it is recorded again.")
    refused: Prompts = Field(default=["invalid"], description="A code that means nothing, or not for this phone.")


class Absence(Table):
    from_: Date = Field(alias="from", description="First day, local.")
    to: Date = Field(description="Last day.")
    deputy: str | None = Field(default=None, description="Person who is rung in their place and gets their tasks.")
    reason: Title | None = Field(default=None, description="Shown in the record.")
