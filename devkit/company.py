"""A whole company: Postgres, Asterisk, the service, a phone for every person, and the carrier with its callers.

Used alike by `./dev demo`, `./dev up`, the real tests and the benchmarks. A test of one situation reads:

    async with Company(folder) as company:
        await company.behave(olga=BUSY, oleg=ANSWER)
        await company.sign_in("olga", "oleg")
        call = await company.call("+7 916 …")
        await call.answered()
        await company.wait_idle()
        [record] = await company.records()

Everything it starts is ended when the block is left, however it is left.
"""

import asyncio
import secrets
import shutil
import sys
from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

import aiohttp
import asyncpg

from devkit import asterisk_tree, phones, processes
from devkit.asterisk import PROJECT, Asterisk, Settings
from devkit.crowd import PhoneBank, bank
from devkit.phones import ANSWER, Behaviour, Call, Carrier, Phone
from devkit.ports import free_tcp_port, free_udp_ports, loopback
from devkit.postgres import Postgres
from devkit.processes import Deadline
from devkit.scenarios import FOREVER_MS
from devkit.service import Service, run_command
from switchboard.config.load import load
from switchboard.core.policy import Policy, Role

SAMPLE_CONFIG = PROJECT / "config"
_MAKE_SAMPLE_DATA = PROJECT / "sample-data" / "generate.py"
_STATES = "SELECT DISTINCT ON (person) person, state FROM person_event ORDER BY person, at DESC, log_position DESC"


class Company:
    """`folder` holds everything the company writes; it is emptied first. `config` is its config folder.

    `postgres` may be a server that is running already and shared; else the company starts its own. `serving=False`
    leaves the service stopped at first. `banks` names people whose phones are one process together, see `devkit.crowd`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        config: Path = SAMPLE_CONFIG,
        postgres: Postgres | None = None,
        settings: Settings | None = None,
        serving: bool = True,
        banks: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        self.folder = folder
        self.config = config
        self.policy: Policy = load(config)
        self.settings = settings or Settings()
        self.database_url = ""
        self.mail_port = free_tcp_port()
        """Where the service looks for a mail server; there is none until somebody starts one."""
        self._shared_postgres = postgres
        self._serving = serving
        self._banked = banks or {}
        self.program: tuple[str, ...] = ("-m", "switchboard", "run")
        """What Python runs as the service."""
        self._closing = AsyncExitStack()
        self._secrets: dict[str, str] = {
            # hexadecimal: a password that begins with 0x is a number for SIPp, and the phone is not let in
            person.phone: secrets.token_hex(12)
            for person in self.policy.people.values()
        }

    async def __aenter__(self) -> Self:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, mode=0o755)
        try:
            await self._start()
        except BaseException:
            await self._closing.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._closing.aclose()

    @property
    def pins_file(self) -> Path:
        """Where the service looks for the staff's PINs; there are none until somebody writes it."""
        return self.folder / "pins.toml"

    # ---- its people and callers

    async def behave(self, **behaviours: Behaviour) -> None:
        """Tell phones, by their names, what to do when rung; the others keep doing what they did."""
        await asyncio.gather(*(self.phones[name].behave(what) for name, what in behaviours.items()))

    async def open_shift(self) -> None:
        """The operators sign in; returns when everybody is ready."""
        operators = [person.phone for person in self.policy.people.values() if person.role is Role.OPERATOR]
        await self.sign_in(*(name for name in operators if name in self.phones))
        await self.wait_ready()

    async def sign_in(self, *names: str) -> None:
        """These people begin their shift, by dialling the code on their phones."""
        await self.dial_code(self.policy.codes.sign_in, *names)

    async def sign_out(self, *names: str) -> None:
        """These people end their shift."""
        await self.dial_code(self.policy.codes.sign_out, *names)

    async def leave(self, *names: str) -> None:
        """These phones sign off, as if unplugged in order; returns when the service knows."""
        await phones.register([self.phones[name] for name in names], expires_s=0)
        await self.wait_people("offline", *names)

    async def come_back(self, *names: str) -> None:
        """These phones sign on again; returns when the service knows."""
        await phones.register([self.phones[name] for name in names])
        await self.wait_people("ready", *names)

    async def wait_ready(self) -> None:
        """Wait until everybody is ready. Raises TimeoutError."""
        await self.wait_people("ready", *self.policy.people)

    async def wait_people(self, state: str, *names: str, timeout_s: float = 15) -> None:
        """Wait until these people are in this state, by what is on record. Raises TimeoutError saying who is not."""
        deadline = Deadline(timeout_s, f"{', '.join(names)} to be {state}")
        while True:
            states = {row["person"]: row["state"] for row in await self.query(_STATES)}
            if all(states.get(name) == state for name in names):
                return
            try:
                await deadline.pause(0.02)
            except TimeoutError:
                others = {name: states.get(name) for name in names if states.get(name) != state}
                raise TimeoutError(f"not {state}: {others}") from None

    async def dial_code(self, code: str, *names: str) -> None:
        """Each dials a service code and waits to the end of it. Raises ProcessFailed if it is refused."""

        async def dial(name: str) -> None:
            call = await self.phones[name].call(code)
            await call.answered()
            await call.ended()

        await asyncio.gather(*(dial(name) for name in names))

    async def call(
        self,
        number: str,
        to: str | None = None,
        *,
        talk_ms: int = FOREVER_MS,
        patience_ms: int = FOREVER_MS,
        withheld: bool = False,
        asserted: str | None = None,
    ) -> Call:
        """Someone outside dials the company: its first line, or the number `to`. See Carrier.call."""
        dialled = to or next(iter(self.policy.lines.values())).numbers[0]
        return await self.carrier.call(
            number, dialled, talk_ms=talk_ms, patience_ms=patience_ms, withheld=withheld, asserted=asserted
        )

    # ---- what became of it

    async def wait_idle(self, timeout_s: float = 15) -> None:
        """Wait until Asterisk has no channel and no bridge left. Raises TimeoutError naming what is left."""
        deadline = Deadline(timeout_s, "Asterisk to be idle")
        while left := [*await self.ari("channels"), *await self.ari("bridges")]:
            try:
                await deadline.pause(0.05)
            except TimeoutError:
                names = ", ".join(str(thing.get("name") or thing.get("id")) for thing in left)
                raise TimeoutError(f"still there: {names}") from None

    async def records(self) -> list[asyncpg.Record]:
        """The call records, oldest first, as a report would see them (view call_record): all that the service knows,
        or, where that takes too long because the database is away, what there is."""
        with suppress(TimeoutError):
            await self.wait_recorded()
        return await self.query("SELECT * FROM call_record ORDER BY arrived_at")

    async def wait_recorded(self) -> None:
        """Entries gather for a moment before they go to the database."""
        deadline = Deadline(3, "everything to be on record")
        while self.service.running and "\nswitchboard_delivery_lag_seconds 0.0\n" not in await self._metrics():
            await deadline.pause(0.02)

    async def _metrics(self) -> str:
        try:
            return await self.service.look("metrics")
        except (OSError, aiohttp.ClientError):  # it is on its way up, or down
            return ""

    async def wait_records(self, count: int, timeout_s: float = 15) -> list[asyncpg.Record]:
        """Wait until this many calls are on record and over; all of them."""
        deadline = Deadline(timeout_s, f"{count} finished call records")
        while True:
            records = await self.records()
            if sum(1 for record in records if record["ended_at"] is not None) >= count:
                return records
            await deadline.pause(0.05)

    async def query(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """Ask the company's database."""
        rows: list[asyncpg.Record] = await self._database.fetch(statement, *values)
        return rows

    async def ari(self, path: str, method: str = "GET") -> Any:
        """Ask Asterisk's REST interface: what really is, whatever the service believes; or meddle with it."""
        async with self._http.request(method, f"{self.settings.ari_url}/{path}") as response:
            response.raise_for_status()
            return await response.json() if response.status != HTTPStatus.NO_CONTENT else None

    # ---- building it

    async def _start(self) -> None:
        logs = self.folder / "logs"
        logs.mkdir()
        tree = await asyncio.to_thread(asterisk_tree.find_or_make, logs)
        self.database_url = await self._make_database()
        self.asterisk = Asterisk(tree, self.folder / "asterisk", self.settings, self.folder / "generated")
        self.env = self._environment()
        self._closing.push_async_callback(self.asterisk.stop)
        await asyncio.gather(self._fill_database(), self._start_telephony())
        await self._open_connections()
        self.service = Service(self.env, logs / "service.log", self.env["SWITCHBOARD_HTTP"], self.program)
        self._closing.push_async_callback(self.service.stop)
        if self._serving:
            await self.service.start()
            await self.open_shift()

    async def _start_telephony(self) -> None:
        await run_command(self.env, "asterisk-files", str(self.folder / "generated"))
        await self.asterisk.start()
        await self._start_phones()

    async def _make_database(self) -> str:
        server = self._shared_postgres
        if server is None:
            server = Postgres(self.folder)
            self._closing.push_async_callback(server.stop)
            await server.start()
        self.postgres = server
        name = f"switchboard_{secrets.token_hex(4)}"
        url = await server.create_database(name)
        if self._shared_postgres is not None:
            self._closing.push_async_callback(server.drop_database, name)
        return url

    async def _fill_database(self) -> None:
        await processes.output_of(
            [sys.executable, str(_MAKE_SAMPLE_DATA), "--to", str(self.folder / "sample-data")], timeout_s=60
        )
        await run_command(self.env, "migrate")
        for what in ("clients", "receivables"):
            await run_command(self.env, what, "import", str(self.folder / "sample-data" / f"{what}.csv"))

    def _environment(self) -> dict[str, str]:
        password_file = self.folder / "phone_secrets.toml"
        password_file.touch(mode=0o600)
        password_file.write_text("".join(f'{phone} = "{secret}"\n' for phone, secret in self._secrets.items()))
        return {
            "SWITCHBOARD_CONFIG": str(self.config),
            "SWITCHBOARD_DATA": str(self.folder / "service"),
            "SWITCHBOARD_DATABASE_URL": self.database_url,
            "SWITCHBOARD_ARI_URL": self.settings.ari_url,
            "SWITCHBOARD_ARI_USER": self.settings.ari_user,
            "SWITCHBOARD_ARI_PASSWORD": self.settings.ari_password,
            "SWITCHBOARD_HTTP": f"127.0.0.1:{free_tcp_port()}",
            "SWITCHBOARD_PHONE_SECRETS": str(password_file),
            "SWITCHBOARD_PINS": str(self.pins_file),
            "SWITCHBOARD_QUEUE_LOG": str(self.asterisk.queue_log),
            "SWITCHBOARD_SMTP": f"127.0.0.1:{self.mail_port}",
            "SWITCHBOARD_SMTP_TLS": "none",
            "SWITCHBOARD_SMTP_FROM": "switchboard@example.com",
        }

    async def _open_connections(self) -> None:
        basic = aiohttp.encode_basic_auth(self.settings.ari_user, self.settings.ari_password)
        self._http = aiohttp.ClientSession(headers={"Authorization": basic}, timeout=aiohttp.ClientTimeout(total=10))
        self._closing.push_async_callback(self._http.close)
        self._database = await asyncpg.create_pool(self.database_url, min_size=1, max_size=4)
        self._closing.push_async_callback(self._database.close)

    async def _start_phones(self) -> None:
        """One for every person, signed on, answering at once."""
        folder, exchange = self.folder / "phones", self.settings.sip
        self.banks: dict[str, PhoneBank] = {
            name: bank(name, folder, exchange, {owner: self._secrets[owner] for owner in owners})
            for name, owners in self._banked.items()
        }
        banked = {owner for owners in self._banked.values() for owner in owners}
        people = [person for person in self.policy.people.values() if person.phone not in banked]
        self.phones: dict[str, Phone] = {
            person.phone: Phone(
                person.phone,
                folder,
                loopback(),
                port,
                secret=self._secrets[person.phone],
                exchange=exchange,
                extension=person.extension,
            )
            for person, port in zip(people, free_udp_ports(len(people)), strict=True)
        }
        self.carrier = Carrier("carrier", folder, self.settings.trunk_host, self.settings.trunk_port, exchange=exchange)
        everybody = [*self.phones.values(), *self.banks.values(), self.carrier]
        for listener in everybody:
            self._closing.push_async_callback(listener.off)
        await asyncio.gather(*(listener.behave(ANSWER) for listener in everybody))
        await self.register_phones()

    async def register_phones(self) -> None:
        """Sign every phone on. Raises ProcessFailed."""
        await phones.register(
            [*self.phones.values(), *(owner for bank in self.banks.values() for owner in bank.owners)]
        )
