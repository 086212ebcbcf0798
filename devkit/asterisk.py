"""One private Asterisk in a data folder.

Its settings are the project's own `asterisk-config/` and `dialplan/`, copied with ports, folders and passwords filled
in (`@name@`), plus `generated/`, made from the company's staff file. Several run side by side: everything an
Asterisk writes, and every port it opens, is this instance's own.
"""

import re
import secrets
import shutil
import signal
from dataclasses import dataclass, field
from pathlib import Path

from devkit import processes
from devkit.asterisk_tree import AsteriskTree
from devkit.ports import free_tcp_port, free_udp_ports, loopback
from devkit.processes import Child, Deadline, ProcessFailed

PROJECT = Path(__file__).resolve().parent.parent
GENERATED = ("pjsip_phones.conf", "queues_fallback.conf", "extensions_staff.conf")
"""What `switchboard asterisk-files OUT` writes into `generated/`."""

_PLACE = re.compile(r"@(\w+)@")
_LONGEST_START_S = 30


@dataclass(frozen=True)
class Settings:
    """The values that differ between two Asterisks. Addresses are loopback: one for us, one for the carrier."""

    sip_address: str = field(default_factory=loopback)
    sip_port: int = field(default_factory=lambda: free_udp_ports(1)[0])
    http_address: str = "127.0.0.1"
    http_port: int = field(default_factory=free_tcp_port)
    ari_user: str = "switchboard"
    ari_password: str = field(default_factory=lambda: secrets.token_urlsafe(18), repr=False)
    trunk_host: str = field(default_factory=lambda: loopback(2))
    trunk_port: int = field(default_factory=lambda: free_udp_ports(1, loopback(2))[0])
    trunk_user: str = "switchboard"
    trunk_password: str = field(default_factory=lambda: secrets.token_urlsafe(18), repr=False)
    rtp_first_port: int = 20000
    rtp_last_port: int = 29999
    language: str = "en"
    tone_zone: str = "us"

    @property
    def ari_url(self) -> str:
        return f"http://{self.http_address}:{self.http_port}/ari"

    @property
    def sip(self) -> str:
        """host:port, as phones and the carrier dial it."""
        return f"{self.sip_address}:{self.sip_port}"


class Asterisk:
    """An instance in `folder`, made of `tree`, with the generated files of one company in `generated`."""

    def __init__(self, tree: AsteriskTree, folder: Path, settings: Settings, generated: Path) -> None:
        self.settings = settings
        self._tree = tree
        self.sounds = tree.data_dir / "sounds"
        self._folder = folder
        self._generated = generated
        self._etc = folder / "etc"
        self._added: list[tuple[str, str]] = []
        self._child: Child | None = None

    @property
    def log(self) -> Path:
        """Notices, warnings and errors."""
        return self._folder / "log" / "messages.log"

    @property
    def queue_log(self) -> Path:
        """What its own queue did."""
        return self._folder / "log" / "queue_log"

    @property
    def recordings(self) -> Path:
        """Where it writes what it records."""
        return self._folder / "spool" / "recording"

    @property
    def pid(self) -> int:
        return self._running.pid

    async def start(self) -> None:
        """Write the settings and start; returns when Asterisk is fully booted. Raises ProcessFailed."""
        self._write_settings()
        argv = [*self._tree.command, "-C", str(self._etc / "asterisk.conf"), "-f"]
        console = self._folder / "console.log"
        self._child = await processes.start("asterisk", argv, output=console)
        deadline = Deadline(_LONGEST_START_S, "Asterisk to start")
        while not await self._booted():
            self._child.check()
            await deadline.pause(0.05)

    def add(self, file: str, text: str) -> None:
        """Append to a settings file, now and at every later start: for what is no part of the product."""
        self._added.append((file, text))
        with (self._etc / file).open("a") as settings:
            settings.write(text)

    async def stop(self) -> None:
        """End it in order: calls are hung up. Returns when it is gone."""
        if self._child is not None:
            await self._child.stop(signal.SIGTERM)
            self._child = None

    async def kill(self) -> None:
        """End it as a crash would."""
        await self._running.kill()
        self._child = None

    async def rx(self, command: str) -> str:
        """What Asterisk's console prints for `command`."""
        argv = [*self._tree.command, "-C", str(self._etc / "asterisk.conf"), "-rx", command]
        return await processes.output_of(argv, timeout_s=20)

    async def reload_generated(self) -> None:
        """Take over changed files of the company: phones, fallback queue, extensions."""
        self._copy_generated()
        for command in ("module reload res_pjsip.so", "queue reload all", "dialplan reload"):
            await self.rx(command)

    def complaints(self) -> list[str]:
        """Warnings and errors logged so far."""
        if not self.log.exists():
            return []
        return [line for line in self.log.read_text(errors="replace").splitlines() if _is_complaint(line)]

    @property
    def _running(self) -> Child:
        if self._child is None:
            raise RuntimeError("Asterisk is not running")
        return self._child

    async def _booted(self) -> bool:
        if not (self._folder / "run" / "asterisk.ctl").exists():
            return False
        try:
            return "fully booted" in (await self.rx("core waitfullybooted")).lower()
        except ProcessFailed:
            return False

    def _write_settings(self) -> None:
        for name in ("etc/dialplan", "etc/generated", "state", "spool/recording", "run", "log"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        values = self._values()
        for source in sorted((PROJECT / "asterisk-config").glob("*.conf")):
            _render(source, self._etc / source.name, values)
        for source in sorted((PROJECT / "dialplan").glob("*.conf")):
            _render(source, self._etc / "dialplan" / source.name, values)
        self._copy_generated()
        for name, text in self._added:
            with (self._etc / name).open("a") as settings:
                settings.write(text)

    def _copy_generated(self) -> None:
        for name in GENERATED:
            target = self._etc / "generated" / name
            shutil.copyfile(self._generated / name, target)
            target.chmod(0o600)

    def _values(self) -> dict[str, str]:
        folders = {
            "etc_dir": self._etc,
            "modules_dir": self._tree.modules_dir,
            "data_dir": self._tree.data_dir,
            **{f"{name}_dir": self._folder / name for name in ("state", "spool", "run", "log")},
        }
        return {name: str(value) for name, value in (vars(self.settings) | folders).items()}


def _render(source: Path, target: Path, values: dict[str, str]) -> None:
    """Copy with every `@name@` filled in. A name nobody knows is an error: KeyError."""
    text = _PLACE.sub(lambda place: values[place[1]], source.read_text())
    target.touch(mode=0o600)
    target.chmod(0o600)
    target.write_text(text)


def _is_complaint(line: str) -> bool:
    return bool(re.search(r"\] (WARNING|ERROR)\[", line))
