"""SIPp scenarios, made from the templates in `sipp/` by filling in `@name@`.

SIPp's own variables (`[remote_ip]`, `[$peer]`) are left to SIPp; what is fixed before it starts is filled in here,
since its time limits and branch points cannot be variables.
"""

import re
from pathlib import Path

FOREVER_MS = 3_600_000
"""Longer than any test or demonstration."""

_TEMPLATES = Path(__file__).parent / "sipp"
_REFUSALS = (
    400,
    403,
    404,
    407,
    408,
    410,
    415,
    480,
    481,
    484,
    486,
    487,
    488,
    500,
    501,
    502,
    503,
    504,
    600,
    603,
    604,
)
_PLACE = re.compile(r"@(\w+)@")


def phone_scenario(ring_ms: int, talk_ms: int, refusal: str | None) -> str:
    """A phone that is rung. 0 ms of ringing answers in the same moment; `refusal` is a status line's end."""
    return _fill(
        "phone.xml",
        first_answer=_fill("refuse.xml", refusal=refusal) if refusal else "",
        after_ringing=' next="2"' if ring_ms == 0 else "",
        ring_ms=str(max(ring_ms, 1)),  # SIPp takes 0 for "no limit"
        talk_ms=str(max(talk_ms, 1)),
    )


def caller_scenario(
    to: str,
    identity: str,
    user: str,
    *,
    talk_ms: int,
    patience_ms: int,
    headers: str = "",
    secret: str | None = None,
) -> str:
    """Someone who dials `to`. `identity` goes into From; with a `secret` the exchange's challenge is answered."""
    words = {"to": to, "from": identity, "user": user}
    proves = secret is not None
    return _fill(
        "caller.xml",
        **words,
        identity_headers=headers,
        authentication=_fill("authenticate.xml", **words, secret=secret) if secret is not None else "",
        refusals="\n".join(
            f'  <recv response="{code}" response_txn="invite" optional="true" next="4"/>' for code in _REFUSALS
        ),
        invite_cseq="2" if proves else "1",
        invite_branch=f"z9hG4bK{'j' if proves else 'i'}[pid]n[call_number]",
        patience_ms=str(max(patience_ms, 1)),
        talk_ms=str(max(talk_ms, 1)),
    )


def register_scenario() -> str:
    """Sign-on; its rows come from a CSV file."""
    return _fill("register.xml")


class ScenarioFiles:
    """The files of one SIPp process: its scenario, what it sent and received, and its errors."""

    def __init__(self, folder: Path, name: str, scenario: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.scenario = folder / f"{name}.xml"
        self.messages = folder / f"{name}.messages"
        self._errors = folder / f"{name}.errors"
        for leftover in (self.messages, self._errors):
            leftover.unlink(missing_ok=True)
        self.scenario.touch(mode=0o600)  # a caller's scenario holds the phone's password
        self.scenario.write_text(scenario)

    def options(self) -> list[str]:
        """SIPp's options that name them."""
        traces = [
            "-trace_msg",
            "-message_file",
            str(self.messages),
            "-trace_err",
            "-error_file",
            str(self._errors),
        ]
        return ["-sf", str(self.scenario), *traces]

    def errors_text(self) -> str:
        """The end of what SIPp complained about."""
        return self._errors.read_text(errors="replace")[-2000:] if self._errors.exists() else ""


def _fill(template: str, /, **values: str) -> str:
    """A template's text. A name without a value is an error: KeyError."""
    return _PLACE.sub(lambda place: values[place[1]], (_TEMPLATES / template).read_text())
