"""A Postgres to work with: the one in SWITCHBOARD_DATABASE_URL, or a cluster of our own.

Our own cluster lives in the data folder, on a free loopback port, with a password made for it, and is gone at the
end. Postgres refuses to run as root, so root runs it as another account; where that account may not enter the data
folder (a checkout under /root), the cluster lives in a temporary folder instead.

Either way each user of it gets a database of their own; `template` makes ready-migrated ones cheap to copy.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from devkit import processes
from devkit.ports import free_tcp_port
from devkit.processes import Child, Deadline

URL_VARIABLE = "SWITCHBOARD_DATABASE_URL"
_ACCOUNTS = ("postgres", "nobody")
_OWNER = "switchboard"


class Postgres:
    """A server. `url` leads to its maintenance database; valid between `start` and `stop`.

    `own`: one of our own, whatever server is given, so that it can be made to fail.
    """

    def __init__(self, folder: Path, *, own: bool = False) -> None:
        self.url = ""
        self._own = own
        self._folder = folder
        self._child: Child | None = None
        self._temporary: Path | None = None
        self._made: list[str] = []

    async def start(self) -> None:
        """Use the given server, or make and start one. Raises ProcessFailed, OSError."""
        given = os.environ.get(URL_VARIABLE)
        if given and not self._own:
            self.url = given
            return
        account = _account()
        home = self._home(account)
        password = secrets.token_urlsafe(18)
        port = free_tcp_port()
        await _initialise(home, account, password)
        argv = [str(_binary("postgres")), "-D", str(home / "cluster"), "-p", str(port), "-h", "127.0.0.1"]
        argv += ["-c", "unix_socket_directories=", "-c", "max_connections=60", "-c", "timezone=UTC"]
        self._argv, self._account = argv, account
        self.url = f"postgresql://{_OWNER}:{quote(password)}@127.0.0.1:{port}/postgres"
        await self.start_again()

    async def start_again(self) -> None:
        """Start our own server on what it holds, as after `crash`; returns when it answers."""
        self._child = await processes.start(
            "postgres", self._argv, output=self._folder / "postgres.log", run_as=self._account, cwd=Path("/")
        )
        await self._answers()

    async def stop(self) -> None:
        """Drop what was made on a server that stays, or end our own; returns when it is gone."""
        if self._child is None:
            for name in self._made:
                await self.drop_database(name)
        else:
            await self._child.stop(signal.SIGINT)  # Postgres: disconnect everybody, then end
            self._child = None
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    async def create_database(self, name: str, template: str | None = None) -> str:
        """Make a database, empty or a copy of `template` (to which nobody may be connected); its URL."""
        copied = f" TEMPLATE {_quoted(template)}" if template else ""
        await self._do(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")
        await self._do(f"CREATE DATABASE {_quoted(name)}{copied}")
        self._made.append(name)
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    async def drop_database(self, name: str) -> None:
        """Drop it, whoever is connected."""
        await self._do(f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)")
        self._made = [made for made in self._made if made != name]

    async def pause(self) -> None:
        """Make our own server stop answering without ending it, as an outage: for tests of outages."""
        self._signal_all(signal.SIGSTOP)

    async def resume(self) -> None:
        """End the outage."""
        self._signal_all(signal.SIGCONT)

    async def crash(self) -> None:
        """End our own server at once, everybody's connection with it; `start_again` brings it back."""
        await self._ours().stop(signal.SIGQUIT)  # Postgres: immediate shutdown, recovery at the next start

    async def kill(self) -> None:
        """kill -9 of our own server and all that serves for it; `start_again` brings it back."""
        self._signal_all(signal.SIGKILL)
        await self._ours().kill()

    def _signal_all(self, number: signal.Signals) -> None:
        """The server and the processes that serve its connections, each of which leads a group of its own."""
        server = self._ours().pid
        children = Path(f"/proc/{server}/task/{server}/children")
        os.kill(server, number)  # first: from then on it makes no more of them
        for child in children.read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(child), number)

    def _ours(self) -> Child:
        if self._child is None:
            raise RuntimeError("only a server of our own can be made to fail")
        return self._child

    async def _do(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url, timeout=10)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def _answers(self) -> None:
        deadline = Deadline(30, "Postgres to start")
        while True:
            if self._child is not None:
                self._child.check()
            try:
                return await self._do("SELECT 1")
            except (OSError, asyncpg.PostgresError):
                await deadline.pause(0.05)

    def _home(self, account: str | None) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        home = self._folder / "postgres"
        if account is not None and not _may_enter(account, self._folder):
            self._temporary = home = Path(tempfile.mkdtemp(prefix="switchboard-postgres-"))
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(mode=0o700, parents=True)
        if account is not None:
            owner = pwd.getpwnam(account)
            os.chown(home, owner.pw_uid, owner.pw_gid)
        return home


async def _initialise(home: Path, account: str | None, password: str) -> None:
    """A new cluster. The password goes through a file only its owner can read."""
    word = home / "password"
    word.touch(mode=0o600)
    word.write_text(password)
    if account is not None:
        owner = pwd.getpwnam(account)
        os.chown(word, owner.pw_uid, owner.pw_gid)
    argv = [
        str(_binary("initdb")),
        "-D",
        str(home / "cluster"),
        "-U",
        _OWNER,
        f"--pwfile={word}",
        "-A",
        "scram-sha-256",
    ]
    argv += ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    await processes.output_of(argv, run_as=account, timeout_s=120)
    word.unlink()


def installed() -> bool:
    """Whether the machine has a Postgres server's programs."""
    return bool(_binaries("initdb"))


def _binary(name: str) -> Path:
    return _binaries(name)[-1]


def _binaries(name: str) -> list[Path]:
    """Newest version last."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4]))
    found = shutil.which(name)
    return debian or ([Path(found).resolve()] if found else [])


def _account() -> str | None:
    """Who runs the server. None: we do; only root may not."""
    if os.geteuid() != 0:
        return None
    for name in _ACCOUNTS:
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise LookupError(f"Postgres does not run as root, and there is none of the accounts {', '.join(_ACCOUNTS)}")


def _may_enter(account: str, folder: Path) -> bool:
    group = pwd.getpwnam(account).pw_gid
    argv = ["setpriv", "--reuid", account, "--regid", str(group), "--clear-groups", "test", "-x", str(folder)]
    return subprocess.run(argv, check=False, cwd="/").returncode == 0


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def given() -> bool:
    """Whether the environment names a server to use."""
    return bool(os.environ.get(URL_VARIABLE))
