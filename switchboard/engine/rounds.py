"""Rounds: something is looked at every few seconds, for ever, and nothing that goes wrong ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from switchboard.engine.ports import InboxFull, Refused

_log = structlog.get_logger()


async def go_rounds(name: str, one_round: Callable[[], Awaitable[None]], every_s: float) -> None:
    """Do ``one_round`` every ``every_s`` until cancelled; a late one is followed by the next at its own time. Log lines
    begin with ``name``."""
    running = asyncio.get_running_loop()
    next_s = running.time()
    while True:
        next_s = max(next_s + every_s, running.time())
        await asyncio.sleep(next_s - running.time())
        try:
            await one_round()
        except Refused as refused:
            _log.info(f"{name}.put_off", reason=refused.why)
        except InboxFull as full:
            _log.warning(f"{name}.put_off", reason=str(full))
        except Exception:
            _log.exception(f"{name}.bug")
