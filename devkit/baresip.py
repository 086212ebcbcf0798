"""A phone that is not of our making: Debian's baresip, which hums a tone and hears into nothing.

It is told what to do over its control socket (ctrl_tcp: JSON in netstrings), with the words of its own menu.
"""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from devkit import processes
from devkit.ports import free_tcp_port, free_udp_ports, loopback
from devkit.processes import Child, Deadline, ProcessFailed

_MODULES = Path("/usr/lib/baresip/modules")
_CONFIG = """\
poll_method epoll
sip_listen {address}:{port}
call_max_calls 4
audio_player aubridge,{name}
audio_source ausine,{hertz}
audio_alert aubridge,{name}
ausrc_srate 48000
ausrc_channels 2
rtp_ports 40000-49999
module_path {modules}
module g711.so
module ausine.so
module aubridge.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
"""


def installed() -> bool:
    """Whether the machine has it (Debian: baresip-core)."""
    return (_MODULES / "ctrl_tcp.so").exists()


@dataclass
class Baresip:
    """One phone, signed on as `name`; answers by itself. `events` is all that it said, as it said it."""

    name: str
    events: list[dict[str, Any]] = field(default_factory=list)
    _child: Child | None = None
    _writer: asyncio.StreamWriter | None = None
    _reading: "asyncio.Task[None] | None" = None

    @classmethod
    async def start(cls, name: str, folder: Path, exchange: str, secret: str, *, hertz: int = 1_000) -> Self:
        """Returns when it has signed on. Raises ProcessFailed, TimeoutError."""
        home = folder / f"baresip-{name}"
        home.mkdir(parents=True, exist_ok=True)
        control, [port] = free_tcp_port(), free_udp_ports(1)
        values = {"name": name, "address": loopback(), "port": port, "hertz": hertz, "control": control}
        (home / "config").write_text(_CONFIG.format(modules=_MODULES, **values))
        (home / "contacts").write_text("")
        account = home / "accounts"
        account.touch(mode=0o600)
        account.write_text(f"<sip:{name}@{exchange}>;auth_pass={secret};answermode=auto;regint=300;audio_codecs=pcma\n")
        phone = cls(name)
        phone._child = await processes.start(f"baresip {name}", ["baresip", "-f", str(home)], output=home / "output")
        await phone._connect(control)
        deadline = Deadline(10, f"baresip {name} to sign on")
        while " 200 OK " not in (home / "output").read_text(errors="replace"):
            await deadline.pause(0.05)
        return phone

    async def command(self, word: str, parameters: str = "") -> dict[str, Any]:
        """Tell it something, e.g. "hold"; its answer. Raises ProcessFailed if it says no."""
        assert self._writer is not None
        before = len(self.events)
        asked = json.dumps({"command": word, "params": parameters, "token": word}).encode()
        self._writer.write(b"%d:%s," % (len(asked), asked))
        await self._writer.drain()
        deadline = Deadline(5, f"baresip to answer to {word}")
        while not (answers := [one for one in self.events[before:] if one.get("response")]):
            await deadline.pause()
        if not answers[0].get("ok"):
            raise ProcessFailed(f"baresip says no to {word} {parameters}: {answers[0]}")
        return answers[0]

    async def said(self, kind: str, times: int = 1, timeout_s: float = 10) -> dict[str, Any]:
        """Wait until it has told of this event so many times; the latest of those."""
        deadline = Deadline(timeout_s, f"baresip to say {kind}")
        while len(found := [one for one in self.events if one.get("type") == kind]) < times:
            await deadline.pause()
        return found[times - 1]

    async def stop(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()
        if self._child is not None:
            await self._child.stop()

    async def _connect(self, port: int) -> None:
        assert self._child is not None
        deadline = Deadline(10, "baresip to listen")
        while True:
            self._child.check()
            try:
                reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await deadline.pause(0.05)
                continue
            self._reading = asyncio.create_task(self._read(reader))
            return

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while True:
            length = int((await reader.readuntil(b":"))[:-1])
            self.events.append(json.loads(await reader.readexactly(length)))
            await reader.readexactly(1)
