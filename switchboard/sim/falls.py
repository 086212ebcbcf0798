"""Somebody who talks falls out of their bridge, as happens in Asterisk now and then, and nothing is heard of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchboard.core.ids import BridgeId

if TYPE_CHECKING:
    from switchboard.sim.leg import Leg
    from switchboard.sim.world import World

_WITHIN_MS = 2_000


def maybe(world: World, together: list[Leg], bridge: BridgeId) -> None:
    """In a talk that begins, with the chance that the world has for it."""
    if len(together) > 1 and world.unkind.fall_out and world.random.random() < world.unkind.fall_out:
        world.after(int(world.random.random() * _WITHIN_MS), _fall_out, world, world.random.choice(together), bridge)


def _fall_out(world: World, leg: Leg, bridge: BridgeId) -> None:
    members = world.bridges.get(bridge, [])
    if leg not in members:
        return
    members.remove(leg)
    leg.bridge = None
    world.tapes.look(world)
    for one in (leg, *members):
        world.leave_alone(one)
