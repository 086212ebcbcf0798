"""How much processor time processes used, from /proc.

A process counts with all its children, those that ended included: Postgres has one process for each connection.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class _Process:
    pid: int
    parent: int
    name: str
    used_ms: float


@dataclass(frozen=True)
class Reading:
    """``used_ms``: by name, since each process began; ``machine_ms``: all work of all processors; ``stolen_ms``: taken
    from this machine by its host; ``all_ms``: what all processors together had to give, work or not."""

    used_ms: Mapping[str, float]
    machine_ms: float
    stolen_ms: float
    all_ms: float

    def since(self, earlier: Reading) -> Reading:
        """What was used between the two."""
        used_ms = {name: ms - earlier.used_ms.get(name, 0.0) for name, ms in self.used_ms.items()}
        return Reading(
            used_ms,
            self.machine_ms - earlier.machine_ms,
            self.stolen_ms - earlier.stolen_ms,
            self.all_ms - earlier.all_ms,
        )

    @property
    def others(self) -> float:
        """The part of this machine, 0–1, that went to work which was none of the named processes'."""
        return max(0.0, self.machine_ms - sum(self.used_ms.values())) / max(1.0, self.all_ms)


def read(roots: Mapping[str, int], our_children: Mapping[str, str]) -> Reading:
    """``roots``: process ids by what to call them; ``our_children``: children of this process by program name, and
    what to call them together. A root that is gone counts nothing."""
    processes = {process.pid: process for process in _all()}
    used_ms = {name: _with_children(pid, processes) for name, pid in roots.items()}
    for program, name in our_children.items():
        mine = [p.pid for p in processes.values() if p.parent == os.getpid() and p.name == program]
        used_ms[name] = sum(_with_children(pid, processes) for pid in mine)
    all_processors = Path("/proc/stat").read_text().split()[1:9]
    user, nice, system, idle, waits, irq, soft, stolen = (int(ticks) * _TICK_MS for ticks in all_processors)
    worked = user + nice + system + irq + soft
    return Reading(used_ms, worked, stolen, worked + idle + waits + stolen)


def parent_of(pid: int, program: str) -> int | None:
    """The parent of ``pid``, if both are that program on this machine."""
    process, parent = _read(pid), None
    if process is not None and process.name == program:
        parent = _read(process.parent)
    return parent.pid if parent is not None and parent.name == program else None


def _with_children(pid: int, processes: Mapping[int, _Process]) -> float:
    own = processes[pid].used_ms if pid in processes else 0.0
    return own + sum(_with_children(p.pid, processes) for p in processes.values() if p.parent == pid)


def _all() -> list[_Process]:
    found = (_read(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [process for process in found if process is not None]


def _read(pid: int) -> _Process | None:
    """None: there is no such process (any more)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    name = text[text.index("(") + 1 : text.rindex(")")]
    fields = text[text.rindex(")") + 2 :].split()
    return _Process(pid, int(fields[1]), name, sum(map(int, fields[11:15])) * _TICK_MS)  # user, system; of the ended
