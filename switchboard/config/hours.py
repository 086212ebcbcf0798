"""Checks of opening hours: each special day once, and hours that somebody asks for."""

from __future__ import annotations

from switchboard.config.read import Files
from switchboard.core.opening_hours import DAYS


def check_hours(files: Files) -> None:
    if files.hours is None:
        return
    for name, hours in files.hours.hours.items():
        seen: set[str] = set()
        for index, special in enumerate(hours.special):
            path = ("hours", name, "special", index, "date")
            if special.date in seen:
                files.problem("hours.toml", path, f"{special.date} stands here twice")
            seen.add(special.date)
        broken = files.troubled("hours.toml", f"hours.{name}")
        if (
            not broken
            and not any(getattr(hours, day) for day in DAYS)
            and not any(special.hours for special in hours.special)
        ):
            files.problem("hours.toml", ("hours", name), f'"{name}" are never open', warning=True)
