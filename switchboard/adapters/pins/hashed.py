"""The port ``Pins``: Argon2 hashes in a TOML file (SWITCHBOARD_PINS), one line a person: ``olga = "$argon2id$…"``.

``switchboard pin olga`` makes such a line. The file is read anew for every check, so that a changed PIN holds at once;
a check takes some 20 ms of one processor, beside the event loop and one at a time, and as long for somebody who has no
PIN. What was dialled is compared and forgotten; no message here ever holds it, or a hash.
"""

from __future__ import annotations

import asyncio
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from switchboard.core.ids import LegId, PersonId
from switchboard.engine.ports import Refused

_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_PIN = re.compile(r"[0-9]{4,12}")
ALLOWED = "4 to 12 digits"


def hashed(pin: str) -> str:
    """Raises ``ValueError`` for what no phone could dial, or is too short."""
    if not _PIN.fullmatch(pin):
        raise ValueError(f"a PIN must be {ALLOWED}")
    return _HASHER.hash(pin)


_NOBODYS = _HASHER.hash("no PIN that can be dialled")


class HashedPins:
    def __init__(self, path: Path | None, dialled: Callable[[LegId], str | None]) -> None:
        """``dialled`` gives what was dialled as a PIN on a leg, and forgets it."""
        self._path = path
        self._dialled = dialled
        self._one_at_a_time = asyncio.Semaphore(1)

    async def is_right(self, person: PersonId, leg: LegId) -> bool:
        """See the port."""
        pin = self._dialled(leg)
        if pin is None:
            raise Refused("PIN: it was dialled before this process began")
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._compare, person, pin)

    def _compare(self, person: PersonId, pin: str) -> bool:
        known = self._read().get(person)
        try:
            return _HASHER.verify(known or _NOBODYS, pin) and known is not None
        except InvalidHashError:
            raise Refused(f"PIN: what stands for {person} is no Argon2 hash") from None
        except VerificationError:
            return False

    def _read(self) -> dict[str, str]:
        if self._path is None:
            raise Refused("PIN: SWITCHBOARD_PINS is not set")
        try:
            content = tomllib.loads(self._path.read_text(encoding="utf-8"))
        except OSError as error:
            raise Refused(f"PIN: the file cannot be read: {error.strerror}") from None
        except (UnicodeDecodeError, tomllib.TOMLDecodeError):
            raise Refused('PIN: the file is not TOML; write one line a person: olga = "$argon2id$…"') from None
        return {person: text for person, text in content.items() if isinstance(text, str)}
