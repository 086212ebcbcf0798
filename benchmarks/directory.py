"""How fast the client file is with 100 000 clients: importing it, importing it again, and looking numbers up.

    SWITCHBOARD_DATABASE_URL=postgresql://… python -m benchmarks.directory [--clients 100000]

Makes a database of its own on that server (or starts a server), and drops it at the end. Look-ups go through the
same adapter, pool and event loop as in the service, in rounds, so that the spread shows; "at once" is how many calls
arrive in the same moment. What is asked for: an import under 60 s, look-ups under 2 ms at p99.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import secrets
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

import uvloop

from devkit.postgres import Postgres
from switchboard.adapters.postgres.directory import PostgresDirectory, open_directory_pool
from switchboard.adapters.postgres.imports import import_clients, import_receivables
from switchboard.adapters.postgres.schema import migrate
from switchboard.config.load import load
from switchboard.core.phone_number import NumberPlan, PhoneNumber, read_number

ROUNDS, LOOK_UPS = 5, 4_000
CONFIG = Path(__file__).parents[1] / "config"


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


async def look_up(directory: PostgresDirectory, number: PhoneNumber, took_ms: list[float]) -> None:
    started = time.perf_counter()
    found = await directory.find(number)
    took_ms.append((time.perf_counter() - started) * 1000)
    assert len(found) == 1


async def round_of_look_ups(directory: PostgresDirectory, numbers: list[PhoneNumber], at_once: int) -> list[float]:
    took_ms: list[float] = []
    for start in range(0, len(numbers), at_once):
        await asyncio.gather(*(look_up(directory, number, took_ms) for number in numbers[start : start + at_once]))
    return took_ms


def described(rounds: list[list[float]]) -> str:
    medians = [median(took) for took in rounds]
    p99s = [quantiles(took, n=100)[98] for took in rounds]
    slowest = max(max(took) for took in rounds)
    return (
        f"p50 {min(medians):.2f}–{max(medians):.2f} ms   p99 {min(p99s):.2f}–{max(p99s):.2f} ms"
        f"   slowest {slowest:.1f} ms   ({len(rounds)} rounds of {len(rounds[0])})"
    )


async def measure(url: str, clients: int) -> None:
    policy = load(CONFIG)
    print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        numbers = write_files(folder, clients)
        for what, importing, file in (
            ("clients, first time", import_clients, "clients.csv"),
            ("receivables, first time", import_receivables, "receivables.csv"),
            ("clients, again", import_clients, "clients.csv"),
            ("receivables, again", import_receivables, "receivables.csv"),
        ):
            started = time.perf_counter()
            summary = await importing(url, folder / file, policy)
            print(f"{what:24} {time.perf_counter() - started:6.1f} s   {summary}")
    started = time.perf_counter()
    read = [read_number(number, NumberPlan()) for number in numbers[:5_000]]
    print(f"reading a number         {(time.perf_counter() - started) / len(read) * 1e6:6.0f} µs")
    gc.freeze()  # as the service does
    pool = await open_directory_pool(url)
    directory = PostgresDirectory(pool, policy.timezone, WallClock())
    await round_of_look_ups(directory, read[:200], 8)  # connections and plans
    for at_once in (1, 4, 8):
        rounds = []
        for nth in range(ROUNDS):
            chosen = random.Random(nth).sample(numbers, min(LOOK_UPS, len(numbers)))
            rounds.append(await round_of_look_ups(directory, [read_number(n, NumberPlan()) for n in chosen], at_once))
        print(f"look-ups, {at_once} at once       {described(rounds)}")
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
