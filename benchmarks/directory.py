"""How fast the client file is with 100 000 clients: importing it, importing it again, copying it, looking numbers up.

    SWITCHBOARD_DATABASE_URL=postgresql://… python -m benchmarks.directory [--clients 100000]

Makes a database of its own on that server (or starts a server), and drops it at the end. Look-ups go through the
same adapter, pool and event loop as in the service, in rounds, so that the spread shows; "at once" is how many calls
arrive in the same moment. While the copy is filled, and while it takes over an import, a watch notes for how long at
most the event loop was held: that is how long a call can be kept waiting by it. What is asked for: an import under
60 s, look-ups under 2 ms at p99.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from typing import Self

import uvloop

from devkit.postgres import Postgres
from switchboard.adapters.postgres.directory import PostgresDirectory, open_directory_pool
from switchboard.adapters.postgres.follow import Follower
from switchboard.adapters.postgres.imports import import_clients, import_receivables
from switchboard.adapters.postgres.local_directory import LocalDirectory
from switchboard.adapters.postgres.replica import Replica
from switchboard.adapters.postgres.schema import migrate
from switchboard.config.load import load
from switchboard.core.phone_number import NumberPlan, PhoneNumber, read_number
from switchboard.core.policy import Policy
from switchboard.engine.ports import Directory

ROUNDS, LOOK_UPS = 5, 4_000
CONFIG = Path(__file__).parents[1] / "config"
IMPORT = f"""
import asyncio, sys
from pathlib import Path
from switchboard.adapters.postgres.imports import import_clients
from switchboard.config.load import load
asyncio.run(import_clients(sys.argv[1], Path(sys.argv[2]), load(Path({str(CONFIG)!r}))))
"""
"""In a process of its own, as in life: reading a file of that size holds an event loop for seconds."""


class WallClock:
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


def write_files(folder: Path, clients: int) -> list[str]:
    """A client file with 1.3 phones a client in mixed spellings, and what half of them owe; all their numbers."""
    chance = random.Random(1)
    numbers: list[str] = []
    people = [person for person in load(CONFIG).people.values() if person.role.value == "manager"]
    with (folder / "clients.csv").open("w") as file, (folder / "receivables.csv").open("w") as owed:
        file.write("client_id;name;class;manager;phones;credit_limit\n")
        owed.write("client_id;document;amount;due_on\n")
        for nth in range(clients):
            phones = []
            for _ in range(chance.choices((1, 2), weights=(7, 3))[0]):
                local = f"{len(numbers):07d}"
                area = "495" if len(numbers) % 2 else "812"
                numbers.append(f"+7{area}{local}")
                forms = (f"+7{area}{local}", f"8 ({area}) {local[:3]}-{local[3:5]}-{local[5:]}", f"8{area}{local}")
                phones.append(chance.choice(forms))
            name = f"Client {nth};{chance.choice(['key', 'retail', 'market'])};{chance.choice(people).person_id}"
            file.write(f"C{nth};{name};{', '.join(phones)};100 000,00\n")
            for document in range(chance.choice((0, 0, 1, 3))):
                owed.write(f"C{nth};D{document};{chance.randint(1, 90_000)},50;2026-{chance.randint(1, 12):02}-15\n")
    return numbers


class Watch:
    """Notes by how much the event loop was late to wake somebody who slept for a millisecond, and how long its thread
    was at work meanwhile: the rest of the delay is the machine's, whose processors Postgres and others want too."""

    def __init__(self) -> None:
        self.late_ms: list[float] = []
        self.worked_ms: list[float] = []

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    async def _look(self) -> None:
        while True:
            started, work = time.perf_counter(), time.thread_time()
            await asyncio.sleep(0.001)
            self.late_ms.append((time.perf_counter() - started) * 1000 - 1)
            self.worked_ms.append((time.thread_time() - work) * 1000)

    def __str__(self) -> str:
        late, worked = (
            f"p99 {quantiles(ms, n=100)[98]:.1f}, longest {max(ms):.1f} ms" for ms in (self.late_ms, self.worked_ms)
        )
        return f"event loop late by {late}, itself at work {worked}"


async def look_up(directory: Directory, number: PhoneNumber, took_ms: list[float]) -> None:
    started = time.perf_counter()
    found = await directory.find(number)
    took_ms.append((time.perf_counter() - started) * 1000)
    assert len(found) == 1


async def round_of_look_ups(directory: Directory, numbers: list[PhoneNumber], at_once: int) -> list[float]:
    took_ms: list[float] = []
    for start in range(0, len(numbers), at_once):
        await asyncio.gather(*(look_up(directory, number, took_ms) for number in numbers[start : start + at_once]))
    return took_ms


def described(rounds: list[list[float]]) -> str:
    medians = [median(took) for took in rounds]
    p99s = [quantiles(took, n=100)[98] for took in rounds]
    slowest = max(max(took) for took in rounds)
    return (
        f"p50 {min(medians):.3f}–{max(medians):.3f} ms   p99 {min(p99s):.3f}–{max(p99s):.3f} ms"
        f"   slowest {slowest:.1f} ms   ({len(rounds)} rounds of {len(rounds[0])})"
    )


async def import_files(url: str, folder: Path, policy: Policy) -> None:
    for what, importing, file in (
        ("clients, first time", import_clients, "clients.csv"),
        ("receivables, first time", import_receivables, "receivables.csv"),
        ("clients, again", import_clients, "clients.csv"),
        ("receivables, again", import_receivables, "receivables.csv"),
    ):
        started = time.perf_counter()
        summary = await importing(url, folder / file, policy)
        print(f"{what:24} {time.perf_counter() - started:6.1f} s   {summary}")


async def look_up_in_rounds(what: str, directory: Directory, numbers: list[str]) -> None:
    warming = random.Random(-1).sample(numbers, min(200, len(numbers)))  # connections and plans
    await round_of_look_ups(directory, [read_number(number, NumberPlan()) for number in warming], 8)
    for at_once in (1, 4, 8):
        rounds = []
        for nth in range(ROUNDS):
            chosen = random.Random(nth).sample(numbers, min(LOOK_UPS, len(numbers)))
            rounds.append(await round_of_look_ups(directory, [read_number(n, NumberPlan()) for n in chosen], at_once))
        print(f"{what}, {at_once} at once   {described(rounds)}")


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(300):
        while not true():  # noqa: ASYNC110 (a benchmark may look again and again)
            await asyncio.sleep(0.005)


async def measure_copy(url: str, folder: Path, policy: Policy, numbers: list[str], direct: PostgresDirectory) -> None:
    """Fill a copy, look up in it, and let it take over an import that touches every client."""
    gc.freeze()  # as the service does
    clock = WallClock()
    replica = Replica(folder / "directory.db", clock)
    directory = LocalDirectory(replica, direct, policy.timezone, clock)
    async with Watch() as watch:
        started = time.perf_counter()
        following = asyncio.create_task(Follower(url, replica, clock).run())
        await until(lambda: replica.filled)
        size_mb = (folder / "directory.db").stat().st_size / 1e6
        print(f"filling the copy         {time.perf_counter() - started:6.1f} s   {size_mb:.0f} MB   {watch}")
    await look_up_in_rounds("from the copy", directory, numbers)
    file = folder / "clients.csv"
    file.write_text(file.read_text().replace(";Client ", ";Customer "))
    importing = await asyncio.create_subprocess_exec(sys.executable, "-c", IMPORT, url, str(file))
    await importing.wait()
    number = read_number(numbers[-1], NumberPlan())
    async with Watch() as watch:
        started = time.perf_counter()
        took_ms: list[float] = []
        while "Customer" not in (await directory.find(number))[0].name:
            await look_up(directory, number, took_ms)
            await asyncio.sleep(0.002)
        print(f"taking over an import    {time.perf_counter() - started:6.1f} s   {watch}")
        print(f"look-ups meanwhile       {described([took_ms])}")
    following.cancel()
    await asyncio.wait({following})
    replica.close()


async def measure(url: str, clients: int) -> None:
    policy = load(CONFIG)
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        numbers = write_files(folder, clients)
        await import_files(url, folder, policy)
        started = time.perf_counter()
        for number in numbers[:5_000]:
            read_number(number, NumberPlan())
        print(f"reading a number         {(time.perf_counter() - started) / 5_000 * 1e6:6.0f} µs")
        gc.freeze()  # as the service does
        pool = await open_directory_pool(url)
        direct = PostgresDirectory(pool, policy.timezone, WallClock())
        await look_up_in_rounds("from Postgres", direct, numbers)
        await measure_copy(url, folder, policy, numbers, direct)
        pool.terminate()


async def main() -> None:
    words = argparse.ArgumentParser(description="Measure imports and look-ups.")
    words.add_argument("--clients", type=int, default=100_000)
    chosen = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Postgres(Path(folder))
        await server.start()
        try:
            name = f"switchboard_bench_{os.getpid()}_{secrets.token_hex(3)}"
            url = await server.create_database(name)
            await asyncio.to_thread(migrate, url)
            await measure(url, chosen.clients)
        finally:
            await server.stop()


if __name__ == "__main__":
    uvloop.run(main())
