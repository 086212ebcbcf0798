"""An event loop that never waits: when nothing is left to do at one moment, its clock jumps to the next.

What takes a minute of sleeping takes no time, and the same program does the same things in the same order every time.
Work for other threads is done in this one, at once, so that no thread decides what comes first.

``run(program)`` is ``asyncio.run`` in such a loop. A program that waits for nothing that could ever come raises
``NothingWillHappen`` instead of hanging.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


class NothingWillHappen(AssertionError):
    """Everybody waits, and no timer is set."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """``time()`` counts from 0 s, and only what is waited for makes it go on."""

    def __init__(self) -> None:
        self._jumps = _Jumps()
        super().__init__(self._jumps)
        self.set_default_executor(_InThisThread())

    def time(self) -> float:
        return self._jumps.now_s

    @property
    def now_ms(self) -> int:
        return round(self.time() * 1000)


def run(program: Coroutine[Any, Any, T]) -> T:
    """Run ``program`` to its end in a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(program)


class _Jumps(selectors.DefaultSelector):  # type: ignore[valid-type, misc]
    """Where a loop waits: here, by setting the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        came = super().select(0)
        if came or timeout == 0:
            return came
        if timeout is None:
            raise NothingWillHappen
        self.now_s += timeout
        return []


class _InThisThread(ThreadPoolExecutor):
    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except BaseException as error:
            done.set_exception(error)
        return done
