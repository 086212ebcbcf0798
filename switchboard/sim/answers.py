"""Who answers beside Asterisk: the directory, and the keeper of PINs. An outage of Asterisk is none of theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchboard.core.actions import CheckPin, LookUpCaller
from switchboard.core.facts import CallerFound, LookUpFailed, PinChecked

if TYPE_CHECKING:
    from switchboard.sim.world import World


def look_up(world: World, action: LookUpCaller) -> None:
    """Most answers come at once, a few late, some never."""
    dice = world.random.random()
    clients = world.traffic.clients_of(action.number)
    if dice < 0.002:
        world.after(5, world.deliver, LookUpFailed(action.call, "no database"))
    elif dice < 0.01:
        world.after(100 + int(world.random.random() * 300), world.deliver, CallerFound(action.call, clients))
    elif dice > world.unkind.lose:
        world.after(1 + int(dice * 5), world.deliver, CallerFound(action.call, clients))


def check_pin(world: World, action: CheckPin) -> None:
    """One in three is mistyped."""
    world.deliver(PinChecked(action.call, world.random.random() < 0.67))
