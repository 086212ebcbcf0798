"""The peer: the same phones and callers, served by Asterisk's own `Queue()`, with its call records in Postgres.

`cdr_pgsql` is how people keep records of such a queue. Nothing of ours runs; the same faults are put to both, and both
numbers are printed. What the peer does is not what it promises: it promises none of this.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import asyncpg

from devkit.company import Company
from devkit.peer import queue_at_its_best

LINE = "74950009903"
_DIALPLAN = f"""
[from-trunk]
exten => +{LINE},1,Answer()
 same => n,Queue(peer,,,,300)
"""
_RECORDS_ON = "\n[general](+)\nenable = yes\n"
_COLUMNS = (
    *("accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata", "disposition"),
    *("uniqueid", "linkedid", "peeraccount", "userfield"),
)
_TABLE = (
    'CREATE TABLE cdr (calldate timestamptz, start timestamptz, answer timestamptz, "end" timestamptz,'
    " duration integer, billsec integer, amaflags integer, sequence integer, "
    + ", ".join(f"{name} text" for name in _COLUMNS)
    + ")"
)


async def open_peer(company: Company, operators: Sequence[str]) -> None:
    """Turn a company whose service is stopped into the peer; these people serve its queue, on number ``+LINE``."""
    await company.query(_TABLE)
    at = urlsplit(company.database_url)
    asterisk = company.asterisk
    asterisk.add(
        "cdr_pgsql.conf",
        f"[global]\nhostname={at.hostname}\nport={at.port}\ndbname={at.path[1:]}\nuser={at.username}\n"
        f"password={at.password}\ntable=cdr\n",
    )
    asterisk.add("cdr.conf", _RECORDS_ON)
    asterisk.add("modules.conf", "\nload = cdr_pgsql.so\n")
    asterisk.add("queues.conf", queue_at_its_best("peer", operators))
    asterisk.add("extensions.conf", _DIALPLAN)
    await asterisk.stop()
    await asterisk.start()
    await company.register_phones()


async def records(company: Company) -> list[asyncpg.Record]:
    """The peer's rows so far: one for each channel that ``Queue()`` connected, or that left it."""
    return await company.query("SELECT src, disposition, billsec FROM cdr ORDER BY start")
