"""Take what only developers need out of an image: the `dev` extra of pyproject.toml, by its own names.

What those packages brought along stays; the big ones (checkers, test tools) go.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
names = [re.split(r"[\[<>=!~; ]", requirement)[0] for requirement in project["optional-dependencies"]["dev"]]
subprocess.run([sys.executable, "-m", "pip", "uninstall", "-q", "-y", *names], check=True)
