"""Writes the sample company's client file: ``clients.csv`` and ``receivables.csv``, about 200 clients of all classes.

    python sample-data/generate.py --to FOLDER [--today 2026-01-31]

The same day gives the same files. They are made, not kept, because debts are overdue and clients asleep *as of today*.
Everything in them is made up: names say so, and the numbers lie where no subscriber is (+7 495 000-…; Moscow's local
numbers do not begin with 0), though libphonenumber finds them valid. Managers are those of ``config/staff.toml``.

The clients D-01 … D-20 are the cast of the demo and of the tests on real phones, one number for each row of their
table: see README.md beside this file. The rest is the crowd, in the spellings that real client files have.
"""

from __future__ import annotations

import argparse
import csv
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

SEED = 20_010_901
KEY_MANAGERS, MANAGERS, REGIONAL_MANAGER = ("kirill", "karina"), ("maxim", "marina"), "marina"
CROWD = {"key": 18, "market": 55, "own_point": 12, "retail": 70, "regional": 30}
PREFIXES = {"key": "KE", "market": "MA", "own_point": "OW", "retail": "RE", "regional": "RG"}
CLIENT_COLUMNS = ("client_id", "name", "class", "manager", "department", "credit_limit", "price_column",
                  "last_order_on", "phones")  # fmt: skip
RECEIVABLE_COLUMNS = ("client_id", "document", "amount", "due_on")


@dataclass
class Client:
    client_id: str
    name: str
    client_class: str
    phones: str
    manager: str = ""
    credit_limit: int | None = None
    ordered_days_ago: int = 5
    owes: list[tuple[int, int]] = field(default_factory=list)
    """(amount in roubles, days until due; below zero: overdue for so many days)"""

    @property
    def department(self) -> str:
        return "regional" if self.client_class == "regional" else "wholesale"


def cast() -> list[Client]:
    """The clients that the demo and the real tests call as, each by the number that ends in its row's number."""
    return [
        Client("D-01", "Demo Retail (row 1)", "retail", "8 (495) 000-10-01", "maxim", 50_000, owes=[(12_000, 14)]),
        Client("D-02", "Demo Key Account (row 2)", "key", "+7 495 000-10-02, 8 495 000 11 02", "kirill"),
        Client("D-03", "Demo Key Account (row 3)", "key", "+74950001003", "karina", 900_000, owes=[(400_000, 20)]),
        Client("D-04", "Demo Key Account (row 4)", "key", "84950001004", "kirill"),
        Client("D-05", "Demo Key Account (row 5)", "key", "+8 (495) 000-10-05", "karina"),
        Client("D-07", "Demo Shop without Manager (row 7)", "retail", "(495) 000-10-07"),
        Client("D-08", "Demo Market Trader in Debt (row 8)", "market", "000-10-08", "maxim", owes=[(8_500, -21)]),
        Client("D-09", "Demo Retail over the Limit (row 9)", "retail", "8 495 0001009", "marina", 20_000,
               owes=[(15_000, 10), (9_300, 25)]),
        Client("D-11", "Demo Market Trader (row 11)", "market", "8-495-000-10-11", "maxim"),
        Client("D-12", "Demo Regional Client (row 12)", "regional", "+7 (495) 000-10-12 доб. 45", "marina"),
        Client("D-13", "Demo Retail (row 13)", "retail", "тел. 8 495 000 10 13", "maxim"),
        Client("D-14", "Demo Retail (row 14)", "retail", "+7-495-000-10-14", "maxim"),
        Client("D-20", "Demo Shop, shared Number", "own_point", "+74950001020", "marina", ordered_days_ago=3),
        Client("D-21", "Demo Shop, shared Number, asleep", "own_point", "+74950001021, 8 495 000-10-20", "marina",
               ordered_days_ago=400),
    ]  # fmt: skip


def crowd(chance: random.Random) -> Iterator[Client]:
    """Clients in all states, with phones from +7 495 000-20-00 on."""
    number = 2000
    for client_class, count in CROWD.items():
        for nth in range(1, count + 1):
            phones = []
            for _ in range(chance.choices((1, 2, 3), weights=(70, 22, 8))[0]):
                phones.append(spelling(f"495000{number:04d}", chance))
                number += 1
            managers = {"key": KEY_MANAGERS, "regional": (REGIONAL_MANAGER,)}.get(client_class, MANAGERS)
            client = Client(
                client_id=f"{PREFIXES[client_class]}-{nth:03d}",
                name=f"Sample {client_class.replace('_', ' ').title()} {nth:03d}",
                client_class=client_class,
                phones=", ".join(phones),
                manager="" if chance.random() < 0.05 else chance.choice(managers),
                credit_limit=chance.choice([None, 50_000, 100_000, 300_000]),
                ordered_days_ago=chance.randint(90, 700) if chance.random() < 0.15 else chance.randint(0, 45),
            )
            client.owes = list(debts(client, chance))
            yield client


def debts(client: Client, chance: random.Random) -> Iterator[tuple[int, int]]:
    """Half owe something that is not due yet, well inside the limit; some are overdue, some over the limit."""
    fate = chance.random()
    inside = (client.credit_limit or 100_000) // 4
    if fate < 0.5:
        yield chance.randint(1_000, inside), chance.randint(1, 30)
    if fate < 0.12:
        yield chance.randint(1_000, inside), -chance.randint(1, 120)
    if 0.12 <= fate < 0.17 and client.credit_limit is not None:
        yield client.credit_limit, chance.randint(1, 30)


def spelling(national: str, chance: random.Random) -> str:
    """Ten digits as somebody, somewhere, writes them."""
    a, b, c, d = national[:3], national[3:6], national[6:8], national[8:]
    return chance.choice([
        f"+7{national}", f"8{national}", f"7{national}", national, f"8 ({a}) {b}-{c}-{d}", f"+7 {a} {b}-{c}-{d}",
        f"({a}) {b}{c}{d}", f"8-{a}-{b}-{c}-{d}", f"+8 ({a}) {b}-{c}-{d}", f"{b}-{c}-{d}", f"тел. 8 {a} {b} {c} {d}",
        f"8 ({a}) {b}-{c}-{d} доб. {chance.randint(10, 999)}",
    ])  # fmt: skip


def write(folder: Path, today: date) -> None:
    """Both files into ``folder``: UTF-8 with byte-order mark and semicolons, as Excel in Russia opens them."""
    clients = [*cast(), *crowd(random.Random(SEED))]  # noqa: S311 (the same every time is the point)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "clients.csv").open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file, delimiter=";")
        rows.writerow(CLIENT_COLUMNS)
        for one in clients:
            limit = "" if one.credit_limit is None else f"{one.credit_limit:,}".replace(",", " ") + ",00"
            ordered = (today - timedelta(days=one.ordered_days_ago)).isoformat()
            rows.writerow((one.client_id, one.name, one.client_class, one.manager, one.department, limit,
                           "wholesale 2" if one.client_class == "key" else "wholesale 1", ordered,
                           one.phones))  # fmt: skip
    with (folder / "receivables.csv").open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file, delimiter=";")
        rows.writerow(RECEIVABLE_COLUMNS)
        for one in clients:
            for nth, (amount, days) in enumerate(one.owes, start=1):
                due_on = (today + timedelta(days=days)).strftime("%d.%m.%Y")
                rows.writerow((one.client_id, f"{one.client_id}/{nth}", f"{amount},00", due_on))


def main() -> None:
    words = argparse.ArgumentParser(description="Write the sample company's client file.")
    words.add_argument("--to", type=Path, required=True, metavar="FOLDER")
    words.add_argument("--today", type=date.fromisoformat, default=date.fromisoformat(time.strftime("%Y-%m-%d")))
    chosen = words.parse_args()
    write(chosen.to, chosen.today)


if __name__ == "__main__":
    main()
