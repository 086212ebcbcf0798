"""voicemail.toml as admins write it: where callers leave messages, who gets them; and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field

from switchboard.config.fields import Meant, Name, Prompts, Table, Title, as_list
from switchboard.config.units import Duration, Like

if TYPE_CHECKING:
    from switchboard.config.read import Files

FILE = "voicemail.toml"
Address = Annotated[
    str,
    # It lands in the header of a mail: no sign that means something there.
    Like(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", 'an e-mail address such as "orders@example.com"'),
]


class Box(Table):
    title: Title = Field(description="Shown to people, and in the subject of mails.")
    department: str = Field(description="Department that the messages are for.")
    greeting: Prompts = Field(
        default=["vm-intro"], description="Said first; then comes a tone. `#` skips it, and ends the message."
    )
    thanks: Prompts = Field(default=["auth-thankyou", "goodbye"], description="Said after the message.")
    nothing: Prompts = Field(default=["goodbye"], description="Said to somebody who was silent.")
    sorry: Prompts = Field(
        default=["vm-nobodyavail", "goodbye"],
        description='Said where nothing can be recorded; a task "call back" is opened.',
    )
    longest: Annotated[int, Duration("10s", "10m")] = Field(default=180_000, description="A message ends then.")
    silence: Annotated[int, Duration("2s", "30s")] = Field(default=5_000, description="So much silence ends it.")
    shortest: Annotated[int, Duration("0s", "10s")] = Field(
        default=2_000, description="Less sound than this is no message; whole seconds count."
    )
    mail: Annotated[list[Address], BeforeValidator(as_list), Field(max_length=20)] = Field(
        default=[], description="Addresses that each message is sent to, with its sound."
    )
    task: Meant | None = Field(
        default=None, description="Whose task it is: the first of these; where absent, the department's head."
    )
    keep_days: int = Field(default=90, ge=1, le=3650, description="Then the sound is deleted.")


class VoicemailFile(Table):
    box: dict[Name, Box] = Field(default={})


def check_boxes(files: Files) -> None:
    from switchboard.config.references import check_prompts, known  # noqa: PLC0415  they know this file's names

    if files.voicemail is None:
        return
    for name, box in files.voicemail.box.items():
        known(files, "department", box.department, FILE, ("box", name, "department"))
        for key in ("greeting", "thanks", "nothing", "sorry"):
            check_prompts(files, getattr(box, key), FILE, ("box", name, key))
        for index, one in enumerate(box.task or ()):
            kind, _, meant = one.partition(":")
            if meant:
                known(files, {"head_of": "department"}.get(kind, kind), meant, FILE, ("box", name, "task", index))
        keep_days = files.company.recording.keep_days if files.company is not None else box.keep_days
        if 0 < keep_days < box.keep_days:
            message = f"after {keep_days} days all recordings are deleted ([recording] keep_days)"
            files.problem(FILE, ("box", name, "keep_days"), message, "keep recordings for longer", warning=True)
        if box.task and all(one == "own_manager" for one in box.task):
            message = "a client without a manager would give this task to nobody"
            files.problem(FILE, ("box", name, "task"), message, 'add "department_head"')
