"""Plays a journey on an exchange and compares: actions after every line, records, tasks and people at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

from switchboard.core import actions, facts
from switchboard.core.actions import Action
from switchboard.core.caller import Client
from switchboard.core.entries import (
    Audited,
    CallRecord,
    Entry,
    PersonChanged,
    PersonState,
    RecordingPart,
    Segment,
    TaskOpened,
    VoicemailLeft,
)
from switchboard.core.exchange import Exchange, Handled
from switchboard.core.facts import Fact
from switchboard.core.ids import CallId, LegId, PersonId, PhoneId, PlaybackId, RecordingId, call_id_for
from switchboard.sim.checks import BACKSTOP_MS, Witness
from switchboard.sim.company import DAY_MS, NIGHT_MS
from tests.core.policy import POLICIES, POLICY
from tests.journeys.claims import claim_of, client, say_audited, say_hand_over, shown, split
from tests.journeys.grammar import facts_of
from tests.journeys.script import Journey, Line, Wrong


class Runner:
    """Plays one journey on one exchange."""

    def __init__(self, journey: Journey) -> None:
        self.journey = journey
        self.exchange = Exchange()
        self.witness = Witness(self.exchange)
        self.clients: dict[str, Client] = {}
        self.start_ms = self.now_ms = DAY_MS
        self.legs: dict[str, LegId] = {}
        """The newest leg of everybody who was named."""
        self.legs_of: dict[str, list[LegId]] = {}
        """All of them, oldest first."""
        self.names: dict[LegId, str] = {}
        self.calls: dict[str, CallId] = {}
        self.callers: dict[CallId, str] = {}
        self.bridges: dict[str, actions.Connect] = {}
        self.joins: dict[str, actions.Join] = {}
        self.audit: list[Audited] = []
        self.playbacks: dict[str, PlaybackId] = {}
        self.recordings: dict[str, RecordingId] = {}
        self.parts: dict[RecordingId, RecordingPart] = {}
        self.messages: list[VoicemailLeft] = []
        self.registered: list[str] = []
        self.records: dict[CallId, CallRecord] = {}
        self.tasks: list[TaskOpened] = []
        self.changes: list[PersonChanged] = []
        self.last_facts: list[Fact] = []
        self.planted = False
        self.stack = ExitStack()

    def play(self) -> None:
        with self.stack:
            self._set_up()
            for line in self.journey.lines:
                self._play_line(line)
            for number, key, text in self.journey.claims:
                self._claim(number, key, text)
            if not any(key == "still" for _, key, _ in self.journey.claims):
                self._expect(self.journey.lines[-1].number, "calls alive at the end", [], self._alive())

    # setting up ------------------------------------------------------------------------------------------------

    def _set_up(self) -> None:
        policy = POLICY
        for number, key, text in self.journey.settings:
            if key == "staff":
                self.registered = text.split()
            elif key.startswith("client "):
                self.clients[key.removeprefix("client ")] = client(key.removeprefix("client "), text)
            elif (key, text) == ("start", "night"):
                self.start_ms = NIGHT_MS
            elif key == "policy":
                policy = POLICIES[text]
            else:
                raise Wrong(f"{self.journey.path.name}:{number}: unknown setting {key}: {text}")
        self._happen(facts.PolicyLoaded(policy), self.start_ms, 0)
        phones = tuple(PhoneId(name) for name in sorted(self.registered))
        self.changes.clear()
        self._happen(facts.SwitchReady(facts.Found((), (), phones), "one"), self.start_ms, 0)

    # playing ---------------------------------------------------------------------------------------------------

    def _play_line(self, line: Line) -> None:
        now_ms = self.now_ms = self.start_ms + line.at_ms
        for deadline in self._due_before(now_ms):
            came = self._happen(deadline, deadline.until_ms, line.number)
            moment = (deadline.until_ms - self.start_ms) / 1000
            self._expect(line.number, f"{moment:g}s, before this line", [], came)
        came = []
        if line.what == "time":
            for deadline in self.exchange.due(now_ms):
                came += self._happen(deadline, now_ms, line.number)
        else:
            self.last_facts = self._facts_of(line)
            for fact in self.last_facts:
                came += self._happen(fact, now_ms, line.number)
        self._expect(line.number, line.what, line.expected, came)

    def _due_before(self, now_ms: int) -> Iterator[facts.DeadlinePassed]:
        while (next_ms := self.exchange.next_deadline_ms()) is not None and next_ms < now_ms:
            yield from self.exchange.due(next_ms)

    def _happen(self, fact: Fact, at_ms: int, number: int) -> list[str]:
        handled = self.exchange.handle(fact, at_ms)
        self._learn(fact, handled, at_ms)
        problems = [*self.exchange.check(), *self.witness.watch(fact, at_ms, handled)]
        problems = [problem for problem in problems if not (self.planted and problem.startswith("a bug of ours"))]
        self._expect(number, f"promises after {type(fact).__name__}", [], problems)
        return [self._say(action) for action in handled.actions]

    def _learn(self, fact: Fact, handled: Handled, at_ms: int) -> None:
        if isinstance(fact, facts.CallArrived):
            name, call = self.names[fact.leg], call_id_for(fact.leg, at_ms)
            self.calls[name], self.callers[call] = call, name
        for action in handled.actions:
            self._learn_of_a_question(action.call)
            match action:
                case actions.Ring(leg=leg, phone=phone):
                    self._learn_of_a_call_back(action.call)
                    self._name(leg, phone)
                case actions.Snoop(leg=leg):
                    name = f"ear{sum(known.startswith('ear') for known in self.legs) + 1}"
                    self._name(leg, name)
                case actions.Join(call=call):
                    self.joins[self.callers[call]] = action
                case actions.RingOutside(leg=leg):
                    self._name(leg, "outside")
                case actions.Connect(call=call):
                    self.bridges[self.callers[call]] = action
                case actions.StartRecording(call=call, recording=recording):
                    self.recordings[self.callers[call]] = recording
                case actions.Play(call=call, playback=playback) | actions.PlayInBridge(call=call, playback=playback):
                    self.playbacks[self.callers[call]] = playback
                case actions.RecordMessage(call=call, recording=recording):
                    self.recordings[self.callers[call]] = recording
                case _:
                    pass
        for entry in handled.entries:
            self._remember(entry)

    def _learn_of_a_call_back(self, call: CallId) -> None:
        """We begin it ourselves; it is named after who is called back."""
        if call not in self.callers:
            made = self.exchange.floor.calls[call]
            name = (
                f"{made.caller_person}_hears"
                if made.call_back_of is None
                else f"{self.callers[made.call_back_of]}_back"
            )
            self.calls[name], self.callers[call] = call, name

    def _learn_of_a_question(self, call_id: CallId) -> None:
        """Somebody asks about a caller, by a call that we make: it is named after who asks."""
        call = self.exchange.floor.calls.get(call_id) or self.exchange.floor.gone.get(call_id)
        if call_id not in self.callers and call is not None and call.is_question:
            name = f"{self.names[call.lent or call.leg]}_asks"
            self.calls[name], self.callers[call_id] = call_id, name

    def _remember(self, entry: Entry) -> None:
        if isinstance(entry, CallRecord):
            self.records[entry.call] = entry
        elif isinstance(entry, TaskOpened):
            self.tasks.append(entry)
        elif isinstance(entry, PersonChanged):
            self.changes.append(entry)
        elif isinstance(entry, Audited):
            self.audit.append(entry)
        elif isinstance(entry, RecordingPart):
            self.parts[entry.recording] = entry
        elif isinstance(entry, VoicemailLeft):
            self.messages.append(entry)

    def _alive(self) -> list[str]:
        calls = self.exchange.floor.calls.values()
        return [f"{self.callers[call.call_id]} {type(call.state).__name__}" for call in calls]

    def _expect(self, number: int, what: str, expected: list[str], came: list[str]) -> None:
        if expected != came:
            shown = [f"  expected  {'; '.join(expected) or '-'}", f"  got       {'; '.join(came) or '-'}"]
            raise Wrong("\n".join([f"{self.journey.path.name}:{number}: {what}", *shown]))

    # actions in words ------------------------------------------------------------------------------------------

    def _say(self, action: Action) -> str:
        caller = self.callers.get(action.call, "?")
        match action:
            case actions.LookUpCaller():
                return f"look up {caller}"
            case actions.SoundRinging():
                return f"ringing {self.names[action.leg]}"
            case actions.StopRinging(leg=leg):
                return f"stop ringing {self.names[leg]}"
            case actions.Answer(leg=leg):
                return f"answer {self.names[leg]}"
            case actions.SetLanguage(language=language):
                return f"speak {language} to {caller}"
            case actions.StartMusic(music=music):
                return f"music {'' if music == 'default' else f'{music} '}{self.names[action.leg]}"
            case actions.StopMusic():
                return f"stop music {self.names[action.leg]}"
            case actions.Play(prompts=prompts):
                return f"say {' '.join(prompts)} to {caller}"
            case actions.StopPlaying():
                return f"stop speaking to {caller}"
            case actions.Ring(phone=phone, ring_ms=ring_ms, caller_name=shown):
                flagged = f" as {shown.split(':')[0]}" if ":" in shown else ""
                return f"ring {phone} {(ring_ms - BACKSTOP_MS) / 1000:g}s for {caller}{flagged}"
            case actions.RingOutside(number=dialled, ring_ms=ring_ms):
                return f"ring outside {dialled} {(ring_ms - BACKSTOP_MS) / 1000:g}s for {caller}"
            case actions.Connect(legs=legs):
                return f"connect {self.names[legs[0]]} with {' and '.join(self.names[leg] for leg in legs[1:])}"
            case actions.Snoop(of=of, whisper=whisper):
                return f"an ear on {self.names[of]}" + (" that whispers" if whisper else "")
            case actions.Join(leg=leg):
                return f"{self.names[leg]} joins"
            case actions.TakeDownBridge():
                return "take down bridge"
            case actions.HangUp(leg=leg, cause=cause):
                return f"hang up {self.names[leg]}" + ("" if cause == 16 else f" ({cause})")
            case actions.SendToDialplan(leg=leg):
                return f"send {self.names[leg]} to dialplan"
            case actions.AskWhetherThere(leg=leg):
                return f"ask whether {self.names[leg]} is there"
            case _:
                return self._say_more(action, caller)

    def _say_more(self, action: Action, caller: str) -> str:
        match action:
            case actions.PlayInBridge(prompts=prompts):
                return f"say {' '.join(prompts)} to all with {caller}"
            case actions.StartRecording() | actions.StopRecording():
                return f"{'record' if isinstance(action, actions.StartRecording) else 'stop recording'} {caller}"
            case actions.PauseRecording(leg=leg) | actions.GoOnRecording(leg=leg):
                what = "pause" if isinstance(action, actions.PauseRecording) else "go on"
                return f"{what} recording {caller}" + (f", tell {self.names[leg]}" if leg is not None else "")
            case actions.CheckPin(person=person):
                return f"check PIN of {person} for {caller}"
            case actions.RecordMessage():
                return f"record {caller}"
            case actions.AskAboutRecording():
                return f"ask about the message of {caller}"
            case actions.DropRecording():
                return f"throw away the message of {caller}"
            case _:
                raise AssertionError(f"no words for {action}")

    # words into facts ------------------------------------------------------------------------------------------

    def _facts_of(self, line: Line) -> list[Fact]:
        made = facts_of(self, line.what)
        if made is None:
            raise Wrong(f"{self.journey.path.name}:{line.number}: do not understand {line.what!r}")
        return made

    def new_leg(self, name: str) -> LegId:
        leg = LegId(f"1767.{len(self.names) + 1}")
        self._name(leg, name)
        return leg

    def new_stand_in(self) -> LegId:
        leg = LegId(f"1767.{len(self.names) + 1}")
        self.names[leg] = "the stand-in"
        return leg

    def _name(self, leg: LegId, name: str) -> None:
        self.legs[name], self.names[leg] = leg, name
        self.legs_of.setdefault(name, []).append(leg)

    # what stands at the end --------------------------------------------------------------------------------------

    def _claim(self, number: int, key: str, text: str) -> None:
        if key == "still":
            self._expect(number, key, split(text), self._alive())
        elif key == "people":
            claimed = [part.split() for part in split(text)]
            people = self.exchange.floor.people
            came = [f"{name} {people[PersonId(name)].state}" for name, *_ in claimed]
            self._expect(number, key, [" ".join(part) for part in claimed], came)
        elif key.startswith("recordings "):
            call = self.calls[key.removeprefix("recordings ")]
            came = [self._say_part(part) for part in self.parts.values() if part.call == call]
            self._expect(number, key, split(text), came)
        elif key == "tasks":
            abouts = [self.callers.get(CallId(task.about), task.about) for task in self.tasks]
            came = [f"{task.kind} {task.person} about {one}" for task, one in zip(self.tasks, abouts, strict=True)]
            self._expect(number, key, split(text), came)
        elif key == "messages":
            came = [f"{self.callers[left.call]} {left.duration_ms / 1000:g}s" for left in self.messages]
            self._expect(number, key, split(text), came)
        elif key == "audit":
            came = [say_audited(audited) for audited in self.audit]
            self._expect(number, key, [part.strip() for part in text.split("|")], came)
        elif key.startswith("history "):
            person = key.removeprefix("history ")
            came = [self._say_change(change) for change in self.changes if change.person == person]
            self._expect(number, key, [part.strip() for part in text.split("|")], came)
        elif key.startswith("visit "):
            came = [self._say_segment(one) for one in self.records[self.calls[key.removeprefix("visit ")]].segments]
            self._expect(number, key, [part.strip() for part in text.split("|")], came)
        elif key.startswith("hand-overs "):
            handed = self.records[self.calls[key.removeprefix("hand-overs ")]].hand_overs
            self._expect(number, key, [part.strip() for part in text.split("|")], list(map(say_hand_over, handed)))
        elif key.startswith("because "):
            self._claim_reasons(number, key.removeprefix("because "), text)
        elif key in self.calls:
            record = self.records[self.calls[key]]
            claimed_facts = [claim_of(part) for part in split(text)]
            came = [f"{what} {shown(record, what)}" for what, _ in claimed_facts]
            self._expect(number, key, [f"{what} {said}" for what, said in claimed_facts], came)
        else:
            raise Wrong(f"{self.journey.path.name}:{number}: nobody is called {key!r}")

    def _say_segment(self, segment: Segment) -> str:
        """``12s talk olga``: how long, what, with whom."""
        whom = f" {segment.person}" if segment.person is not None else ""
        return f"{(segment.until_ms - segment.from_ms) / 1000:g}s {segment.kind}{whom}"

    def _say_change(self, change: PersonChanged) -> str:
        """``12s wrap_up until 22s``, ``30s paused (lunch)``: what a person did, and when."""
        at_s = (change.at_ms - self.start_ms) / 1000
        until = f" until {(change.until_ms - self.start_ms) / 1000:g}s" if change.until_ms is not None else ""
        own = change.state in (PersonState.PAUSED, PersonState.MISSED) or (change.state is PersonState.AWAY and until)
        return f"{at_s:g}s {change.state}{until}" + (f" ({change.reason})" if own else "")

    def _say_part(self, part: RecordingPart) -> str:
        """``1 with olga 5s-65s without 10s``: which talk, from when to when, how long paused, and what went wrong."""
        since_s, until_s = ((at - self.start_ms) / 1000 for at in (part.started_at_ms, part.ended_at_ms or 0))
        said = f"{part.number} with {part.person or 'outside'} {since_s:g}s-{until_s:g}s"
        said += f" without {part.paused_ms / 1000:g}s" if part.paused_ms else ""
        return said + (f" ({part.trouble})" if part.trouble else "")

    def _claim_reasons(self, number: int, caller: str, text: str) -> None:
        """Each part must be found in the call's reasons, in this order; others may stand between."""
        said = [
            f"{reason.what}{f' {reason.person}' if reason.person else ''}: {reason.why}"
            for reason in self.records[self.calls[caller]].reasons
        ]
        left = list(said)
        for part in (part.strip() for part in text.split("|")):
            while left and part not in left[0]:
                left.pop(0)
            if not left:
                self._expect(number, f"because {caller}", [part], said)
            left.pop(0)
