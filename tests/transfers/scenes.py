"""One caller's visit, played to its end: they talk with the giver, who gives them to the target, whom fate befalls.

Each scene says what the caller must have lived through; the observer says what they did, and the record must say the
same. Whatever happens, the caller's call ends only where the scene has somebody hang up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from devkit.phones import ANSWER, RING_FOREVER, Behaviour
from devkit.scenarios import FOREVER_MS
from devkit.soft_call import SoftCall
from devkit.soft_company import SoftCompany
from devkit.softphone import Softphone
from switchboard.core.ids import PersonId
from tests.transfers.ways import Giver, Way

TALK_S = 0.6
_LONG_S = 15
_REFUSALS = {"busy": "486 Busy Here", "declines": "603 Decline"}
Seen = tuple[str, tuple[str, ...]]
"""A kind of part, and who: see the observer."""


@dataclass
class Scene:
    company: SoftCompany
    way: Way
    number: str
    giver_phone: Softphone
    target: Softphone
    after: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    """What is done to the service when a moment has come: "talking", "asked", "completed", "given"."""
    ended_by: str = "here"
    caller: SoftCall = field(init=False)
    giver: Giver = field(init=False)
    seen: list[Seen] = field(default_factory=list)
    """What the caller must live through, once somebody talks with them."""

    async def begin(self, target: Behaviour = RING_FOREVER) -> None:
        """The caller comes through to the giver, and they talk. ``target`` is what that phone will do when rung."""
        self.target.behaviour = target
        before = len(self.giver_phone.received)
        self.caller = self.company.caller(self.number).place(self.company.line)
        hers = await self.giver_phone.rung(before + 1)
        self.giver = Giver(self.giver_phone, hers)
        self.giver_phone.behaviour = Behaviour(ring_ms=500)  # should the caller come back
        await self.talks_with(self.giver_phone)
        await self.moment("talking")

    async def moment(self, name: str) -> None:
        if name in self.after:
            await self.after[name]()

    async def talks_with(self, phone: Softphone) -> None:
        """The caller hears them, and they go on for a moment."""
        assert phone.tone is not None
        await self.caller.hears(phone.tone, timeout_s=_LONG_S)
        self.seen += [("talk", (phone.name,))]
        await asyncio.sleep(TALK_S)

    async def rings(self, phone: Softphone) -> SoftCall:
        """Wait until this phone rings for the first time since the scene began, or again."""
        deadline = asyncio.get_running_loop().time() + _LONG_S
        while not (ringing := [call for call in phone.received if call.rings]):
            assert asyncio.get_running_loop().time() < deadline, f"{phone.name} is not rung"
            assert not self.caller.over, "the caller is lost"
            await asyncio.sleep(0.01)
        return ringing[0]

    async def given(self) -> None:
        """The target has them."""
        await self.talks_with(self.target)
        await self.moment("given")

    async def comes_back(self) -> None:
        """The giver's phone rings anew, and they have them again."""
        self.seen += [("between", ())]
        await self.talks_with(self.giver_phone)
        await self.moment("given")

    async def caller_leaves(self) -> None:
        self.caller.hang_up()
        self.ended_by = "here"

    @property
    def extension(self) -> str:
        """What one dials for the target."""
        return self.company.policy.people[PersonId(self.target.name)].extension

    @property
    def held(self) -> Seen:
        return ("held", (self.giver_phone.name,))


async def blind(scene: Scene, fate: str) -> None:
    target = scene.target
    target.behaviour = Behaviour(refusal=_REFUSALS.get(fate), ring_ms=FOREVER_MS)
    await scene.way.give(scene.giver, scene.extension)
    if fate == "operator hangs up":
        scene.giver.call.hang_up()
    await scene.moment("completed")
    match fate:
        case "answers" | "target hangs up" | "operator hangs up":
            await _picks_up(scene, fate)
        case "busy" | "declines" | "rings out":
            await scene.giver.call.ended()  # until then it is the old talk that the caller hears
            await scene.comes_back()
            await scene.caller_leaves()
        case "caller hangs up":
            await scene.rings(target)
            scene.seen += [("between", ())]
            await asyncio.sleep(TALK_S)
            await scene.caller_leaves()


async def attended(scene: Scene, fate: str) -> None:
    target = scene.target
    target.behaviour = RING_FOREVER if fate in _REFUSALS or fate == "rings out" else Behaviour(ring_ms=300)
    await scene.way.ask(scene.giver, scene.extension)
    scene.seen += [scene.held]
    await scene.moment("asked")
    if fate in _REFUSALS or fate == "rings out":
        rings = await scene.rings(target)
        if fate in _REFUSALS:
            await asyncio.sleep(TALK_S)
            rings.refuse(_REFUSALS[fate])
        if scene.giver.asked is not None:
            await scene.giver.asked.ended(_LONG_S)
        await _goes_back(scene)
        return
    asks = await _asks(scene)
    match fate:
        case "answers":
            await scene.way.complete(scene.giver)
            await scene.moment("completed")
            await scene.given()
            await scene.caller_leaves()
        case "target hangs up":
            asks.hang_up()
            if scene.giver.asked is not None:
                await scene.giver.asked.ended()
            await _goes_back(scene)
        case "operator hangs up":
            await scene.way.leave(scene.giver)
            if scene.way.by_phone:
                await scene.comes_back()
            else:
                await scene.given()
            await scene.caller_leaves()
        case "caller hangs up":
            await scene.caller_leaves()
            await asyncio.sleep(TALK_S)
            assert asks.talks, "the giver and who was asked are torn apart"
            (scene.giver.asked or scene.giver.call).hang_up()


async def early(scene: Scene, fate: str) -> None:
    target = scene.target
    target.behaviour = RING_FOREVER
    await scene.way.ask(scene.giver, scene.extension)
    scene.seen += [scene.held]
    rings = await scene.rings(target)
    if scene.giver.asked is not None:
        await scene.giver.asked.ringing()
    await scene.moment("asked")
    await asyncio.sleep(TALK_S)
    if fate == "operator hangs up":
        await scene.way.leave(scene.giver)
        if scene.way.by_phone:
            await scene.comes_back()
            await scene.caller_leaves()
        else:
            await _picks_up(scene, fate)
        return
    await scene.way.complete(scene.giver)
    await scene.giver.call.ended()
    await scene.moment("completed")
    await asyncio.sleep(TALK_S)
    match fate:
        case "answers" | "target hangs up":
            await _picks_up(scene, fate)
        case "busy" | "declines":
            rings.refuse(_REFUSALS[fate])
            await scene.comes_back()
            await scene.caller_leaves()
        case "rings out":
            await scene.comes_back()
            await scene.caller_leaves()
        case "caller hangs up":
            scene.seen += [("between", ())]
            await scene.caller_leaves()


SCENES = {"blind": blind, "attended": attended, "early": early}
FATES = ("answers", "busy", "declines", "rings out", "target hangs up", "operator hangs up", "caller hangs up")


async def _picks_up(scene: Scene, fate: str) -> None:
    """The target takes the caller from the giver."""
    rings = await scene.rings(scene.target)
    await asyncio.sleep(TALK_S / 2)
    scene.seen += [("between", ())]
    rings.answer()
    await scene.given()
    if fate == "target hangs up":
        rings.hang_up()
        scene.ended_by = "there"
        await scene.caller.ended(_LONG_S)
    else:
        await scene.caller_leaves()


async def _asks(scene: Scene) -> SoftCall:
    """The giver and the target talk about the caller; the target's call."""
    before = scene.giver.asked or scene.giver.call
    assert scene.target.tone is not None
    await before.hears(scene.target.tone, timeout_s=_LONG_S)
    await asyncio.sleep(TALK_S)
    return scene.target.alive[-1]


async def _goes_back(scene: Scene) -> None:
    await asyncio.sleep(TALK_S / 2)
    await scene.way.go_back(scene.giver)
    await scene.talks_with(scene.giver_phone)
    await scene.moment("given")
    await scene.caller_leaves()


async def all_idle(company: SoftCompany) -> None:
    """Nothing is left of anybody's call, and everybody is free again."""
    await company.wait_idle(20)
    for phone in company.everybody:
        phone.behaviour = ANSWER
        assert [call for call in phone.alive if call.answered] == [], f"{phone.name} believes that it talks"


async def set_right(company: SoftCompany, *people: str) -> None:
    """After a scene, however it ended: everybody has hung up and is ready."""
    for phone in company.everybody:
        for call in phone.alive:
            call.hang_up()
        phone.behaviour = ANSWER
    await company.wait_idle(30)
    await company.forget_callers()
    try:
        await company.wait_people("ready", *people, timeout_s=3)
    except TimeoutError:
        await company.dial_code(company.policy.codes.resume, *people)
        await company.wait_people("ready", *people)
