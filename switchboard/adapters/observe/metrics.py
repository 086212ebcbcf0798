"""Metrics for Prometheus: counters fed by what happens, gauges read from the exchange when they are asked for.

Never a phone number, name or id of a call as a label.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client import Counter as Count
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from switchboard.core.entries import CallRecord
from switchboard.core.exchange import Exchange, Handled
from switchboard.core.facts import CallerFound, Fact, LookUpFailed

_WAITS_S = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600)


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

    def observe(self, fact: Fact, at_ms: int, handled: Handled) -> None:
        self.facts.labels(type(fact).__name__, str(handled.meant_something).lower()).inc()
        if handled.bug is not None:
            self.bugs.inc()
        match fact:
            case CallerFound(clients=clients):
                self.look_ups.labels("found" if clients else "unknown").inc()
            case LookUpFailed():
                self.look_ups.labels("failed").inc()
            case _:
                pass
        ended = {
            entry.call: entry
            for entry in handled.entries
            if isinstance(entry, CallRecord) and entry.outcome is not None and entry.ended_at_ms == at_ms
        }
        for record in ended.values():
            line, outcome = record.line or "none", str(record.outcome)
            self.calls.labels(str(record.direction), line, outcome).inc()
            self.wait.labels(line, outcome).observe((record.wait_ms or 0) / 1000)


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
