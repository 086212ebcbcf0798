"""What we ask of Asterisk: every ARI request of ours, each a small function, and nothing else.

The contract test walks ``ALL`` and holds each method, path, parameter and body against Asterisk's own
``rest-api/*.json``; so a request that is not made here is not made at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import quote

from msgspec import Struct, field

Body = dict[str, object]


class Request(Struct, frozen=True):
    method: str
    template: str
    """Path with its parameters' names in braces, as Asterisk's description has it."""
    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: Body | None = None

    @property
    def uri(self) -> str:
        """The path, filled in, relative to ``/ari/``; no leading slash (Asterisk says 405 to one)."""
        quoted = {name: quote(value, safe="") for name, value in self.path.items()}
        return self.template.format_map(quoted)

    def __str__(self) -> str:
        """Method and path; never the query, which holds numbers and names."""
        return f"{self.method} {self.uri}"


# Asterisk itself


def system_info() -> Request:
    return Request("GET", "asterisk/info", query={"only": "system"})


def system_status() -> Request:
    return Request("GET", "asterisk/info", query={"only": "status"})


def ping() -> Request:
    return Request("GET", "asterisk/ping")


# Applications


def application(name: str) -> Request:
    return Request("GET", "applications/{applicationName}", {"applicationName": name})


def filter_events(app: str, not_wanted: Sequence[str]) -> Request:
    """Deny these types. Never an allow list: it would swallow ``RESTResponse``, our own answers."""
    denied = [{"type": kind} for kind in not_wanted]
    path = {"applicationName": app}
    return Request("PUT", "applications/{applicationName}/eventFilter", path, body={"disallowed": denied})


def watch_endpoint(app: str, phone: str) -> Request:
    """Hear about one phone. Never all at once, never a bare ``deviceState:``: that can wedge ARI."""
    query = {"eventSource": f"endpoint:PJSIP/{phone}"}
    return Request("POST", "applications/{applicationName}/subscription", {"applicationName": app}, query)


# Surveys


def channels() -> Request:
    return Request("GET", "channels")


def bridges() -> Request:
    return Request("GET", "bridges")


def endpoints() -> Request:
    return Request("GET", "endpoints/{tech}", {"tech": "PJSIP"})


def channel(channel: str) -> Request:
    return Request("GET", "channels/{channelId}", {"channelId": channel})


def bridge(bridge: str) -> Request:
    return Request("GET", "bridges/{bridgeId}", {"bridgeId": bridge})


# Channels


def originate(
    channel: str, endpoint: str, *, app: str, app_args: str, caller_id: str, timeout_s: int, originator: str | None
) -> Request:
    """Make ``channel`` (our id) and ring ``endpoint``; codecs as on channel ``originator``, if there is one."""
    query = {
        "endpoint": endpoint,
        "app": app,
        "appArgs": app_args,
        "callerId": caller_id,
        "timeout": str(timeout_s),
    }
    if originator is not None:
        query["originator"] = originator
    return Request("POST", "channels/{channelId}", {"channelId": channel}, query)


def stop_ringing(channel: str) -> Request:
    return Request("DELETE", "channels/{channelId}/ring", {"channelId": channel})


def ring(channel: str) -> Request:
    return Request("POST", "channels/{channelId}/ring", {"channelId": channel})


def answer(channel: str) -> Request:
    return Request("POST", "channels/{channelId}/answer", {"channelId": channel})


def set_variable(channel: str, variable: str, value: str) -> Request:
    query = {"variable": variable, "value": value}
    return Request("POST", "channels/{channelId}/variable", {"channelId": channel}, query)


def variable(channel: str, variable: str) -> Request:
    return Request("GET", "channels/{channelId}/variable", {"channelId": channel}, {"variable": variable})


def rtp_statistics(channel: str) -> Request:
    return Request("GET", "channels/{channelId}/rtp_statistics", {"channelId": channel})


def start_music(channel: str, music: str) -> Request:
    return Request("POST", "channels/{channelId}/moh", {"channelId": channel}, {"mohClass": music})


def stop_music(channel: str) -> Request:
    return Request("DELETE", "channels/{channelId}/moh", {"channelId": channel})


def play(channel: str, playback: str, media: Sequence[str]) -> Request:
    path = {"channelId": channel, "playbackId": playback}
    return Request("POST", "channels/{channelId}/play/{playbackId}", path, {"media": ",".join(media)})


def stop_playing(playback: str) -> Request:
    return Request("DELETE", "playbacks/{playbackId}", {"playbackId": playback})


def record(channel: str, recording: str, *, longest_s: int, silence_s: int) -> Request:
    """Record what comes from ``channel``, behind what is being played there, after a tone; ``#`` ends it."""
    query = {
        "name": recording,
        "format": "wav",
        "maxDurationSeconds": str(longest_s),
        "maxSilenceSeconds": str(silence_s),
        "ifExists": "fail",
        "beep": "true",
        "terminateOn": "#",
    }
    return Request("POST", "channels/{channelId}/record", {"channelId": channel}, query)


def hang_up(channel: str, cause: int) -> Request:
    """End ``channel`` with a Q.850 cause, which Asterisk turns into a SIP status."""
    return Request("DELETE", "channels/{channelId}", {"channelId": channel}, {"reason_code": str(cause)})


def continue_in_dialplan(channel: str, context: str, extension: str) -> Request:
    query = {"context": context, "extension": extension, "priority": "1"}
    return Request("POST", "channels/{channelId}/continue", {"channelId": channel}, query)


def snoop(channel: str, spying: str, *, whisper: str, app: str, app_args: str) -> Request:
    """Make the channel ``spying`` (our id), which hears both sides of ``channel``. ``whisper``: ``none``, or ``out``,
    which lets the far end of ``channel`` hear what it is told."""
    query = {"spy": "both", "whisper": whisper, "app": app, "appArgs": app_args}
    return Request("POST", "channels/{channelId}/snoop/{snoopId}", {"channelId": channel, "snoopId": spying}, query)


# Bridges


def make_bridge(bridge: str) -> Request:
    """``dtmf_events``: else two legs are joined beneath Asterisk's core, and nobody hears of the keys they press."""
    return Request("POST", "bridges/{bridgeId}", {"bridgeId": bridge}, {"type": "mixing,dtmf_events"})


def add_to_bridge(bridge: str, channels: Sequence[str], *, absorb_keys: bool = False) -> Request:
    """``absorb_keys``: the others do not hear the keys that are pressed on these channels; we do."""
    query = {"channel": ",".join(channels)} | ({"absorbDTMF": "true"} if absorb_keys else {})
    return Request("POST", "bridges/{bridgeId}/addChannel", {"bridgeId": bridge}, query)


def delete_bridge(bridge: str) -> Request:
    return Request("DELETE", "bridges/{bridgeId}", {"bridgeId": bridge})


# Recordings


def record_bridge(bridge: str, recording: str) -> Request:
    """Never the channel: that would hold up all else it is asked. Never over a file that is there."""
    query = {"name": recording, "format": "wav", "ifExists": "fail"}
    return Request("POST", "bridges/{bridgeId}/record", {"bridgeId": bridge}, query)


def pause_recording(recording: str) -> Request:
    return Request("POST", "recordings/live/{recordingName}/pause", {"recordingName": recording})


def go_on_recording(recording: str) -> Request:
    return Request("DELETE", "recordings/live/{recordingName}/pause", {"recordingName": recording})


def stop_recording(recording: str) -> Request:
    """End it and keep the file."""
    return Request("POST", "recordings/live/{recordingName}/stop", {"recordingName": recording})


def live_recording(recording: str) -> Request:
    return Request("GET", "recordings/live/{recordingName}", {"recordingName": recording})


def stored_recordings() -> Request:
    """Of all files, those that are being written included."""
    return Request("GET", "recordings/stored")


def recording_file(recording: str) -> Request:
    return Request("GET", "recordings/stored/{recordingName}/file", {"recordingName": recording})


def delete_recording(recording: str) -> Request:
    return Request("DELETE", "recordings/stored/{recordingName}", {"recordingName": recording})


def play_in_bridge(bridge: str, playback: str, media: Sequence[str]) -> Request:
    path = {"bridgeId": bridge, "playbackId": playback}
    return Request("POST", "bridges/{bridgeId}/play/{playbackId}", path, {"media": ",".join(media)})


EVENTS: Final = "events"
"""Path of the websocket; ``GET events`` in Asterisk's description."""


def events_query(apps: Sequence[str]) -> dict[str, str]:
    """Query of the websocket's address. Never ``subscribeAll``: at a disconnect under load it wedges ARI."""
    return {"app": ",".join(apps)}


ALL: Final[tuple[Callable[..., Request], ...]] = (
    system_info,
    system_status,
    ping,
    application,
    filter_events,
    watch_endpoint,
    channels,
    bridges,
    endpoints,
    channel,
    bridge,
    originate,
    stop_ringing,
    ring,
    answer,
    set_variable,
    variable,
    rtp_statistics,
    start_music,
    stop_music,
    play,
    stop_playing,
    record,
    live_recording,
    recording_file,
    delete_recording,
    hang_up,
    continue_in_dialplan,
    snoop,
    make_bridge,
    add_to_bridge,
    delete_bridge,
    play_in_bridge,
    record_bridge,
    pause_recording,
    go_on_recording,
    stop_recording,
    stored_recordings,
)
