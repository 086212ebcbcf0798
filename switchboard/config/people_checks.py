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


def check_codes(files: Files, codes: Codes, pause_code: str) -> None:
    """No code is another one, or begins like it: digits may follow most of them. ``pause_code``: where talks are
    recorded."""
    by_path: dict[Path, str] = {("codes", key): getattr(codes, key) for key in _CODES if getattr(codes, key)}
    if pause_code:
        by_path["recording", "pause_code"] = pause_code
    for index, (path, code) in enumerate(by_path.items()):
        for other_path, other in list(by_path.items())[:index]:
            if code == other:
                files.problem("company.toml", path, f"{code} is also {other_path[-1]}")
            elif code.startswith(other):
                files.problem("company.toml", path, f"{code} begins like {other_path[-1]}, {other}")
            elif other.startswith(code):
                files.problem("company.toml", other_path, f"{other} begins like {path[-1]}, {code}")


def check_absence(files: Files, name: str, absence: Absence, path: Path) -> None:
    if absence.to < absence.from_:
        files.problem("staff.toml", (*path, "to"), f"{absence.to} is before {absence.from_}")
    if absence.deputy == name:
        files.problem("staff.toml", (*path, "deputy"), "nobody is their own deputy")
