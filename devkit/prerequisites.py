"""What the machine must have before a company can run on it, installed if missing."""

from pathlib import Path

from devkit import asterisk_tree, debian, postgres


def ensure(logs: Path) -> None:
    """SIPp, baresip, faketime, Postgres' programs and an Asterisk. Nothing is touched on a machine that has them."""
    packages = {"sipp": "sip-tester", "setpriv": "util-linux", "faketime": "faketime", "baresip": "baresip-core"}
    if not postgres.given() and not postgres.installed():
        packages["initdb"] = "postgresql"
    debian.need_commands(packages, logs)
    asterisk_tree.find_or_make(logs)
