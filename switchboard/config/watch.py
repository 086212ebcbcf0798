"""Reload: tell when the files say something else than before.

What counts is what they say, not that they were touched: a saved comment changes nothing, and an edit that is taken
back gives the same policy again. Watch the folder, not a file: editors and mounts replace files, and a mount of a
single file is never seen to change.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from watchfiles import awatch

from switchboard.config.load import load
from switchboard.config.problems import BadConfig
from switchboard.core.policy import Policy

SETTLE_MS = 200
"""Files that are saved together within this time are one change."""
LOOK_AGAIN_MS = 5_000
"""How long a change that the file system did not tell of (a network mount) stays unseen."""


async def watch(folder: Path, known: Policy | None = None) -> AsyncIterator[Policy | BadConfig]:
    """Every new policy of ``folder``, or why there is none; ends only when cancelled.

    ``known`` is the policy in force: nothing is yielded until the files differ from it. After ``BadConfig`` the policy
    before it stays in force; once the mistake is mended a policy comes again, even the same one.
    """
    said = known.version if known is not None else None
    seen: object = None
    async for _ in _occasions(folder):
        now = _stamps(folder)
        if now == seen:
            continue
        seen = now
        result = await asyncio.to_thread(_result, folder)
        says = str(result) if isinstance(result, BadConfig) else result.version
        if says != said:
            said = says
            yield result


async def _occasions(folder: Path) -> AsyncIterator[None]:
    """When to look: now, for what changed since ``known`` was loaded; at every change; and now and then."""
    yield
    async for _ in awatch(
        folder,
        step=SETTLE_MS,
        debounce=10 * SETTLE_MS,
        rust_timeout=LOOK_AGAIN_MS,
        yield_on_timeout=True,
        recursive=False,
    ):
        yield


def _stamps(folder: Path) -> list[tuple[str, int, int, int]]:
    """What tells a changed file from an unchanged one without reading it."""
    stamps = []
    for path in sorted(folder.glob("*.toml")):
        try:
            status = path.stat()
        except FileNotFoundError:  # it went between the two looks
            continue
        stamps.append((path.name, status.st_ino, status.st_size, status.st_mtime_ns))
    return stamps


def _result(folder: Path) -> Policy | BadConfig:
    try:
        return load(folder)
    except BadConfig as bad:
        return bad
