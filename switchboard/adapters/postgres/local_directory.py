"""Who has this number, answered at once: from the copy beside the service, and from Postgres until there is one."""

from __future__ import annotations

from switchboard.adapters.postgres.directory import PostgresDirectory
from switchboard.adapters.postgres.replica import Replica
from switchboard.adapters.postgres.today import Today
from switchboard.core.caller import Client
from switchboard.core.phone_number import PhoneNumber
from switchboard.engine.ports import MOST_CLIENTS, Clock, few_enough


class LocalDirectory:
    """The port ``Directory``. It asks ``postgres`` only while ``replica`` cannot say: before it was first filled, and
    when its file turned out to be damaged."""

    def __init__(self, replica: Replica, postgres: PostgresDirectory, timezone: str, clock: Clock) -> None:
        self._replica = replica
        self._postgres = postgres
        self._today = Today(timezone, clock)

    async def find(self, number: PhoneNumber) -> tuple[Client, ...]:
        """See the port. From the copy the answer is there without waiting."""
        found = self.find_at_once(number)
        return await self._postgres.find(number) if found is None else found

    def find_at_once(self, number: PhoneNumber) -> tuple[Client, ...] | None:
        """See the port."""
        if number.e164 is None:
            return ()
        found = self._replica.find(number.e164, self._today().isoformat(), MOST_CLIENTS + 1)
        return None if found is None else few_enough(number, found)

    def age_ms(self) -> int:
        """See the port."""
        return self._replica.age_ms()
