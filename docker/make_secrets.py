"""Make the passwords of an installation, once: for Postgres, ARI, the carrier and every phone of the staff.

They land as files in /secrets, where the other containers read them; what is there already stays, so phones keep
their passwords. A new person in staff.toml gets one at the next start.
"""

import secrets
import tomllib
from pathlib import Path

from switchboard.config.load import load

FOLDER = Path("/secrets")


def keep(name: str, text: str) -> str:
    """The secret of this name; `text` if there is none yet."""
    file = FOLDER / name
    if not file.exists():
        file.write_text(text, encoding="utf-8")
        file.chmod(0o644)  # the folder is a volume that only this company's containers mount
    return file.read_text(encoding="utf-8").strip()


def main() -> None:
    for name in ("ari_password", "trunk_password"):
        keep(name, secrets.token_urlsafe(24))
    password = keep("postgres_password", secrets.token_urlsafe(24))
    keep("database_url", f"postgresql://switchboard:{password}@127.0.0.1:54320/switchboard")
    phones = FOLDER / "phones.toml"
    known = tomllib.loads(phones.read_text(encoding="utf-8")) if phones.exists() else {}
    people = load(Path("/config")).people.values()
    words = {person.phone: known.get(person.phone) or secrets.token_urlsafe(12) for person in people}
    phones.touch(mode=0o600)  # only read when Asterisk's files are written, by root
    phones.write_text("".join(f'{phone} = "{word}"\n' for phone, word in words.items()), encoding="utf-8")


main()
