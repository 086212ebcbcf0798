"""What comes back of an action that is refused."""

from __future__ import annotations

from switchboard.core import actions as do
from switchboard.core.actions import Action
from switchboard.core.facts import ActionFailed


def refusal(action: Action, why: str) -> ActionFailed:
    """As ``Lanes`` words it."""
    return ActionFailed(
        action.call,
        type(action).__name__,
        why,
        action.leg if isinstance(action, do.Ring | do.RingOutside | do.Answer | do.HangUp | do.Play) else None,
        playback=action.playback if isinstance(action, do.Play | do.PlayInBridge) else None,
        recording=action.recording if isinstance(action, do.RecordMessage) else None,
    )
