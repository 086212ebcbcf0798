"""Where Asterisk comes from: the machine's own if it is new enough, else a private tree unpacked from Debian.

Debian 12 has no asterisk package, Debian unstable has one. mmdebstrap unpacks it with all its libraries into a cache
folder; it runs from there through the tree's own loader, without chroot, root or a change to the machine. The folder
is named after the package list, built under another name and then renamed, so a half-made tree is never taken for one
and a fresh clone finds it warm.
"""

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from devkit.debian import as_root, need_commands, run_shown, say

OLDEST_VERSION = (22, 10, 1)
"""Below this, read-only ARI accounts could write and live_dangerously was ignored."""

SUITE = "sid"
PACKAGES = tuple(
    line
    for line in (Path(__file__).parent / "asterisk-packages.txt").read_text().split("\n")
    if line and line[0] != "#"
)

_SOUNDS = {"en": "en_US_f_Allison", "ru": "ru_RU_f_IvrvoiceRU"}


@dataclass(frozen=True)
class AsteriskTree:
    """An Asterisk that can be run. `command` starts its binary; the folders are its read-only parts."""

    command: tuple[str, ...]
    modules_dir: Path
    data_dir: Path
    version: str


def find_or_make(logs: Path) -> AsteriskTree:
    """The machine's Asterisk, or the private one, made now if need be (half a minute and a download)."""
    return _system_asterisk() or _private_tree(logs)


def _system_asterisk() -> AsteriskTree | None:
    binary = shutil.which("asterisk", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
    if binary is None:
        return None
    version = _version_of((binary,))
    if _numbers(version) < OLDEST_VERSION:
        oldest = ".".join(map(str, OLDEST_VERSION))
        say(f"The machine's Asterisk is {version}, older than {oldest}: using a private one.")
        return None
    modules = [path for path in _system_module_dirs() if (path / "res_ari.so").exists()]
    data = [path for path in _system_data_dirs() if (path / "sounds" / "en").exists() and (path / "moh").exists()]
    if not modules or not data:
        say(f"The machine's Asterisk {version} lacks ARI modules, English sounds or music: using a private one.")
        return None
    return AsteriskTree((binary,), modules[0], data[0], version)


def _system_module_dirs() -> list[Path]:
    return [Path(f"/usr/lib/{_multiarch()}/asterisk/modules"), *map(Path, _MODULE_DIRS)]


def _system_data_dirs() -> list[Path]:
    return [Path("/usr/share/asterisk"), Path("/var/lib/asterisk")]


_MODULE_DIRS = ("/usr/lib/asterisk/modules", "/usr/lib64/asterisk/modules")


def _private_tree(logs: Path) -> AsteriskTree:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "switchboard"
    cache.mkdir(parents=True, exist_ok=True)
    root = cache / f"asterisk-{_fingerprint()}"
    if not root.exists():
        with (cache / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two of us at once: the second finds it made
            if not root.exists():
                _make(root, logs)
    return _tree_at(root)


def _fingerprint() -> str:
    text = " ".join((SUITE, platform.machine(), *PACKAGES))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _make(root: Path, logs: Path) -> None:
    need_commands({"mmdebstrap": "mmdebstrap"}, logs)
    building = root.with_name(root.name + ".building")
    _remove(building)
    argv = [
        "mmdebstrap",
        "--variant=apt",
        *_apt_options(),
        f"--include={','.join(PACKAGES)}",
        SUITE,
        str(building),
    ]
    run_shown("Unpacking a private Asterisk from Debian", as_root(argv, "mmdebstrap"), logs / "mmdebstrap.log")
    if os.geteuid() != 0:
        owner = f"{os.geteuid()}:{os.getegid()}"
        subprocess.run(as_root(["chown", "-R", owner, str(building)], "chown"), check=True)
    _mend_sounds(building)
    shutil.rmtree(building / "var/cache/apt", ignore_errors=True)
    shutil.rmtree(building / "var/lib/apt/lists", ignore_errors=True)
    _tree_at(building)  # it runs, or this raises
    building.rename(root)


def _remove(folder: Path) -> None:
    if folder.exists():
        subprocess.run(as_root(["rm", "-rf", "--one-file-system", str(folder)], "rm"), check=True)


def _apt_options() -> list[str]:
    """The machine's own word on whether expired lists are good enough: frozen mirrors need it."""
    dump = subprocess.run(
        ["apt-config", "dump", "Acquire::Check-Valid-Until"], capture_output=True, text=True, check=False
    ).stdout
    setting = re.search(r'Acquire::Check-Valid-Until "(\w+)"', dump)
    return [f'--aptopt=Acquire::Check-Valid-Until "{setting[1]}"'] if setting else []


def _mend_sounds(root: Path) -> None:
    """Debian names the languages by /etc/alternatives, which point out of the tree: name them inside it."""
    sounds = root / "usr/share/asterisk/sounds"
    for link in sounds.iterdir():
        if link.is_symlink():
            link.unlink()
    for language, voice in _SOUNDS.items():
        (sounds / language).symlink_to(voice)


def _tree_at(root: Path) -> AsteriskTree:
    libraries = root / "usr/lib" / _multiarch()
    command = (*_loader(root), "--library-path", str(libraries), str(root / "usr/sbin/asterisk"))
    version = _version_of(command)
    return AsteriskTree(command, libraries / "asterisk/modules", root / "usr/share/asterisk", version)


def _loader(root: Path) -> tuple[str, ...]:
    names = {"x86_64": "lib64/ld-linux-x86-64.so.2", "aarch64": "lib/ld-linux-aarch64.so.1"}
    return (str(root / names[platform.machine()]),)


def _multiarch() -> str:
    return f"{platform.machine()}-linux-gnu"


def _version_of(command: tuple[str, ...]) -> str:
    """ "22.10.1" out of "Asterisk 22.10.1~dfsg+~cs6.15.60671435-1"."""
    printed = subprocess.run([*command, "-V"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+(\.\d+)+", printed)
    if found is None:
        raise RuntimeError(f"{' '.join(command)} -V printed {printed!r}")
    return found[0]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
