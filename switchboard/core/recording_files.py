"""What becomes of recordings once they are made: filed, missed, deleted. Their calls are mostly over by then."""

from __future__ import annotations

from switchboard.core.entries import RecordingFile, RecordingGone
from switchboard.core.facts import AboutFiles, RecordingExpired, RecordingFiled, RecordingMissed
from switchboard.core.floor import Floor
from switchboard.core.ids import call_id_of


def note(floor: Floor, fact: AboutFiles) -> bool:
    """Put it on record. Each may come again after a crash, and changes nothing then."""
    recording, call = fact.recording, call_id_of(fact.recording)
    awaited = floor.unfiled.pop(recording, None) is not None
    match fact:
        case RecordingFiled():
            filed = RecordingFile(
                recording=recording,
                call=call,
                at_ms=floor.at_ms,
                file=fact.file,
                sha256=fact.sha256,
                size_bytes=fact.size_bytes,
            )
            floor.entries.append(filed)
        case RecordingMissed():
            if not awaited:
                return False
            floor.entries.append(RecordingGone(recording=recording, call=call, at_ms=floor.at_ms, missing=fact.why))
        case RecordingExpired():
            floor.entries.append(RecordingGone(recording=recording, call=call, at_ms=floor.at_ms))
    return True
