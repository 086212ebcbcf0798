"""Metrics for Prometheus: counters fed by what happens, gauges read from the exchange when they are asked for.

Never a phone number, name or id of a call as a label.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client import Counter as Count
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from switchboard.core.actions import LookUpCaller
from switchboard.core.entries import CallRecord
from switchboard.core.exchange import Exchange, Handled
from switchboard.core.facts import CallerFound, Fact, FallbackReported, LookUpFailed
from switchboard.core.ids import CallId
from switchboard.engine.courier import Courier
from switchboard.engine.postman import Postman

_WAITS_S = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600)
_LOOK_UPS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.5, 1, 2)


class Metrics:
    """``observe`` is an observer of the loop; ``registry`` is what /metrics renders."""

    def __init__(self, exchange: Callable[[], Exchange]) -> None:
        self.registry = registry = CollectorRegistry()
        self.calls = Count("switchboard_calls", "Calls that ended", ["direction", "line", "outcome"], registry=registry)
        self.wait = Histogram(
            "switchboard_wait_seconds",
            "From arrival until a person answered, or the end",
            ["line", "outcome"],
            buckets=_WAITS_S,
            registry=registry,
        )
        self.facts = Count("switchboard_facts", "Facts handled", ["fact", "meant_something"], registry=registry)
        self.look_ups = Count("switchboard_look_ups", "Look-ups of callers", ["result"], registry=registry)
        self.look_up = Histogram(
            "switchboard_look_up_seconds",
            "From asking who calls until the call goes on with the answer, or without one",
            buckets=_LOOK_UPS_S,
            registry=registry,
        )
        self._each_fact: dict[tuple[type[Fact], bool], Count] = {}
        """The counters of ``facts``: finding one by its labels takes longer than to count."""
        self._asked_at_ms: dict[CallId, int] = {}
        self.bugs = Count("switchboard_bugs", "Exceptions in the exchange; each ended one call", registry=registry)
        self.undelivered_s = Gauge(
            "switchboard_delivery_lag_seconds", "Age of the oldest entry not yet in Postgres", registry=registry
        )
        self.directory_age_s = Gauge(
            "switchboard_directory_age_seconds",
            "Age of the copy of the client file; 0 while look-ups ask Postgres itself",
            registry=registry,
        )
        self.clock_ahead_s = Gauge(
            "switchboard_clock_ahead_seconds",
            "By how much the times on record are ahead of the machine's clock, after somebody set that",
            registry=registry,
        )
        self.switch_ready = Gauge("switchboard_switch_ready", "1 while Asterisk is connected", registry=registry)
        registry.register(_Floor(exchange))

    def read_switch(self, messages: Mapping[str, int], requests: Mapping[str, int]) -> None:
        """Show what Asterisk sends, and what it is asked, as counted elsewhere: by kind, and by method and path."""
        self.registry.register(_Switch(messages, requests))

    def read_courier(self, courier: Courier) -> None:
        """Show how recordings get on."""
        self.registry.register(_Recordings(courier))

    def read_postman(self, postman: Postman) -> None:
        """Show how messages get to the staff."""
        self.registry.register(_Voicemail(postman))

    def observe(self, fact: Fact, at_ms: int, handled: Handled) -> None:
        kind = (type(fact), handled.meant_something)
        counter = self._each_fact.get(kind)
        if counter is None:
            labels = type(fact).__name__, str(handled.meant_something).lower()
            counter = self._each_fact[kind] = self.facts.labels(*labels)
        counter.inc()
        if handled.bug is not None:
            self.bugs.inc()
        match fact:
            case CallerFound(call=call, clients=clients):
                self._looked_up(call, at_ms, "found" if clients else "unknown")
            case LookUpFailed(call=call):
                self._looked_up(call, at_ms, "failed")
            case _:
                pass
        for action in handled.actions:
            if isinstance(action, LookUpCaller):
                self._asked_at_ms[action.call] = at_ms
        late = isinstance(fact, FallbackReported)
        ended = {
            entry.call: entry
            for entry in handled.entries
            if isinstance(entry, CallRecord) and entry.outcome is not None and (late or entry.ended_at_ms == at_ms)
        }
        for record in ended.values():
            line, outcome = record.line or "none", str(record.outcome)
            self.calls.labels(str(record.direction), line, outcome).inc()
            self.wait.labels(line, outcome).observe((record.wait_ms or 0) / 1000)

    def _looked_up(self, call: CallId, at_ms: int, result: str) -> None:
        """Each question gets one answer; one that was asked before this process began took nobody knows how long."""
        self.look_ups.labels(result).inc()
        if (asked_at_ms := self._asked_at_ms.pop(call, None)) is not None:
            self.look_up.observe((at_ms - asked_at_ms) / 1000)


class _Switch(Collector):
    """What goes over the websocket to Asterisk."""

    def __init__(self, messages: Mapping[str, int], requests: Mapping[str, int]) -> None:
        self._messages = messages
        self._requests = requests

    def collect(self) -> Iterator[CounterMetricFamily]:
        messages = CounterMetricFamily("switchboard_asterisk_messages", "Frames that Asterisk sent", labels=["kind"])
        for kind, count in sorted(self._messages.items()):
            messages.add_metric([kind], count)
        yield messages
        requests = CounterMetricFamily("switchboard_asterisk_requests", "Asked of Asterisk", labels=["request"])
        for request, count in sorted(self._requests.items()):
            requests.add_metric([request], count)
        yield requests


class _Recordings(Collector):
    """From the talk into the folder."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        courier = self._courier
        yield CounterMetricFamily("switchboard_recordings_filed", "Recordings filed", value=courier.filed_total)
        failures = "Talks that were not recorded as they should be, files that could not be fetched or found"
        yield CounterMetricFamily("switchboard_recording_failures", failures, value=courier.failures_total)
        yield GaugeMetricFamily("switchboard_recordings_waiting", "Recordings to be fetched", value=courier.waiting)


class _Voicemail(Collector):
    """Messages by mail."""

    def __init__(self, postman: Postman) -> None:
        self._postman = postman

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        postman = self._postman
        yield CounterMetricFamily("switchboard_voicemail_mails", "Messages mailed", value=postman.sent_total)
        yield CounterMetricFamily(
            "switchboard_voicemail_mail_failures", "Times a mail was not taken", value=postman.failures_total
        )
        yield GaugeMetricFamily("switchboard_voicemail_mails_waiting", "Messages to be mailed", value=postman.waiting)


class _Floor(Collector):
    """Who is where right now."""

    def __init__(self, exchange: Callable[[], Exchange]) -> None:
        self._exchange = exchange

    def collect(self) -> Iterator[GaugeMetricFamily]:
        floor = self._exchange().floor
        calls = GaugeMetricFamily("switchboard_calls_live", "Calls by state", labels=["state"])
        for state, count in sorted(Counter(type(call.state).__name__ for call in floor.calls.values()).items()):
            calls.add_metric([state], count)
        yield calls
        people = GaugeMetricFamily("switchboard_people", "Staff by state", labels=["state"])
        for person_state, count in sorted(Counter(str(person.state) for person in floor.people.values()).items()):
            people.add_metric([person_state], count)
        yield people
        waiting = GaugeMetricFamily("switchboard_queue_waiting", "Callers in each queue", labels=["queue"])
        for queue, line_up in floor.waiting.items():
            waiting.add_metric([queue], len(line_up))
        yield waiting
