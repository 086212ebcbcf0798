"""Log lines: what must not be in them."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import structlog
from switchboard.adapters.observe.logs import set_up_logging

set_up_logging(as_json={as_json})

def fails(number):
    raise RuntimeError("broken")

try:
    fails("+7495" + "0001008")
except RuntimeError:
    structlog.get_logger().exception("something.failed")
"""


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_shows_no_local_variables(as_json: bool) -> None:
    """In a process of its own: logging is set up for good."""
    program = [sys.executable, "-c", PROGRAM.format(as_json=as_json)]
    said = subprocess.run(program, check=True, capture_output=True, text=True).stderr
    assert "something.failed" in said
    assert "broken" in said
    assert "0001008" not in said.replace('"0001008"', "")
