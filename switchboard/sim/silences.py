"""The promise about silence: it ends a talk only with a phone that is not there, and somebody is always asked else."""

from __future__ import annotations

from collections.abc import Iterator

from switchboard.core.actions import AskWhetherThere, HangUp, Ring
from switchboard.core.exchange import Handled
from switchboard.core.facts import CallArrived, Fact, LegEnded, LegSilent, LegVanished, PhoneSeen, SwitchReady
from switchboard.core.ids import LegId, PhoneId


class SilenceWitness:
    """Knows from the facts alone which phone each leg is, and which phones are there."""

    def __init__(self) -> None:
        self._phones: dict[LegId, PhoneId] = {}
        self._there: dict[PhoneId, bool] = {}

    def watch(self, fact: Fact, handled: Handled) -> Iterator[str]:
        """Every promise that ``handled``, the answer to ``fact``, breaks."""
        self._learn(fact, handled)
        hung_up = {action.leg: None for action in handled.actions if isinstance(action, HangUp)}
        asked = {action.leg: None for action in handled.actions if isinstance(action, AskWhetherThere)}
        if asked and not (isinstance(fact, LegSilent) and list(asked) == [fact.leg]):
            yield f"{', '.join(asked)} is asked, and was not silent"
        if not isinstance(fact, LegSilent):
            return
        phone = self._phones.get(fact.leg)
        if hung_up and (phone is None or self._there.get(phone, False)):
            yield f"{fact.leg} was silent, and the talk was ended for that alone"
        if hung_up and fact.leg not in hung_up:
            yield f"{fact.leg} is silent and its phone is gone, and another leg is ended"
        if handled.meant_something and not hung_up and not asked:
            yield f"{fact.leg} is silent, and nobody asked why"

    def _learn(self, fact: Fact, handled: Handled) -> None:
        match fact:
            case CallArrived(leg=leg, phone=phone) if phone is not None:
                self._phones.setdefault(leg, phone)
            case PhoneSeen(phone=phone, registered=registered):
                self._there[phone] = registered
            case SwitchReady(found=found):
                self._there = dict.fromkeys(found.phones, True)
            case LegEnded(leg=leg) | LegVanished(leg=leg):
                self._phones.pop(leg, None)
            case _:
                pass
        for action in handled.actions:
            if isinstance(action, Ring):
                self._phones[action.leg] = action.phone
