"""Checks of what is about people at their phones: codes that cannot be told apart, absences that make no sense."""

from __future__ import annotations

from switchboard.config.people import Absence, Codes
from switchboard.config.problems import Path
from switchboard.config.read import Files

_CODES = (
    "sign_in", "sign_out", "pause", "resume", "hot_desk", "away", "wrap_up_end", "wrap_up_extend", "forward",
    "do_not_disturb", "pick_up", "hand_over", "consult", "swap", "join", "complete", "call_off", "park", "retrieve",
    "listen", "whisper", "barge_in",
)  # fmt: skip


def check_codes(files: Files, codes: Codes) -> None:
    """No code is another one, or begins like it: digits may follow most of them."""
    by_key = {key: getattr(codes, key) for key in _CODES if getattr(codes, key)}
    for index, (key, code) in enumerate(by_key.items()):
        for other_key, other in list(by_key.items())[:index]:
            if code == other:
                files.problem("company.toml", ("codes", key), f"{code} is also {other_key}")
            elif code.startswith(other):
                files.problem("company.toml", ("codes", key), f"{code} begins like {other_key}, {other}")
            elif other.startswith(code):
                files.problem("company.toml", ("codes", other_key), f"{other} begins like {key}, {code}")


def check_absence(files: Files, name: str, absence: Absence, path: Path) -> None:
    if absence.to < absence.from_:
        files.problem("staff.toml", (*path, "to"), f"{absence.to} is before {absence.from_}")
    if absence.deputy == name:
        files.problem("staff.toml", (*path, "deputy"), "nobody is their own deputy")
