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

# several files saved together are one change
SETTLE_MS = 200


async def watch(folder: Path, known: Policy | None = None) -> AsyncIterator[Policy | BadConfig]:
    """Every new policy of ``folder``, or why there is none; ends only when cancelled.

    ``known`` is the policy in force: nothing is yielded until the files differ from it. After ``BadConfig`` the policy
    before it stays in force; once the mistake is mended a policy comes again, even the same one.
    """
    last: str | None = known.version if known is not None else None
    changes = awatch(folder, step=SETTLE_MS, debounce=10 * SETTLE_MS, recursive=False, yield_on_timeout=True)
    # The first look covers what changed between ``known`` and the watch; later ones without a change (the watch
    # times out every few seconds) cover what the file system did not tell.
    async for _ in changes:
        result = await asyncio.to_thread(_result, folder)
        says = str(result) if isinstance(result, BadConfig) else result.version
        if says != last:
            last = says
            yield result


def _result(folder: Path) -> Policy | BadConfig:
    try:
        return load(folder)
    except BadConfig as bad:
        return bad
