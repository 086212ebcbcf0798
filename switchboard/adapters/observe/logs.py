"""Logs: one line per step of a call, made from the same entries that become its history in Postgres.

Each line has ``call``, ``from_state``, ``fact``, ``to_state``, ``reason``; numbers are masked, because every
number that gets here is a ``PhoneNumber`` or stands in a reason that never contains one.
"""

from __future__ import annotations

import logging
import sys

import msgspec
import structlog
from structlog.typing import EventDict, WrappedLogger

from switchboard.core.actions import LookUpCaller
from switchboard.core.entries import Audited, CallRecord, CallStep, PersonChanged, TaskOpened
from switchboard.core.exchange import Handled
from switchboard.core.facts import Fact, FallbackReported, PolicyLoaded, SwitchLost, SwitchReady

_log = structlog.get_logger()

# without local variables: clients and their numbers are among them
_JSON_TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)
_STAMP = structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts")
_JSON_OF_ANYTHING = structlog.processors.JSONRenderer()
_JSON = msgspec.json.Encoder()
_CONSOLE = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)


def set_up_logging(*, as_json: bool, level: str = "info") -> None:
    """JSON lines on stderr for machines, coloured lines for people at a terminal."""
    number = logging.getLevelNamesMapping()[level.upper()]
    for_people: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        _STAMP,
        _CONSOLE,
    ]
    structlog.configure(
        processors=[_json_line] if as_json else for_people,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=(
            structlog.BytesLoggerFactory(sys.stderr.buffer) if as_json else structlog.WriteLoggerFactory(sys.stderr)
        ),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)


def _json_line(logger: WrappedLogger, level: str, event: EventDict) -> bytes:
    """One line, in one go: a call makes fifteen, and each processor of a chain costs as much as the encoding."""
    event["level"] = level
    _STAMP(logger, level, event)
    if "exc_info" in event:
        event = _JSON_TRACEBACKS(logger, level, event)
    try:
        return _JSON.encode(event)
    except (TypeError, ValueError, OverflowError):  # no JSON type, half a surrogate pair, a number beyond 64 bits
        text = _JSON_OF_ANYTHING(logger, level, event)
        return text.encode() if isinstance(text, str) else text


def log_what_happened(fact: Fact, at_ms: int, handled: Handled) -> None:
    """An observer of the loop."""
    if handled.bug is not None:
        _log.error("exchange.bug", fact=type(fact).__name__, exc_info=handled.bug)
    match fact:
        case SwitchReady(found=found, switch=switch):
            _log.info("switch.ready", legs=len(found.legs), phones=len(found.phones), started=switch)
        case SwitchLost(why=why):
            _log.error("switch.lost", reason=why)
        case PolicyLoaded(policy=policy):
            _log.info("policy.loaded", version=policy.version)
        case _:
            pass
    for action in handled.actions:
        if isinstance(action, LookUpCaller):
            _log.info("call.number", call=action.call, number=str(action.number))
    for entry in handled.entries:
        match entry:
            case CallStep():
                _log.info(
                    "call.step",
                    call=entry.call,
                    from_state=entry.from_state,
                    fact=entry.fact,
                    to_state=entry.to_state,
                    reason=entry.reason,
                    **({"person": entry.person} if entry.person else {}),
                )
            case CallRecord(outcome=outcome) if outcome is not None and _is_news(fact, entry, at_ms):
                _log.info(
                    "call.ended",
                    call=entry.call,
                    outcome=str(outcome),
                    answered_by=entry.answered_by,
                    wait_ms=entry.wait_ms,
                    talk_ms=entry.talk_ms,
                )
            case PersonChanged():
                _log.info("person.changed", person=entry.person, state=str(entry.state), reason=entry.reason)
            case Audited():
                _log.info(
                    "audit", person=entry.person, what=entry.what, about=entry.about, call=entry.call,
                    allowed=entry.allowed, reason=entry.why,
                )  # fmt: skip
            case TaskOpened():
                _log.info("task.opened", task=entry.task, kind=entry.kind, person=entry.person, call=entry.call)
            case _:
                pass


def _is_news(fact: Fact, record: CallRecord, at_ms: int) -> bool:
    """The call ended just now; or long ago, and a new connection's survey or Asterisk's queue log has just said so."""
    return record.ended_at_ms == at_ms or isinstance(fact, SwitchReady | FallbackReported)
