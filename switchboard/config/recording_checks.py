"""Checks of the rules of recording: does everybody exist, is every rule reached, and is there something to say?"""

from __future__ import annotations

from switchboard.config.problems import Path
from switchboard.config.read import Files
from switchboard.config.recording import RecordingRule
from switchboard.config.references import check_prompts, known

_FILE = "company.toml"
_CONDITIONS = ("line", "queue", "person", "department")


def check_recording(files: Files) -> None:
    if files.company is None:
        return
    recording = files.company.recording
    check_prompts(files, recording.announcement or [], _FILE, ("recording", "announcement"))
    for index, rule in enumerate(recording.rule):
        path: Path = ("recording", "rule", index)
        for kind in _CONDITIONS:
            for place, name in enumerate(getattr(rule, kind) or ()):
                known(files, kind, name, _FILE, (*path, kind, place))
        if rule.record and rule.announce and recording.announcement is None:
            hint = 'add announcement = "custom/NAME" to [recording], or announce = false to the rule'
            files.problem(_FILE, path, "has nothing to announce, so nothing would be recorded", hint)
        hides = next((one for one in recording.rule[:index] if _hides(one, rule)), None)
        if hides is not None:
            files.problem(_FILE, path, f'is never reached: "{hides.name}" fits all that it fits', "put it before that")


def _hides(first: RecordingRule, later: RecordingRule) -> bool:
    """Whether whatever fits ``later`` fits ``first`` too, as far as can be seen."""
    if not set(later.calls) <= set(first.calls):
        return False
    pairs = [(getattr(first, kind), getattr(later, kind)) for kind in _CONDITIONS]
    return all(wide is None or (narrow is not None and set(narrow) <= set(wide)) for wide, narrow in pairs)
