"""Log lines: what must not be in them."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime

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


ODD = """
import structlog
from switchboard.adapters.observe.logs import set_up_logging

set_up_logging(as_json=True)
structlog.get_logger().warning("odd", half="\\ud800", big=2**70, object=object, ordinary="Привет", number=7)
structlog.get_logger().info("ordinary", text="Привет", list=["a"], nothing=None)
"""


def test_each_line_is_json_whatever_is_in_it() -> None:
    said = subprocess.run([sys.executable, "-c", ODD], check=True, capture_output=True, text=True).stderr
    odd, ordinary = map(json.loads, said.splitlines())
    assert (odd["half"], odd["big"], odd["ordinary"], odd["number"]) == ("\ud800", 2**70, "Привет", 7)
    assert "object" in odd["object"]
    assert (odd["event"], odd["level"]) == ("odd", "warning")
    assert datetime.fromisoformat(ordinary.pop("ts")).tzinfo is not None
    assert ordinary == {"event": "ordinary", "level": "info", "text": "Привет", "list": ["a"], "nothing": None}


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_shows_no_local_variables(as_json: bool) -> None:
    """In a process of its own: logging is set up for good."""
    program = [sys.executable, "-c", PROGRAM.format(as_json=as_json)]
    said = subprocess.run(program, check=True, capture_output=True, text=True).stderr
    assert "something.failed" in said
    assert "broken" in said
    assert "0001008" not in said.replace('"0001008"', "")
