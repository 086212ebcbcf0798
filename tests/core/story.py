"""A story: one exchange, everything that is told to it, and a witness; how it begins, and how somebody calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import get_args

from switchboard.core import facts
from switchboard.core.actions import Action
from switchboard.core.call_state import Connecting, Talking
from switchboard.core.caller import Client
from switchboard.core.entries import Entry
from switchboard.core.exchange import Exchange, Handled
from switchboard.core.facts import Entrance, Fact
from switchboard.core.ids import BridgeId, CallId, LegId, PersonId, PhoneId
from switchboard.sim.checks import Witness
from switchboard.sim.company import DAY_MS, ORDERS
from tests.core.policy import POLICY

KOLOS = Client("kolos", "Kolos", "key", manager=PersonId("anna"))
PETROV = Client("petrov", "Petrov", "retail", manager=PersonId("vera"), overdue_minor=100)
NUMBER = "+74951000002"
EVERYBODY = tuple(PhoneId(person) for person in sorted(POLICY.people))
ACTIONS = tuple(action.__name__ for action in get_args(Action))


@dataclass
class Story:
    """An exchange with what was told to it, watched by a witness."""

    exchange: Exchange = field(default_factory=Exchange)
    at_ms: int = DAY_MS
    told: list[tuple[Fact, int]] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.witness = Witness(self.exchange)

    def tell(self, fact: Fact, later_ms: int = 0) -> Handled:
        """Let ``fact`` happen; fails when any promise is broken."""
        self.at_ms += later_ms
        handled = self.exchange.handle(fact, self.at_ms)
        self.told.append((fact, self.at_ms))
        self.actions += handled.actions
        self.entries += handled.entries
        problems = [*self.exchange.check(), *self.witness.watch(fact, self.at_ms, handled)]
        assert problems == [], f"after {fact}: {problems}"
        assert set(self.exchange.check_changes()) <= set(self.exchange.check())
        return handled

    def go_on_with(self, exchange: Exchange) -> None:
        """Another exchange, restored from this one, takes over."""
        self.exchange = self.witness.exchange = exchange

    def wait_for_deadline(self) -> None:
        next_ms = self.exchange.next_deadline_ms()
        assert next_ms is not None
        self.at_ms = max(self.at_ms, next_ms)
        for fact in self.exchange.due(self.at_ms):
            self.tell(fact)

    @property
    def call(self) -> CallId:
        return next(iter(self.exchange.floor.calls))

    def newest(self, kind: type[Action]) -> Action:
        return next(action for action in reversed(self.actions) if isinstance(action, kind))


def ready(
    legs: tuple[str, ...], phones: tuple[str, ...], *, up: bool = False, switch: str = "one"
) -> facts.SwitchReady:
    """Asterisk is connected; these ``legs`` live in it, answered if they are ``up``."""
    there = tuple(facts.FoundLeg(LegId(leg), up) for leg in sorted(legs))
    return facts.SwitchReady(facts.Found(there, (), tuple(PhoneId(phone) for phone in phones)), switch)


def bridges_of(story: Story) -> list[BridgeId]:
    """Every bridge that a call of this story needs, and one that none does."""
    states = [call.state for call in story.exchange.floor.calls.values()]
    needed = [state.bridge for state in states if isinstance(state, Connecting | Talking)]
    return [*needed, BridgeId(f"{story.at_ms:032x}")]


def begin(phones: tuple[str, ...] = EVERYBODY) -> Story:
    story = Story()
    story.tell(facts.PolicyLoaded(POLICY))
    story.tell(ready((), tuple(PhoneId(phone) for phone in phones)))
    return story


def arrive(story: Story, leg: str = "1.1", number: str = NUMBER) -> None:
    story.tell(facts.CallArrived(LegId(leg), Entrance.LINE, number, ORDERS), 10)
