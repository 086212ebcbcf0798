"""Held against Asterisk's own description of ARI: what we ask, and what we read.

The description is ``rest-api/*.json`` of the Asterisk in use: the folder named by ``SWITCHBOARD_REST_API_DIR``, else
that of the Asterisk which ``./dev`` finds or unpacks.
"""

from __future__ import annotations

import inspect
import json
import os
import re
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from devkit import asterisk_tree
from switchboard.adapters.asterisk import events, link, requests, telephony
from switchboard.adapters.asterisk.connection import _Info
from switchboard.adapters.asterisk.events import KnownEvent
from switchboard.adapters.asterisk.requests import Request

Json = dict[str, Any]


def _folder(scratch: Path) -> Path:
    named = os.environ.get("SWITCHBOARD_REST_API_DIR")
    folder = Path(named) if named else asterisk_tree.find_or_make(scratch).data_dir / "rest-api"
    assert (folder / "events.json").is_file(), (
        f"no description of ARI in {folder}: run `./dev test`, which unpacks an Asterisk that has one, "
        "or set SWITCHBOARD_REST_API_DIR to the rest-api folder of an Asterisk's sources"
    )
    return folder


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Json]:
    folder = _folder(tmp_path_factory.mktemp("logs"))
    names = ("applications", "asterisk", "bridges", "channels", "endpoints", "events", "playbacks", "recordings")
    return {name: json.loads((folder / f"{name}.json").read_text()) for name in names}


@pytest.fixture(scope="module")
def models(described: dict[str, Json]) -> dict[str, Json]:
    return {name: model for page in described.values() for name, model in page["models"].items()}


def _operations(described: dict[str, Json]) -> dict[tuple[str, str], Json]:
    return {
        (operation["httpMethod"], api["path"].lstrip("/")): operation
        for page in described.values()
        for api in page["apis"]
        for operation in api["operations"]
    }


_SAMPLES: dict[str, Any] = {
    "not_wanted": ("ChannelVarset",),
    "channels": ("1.1", "1.2"),
    "media": ("sound:beep",),
    "cause": 16,
    "timeout_s": 20,
    "longest_s": 180,
    "silence_s": 5,
}


def _sample(make: Any) -> Request:
    """The request that a function of ``requests`` makes of sample arguments."""
    parameters = inspect.signature(make).parameters
    named = {name: _SAMPLES.get(name, "sample") for name in parameters}
    request = make(**named)
    assert isinstance(request, Request)
    return request


def test_every_request_is_walked() -> None:
    made = {
        function
        for function in vars(requests).values()
        if inspect.isfunction(function) and function.__annotations__.get("return") == "Request"
    }
    assert made == set(requests.ALL)


@pytest.mark.parametrize("make", requests.ALL, ids=lambda make: make.__name__)
def test_what_we_ask(described: dict[str, Json], make: Any) -> None:
    request = _sample(make)
    operation = _operations(described).get((request.method, request.template))
    assert operation is not None, f"ARI has no {request.method} {request.template}"
    parameters = {(p["paramType"], p["name"]): p for p in operation.get("parameters", [])}
    assert set(request.path) == set(re.findall(r"{(\w+)}", request.template))
    for name in request.path:
        assert ("path", name) in parameters
    for name, value in request.query.items():
        parameter = parameters.get(("query", name))
        assert parameter is not None, f"{request} has no query parameter {name}"
        allowed = parameter.get("allowableValues", {})
        if allowed.get("valueType") == "LIST" and value != "sample":
            assert set(value.split(",")) <= set(allowed["values"])
        if parameter["dataType"] in {"int", "long"}:
            assert value.isdigit()
    required = {name for (_, name), p in parameters.items() if p.get("required") and p["paramType"] == "query"}
    assert required <= set(request.query), f"{request} lacks a required parameter"
    if request.body is not None:
        assert any(kind == "body" for kind, _ in parameters)


def test_the_websocket(described: dict[str, Json]) -> None:
    operation = _operations(described)["GET", requests.EVENTS]
    names = {parameter["name"] for parameter in operation["parameters"]}
    assert operation.get("upgrade") == "websocket"
    assert set(requests.events_query(["a", "b"])) <= names


def _properties(models: dict[str, Json], name: str) -> Json:
    """A model's fields, with those of the models that name it as their subtype."""
    found = dict(models[name]["properties"])
    for parent, model in models.items():
        if name in model.get("subTypes", []):
            found |= _properties(models, parent)
    return found


def _structs(annotation: Any) -> list[type[msgspec.Struct]]:
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return [annotation]
    return [struct for part in get_args(annotation) for struct in _structs(part)]


_PLAIN: dict[Any, set[str]] = {str: {"string", "Date"}, int: {"int", "long"}}
_LISTS: dict[Any, str] = {tuple[str, ...]: "List[string]"}
_MODEL_OF = {"CallerId": "CallerID", "Dialplan": "DialplanCEP", "_Info": "AsteriskInfo", "_System": "SystemInfo"}


def _hold(models: dict[str, Json], struct: type[msgspec.Struct], seen: set[str]) -> None:
    """Every field of ``struct`` is a field of its model, of that type; one without default is always sent."""
    name = _MODEL_OF.get(struct.__name__, struct.__name__)
    if name in seen:
        return
    seen.add(name)
    properties = _properties(models, name)
    defaults = {field.name: not field.required for field in msgspec.structs.fields(struct)}
    for field, annotation in get_type_hints(struct).items():
        assert field in properties, f"ARI's {name} has no field {field}"
        described = properties[field]
        bare = next(iter(set(get_args(annotation)) - {type(None)})) if _optional(annotation) else annotation
        if bare in _PLAIN:
            assert described["type"] in _PLAIN[bare], f"{name}.{field} is {described['type']}"
        elif bare in _LISTS:
            assert described["type"] == _LISTS[bare]
        else:
            (inner,) = _structs(bare)
            assert described["type"] == _MODEL_OF.get(inner.__name__, inner.__name__)
            _hold(models, inner, seen)
        if not defaults[field] and struct is not _Info:
            assert described.get("required"), f"{name}.{field} may be missing"


def _optional(annotation: Any) -> bool:
    return isinstance(annotation, UnionType) and type(None) in get_args(annotation)


@pytest.mark.parametrize("struct", KnownEvent.__args__, ids=lambda struct: struct.__name__)
def test_what_we_read(models: dict[str, Json], struct: type[msgspec.Struct]) -> None:
    _hold(models, struct, set())


@pytest.mark.parametrize("struct", [events.Channel, events.Bridge, events.Endpoint, _Info])
def test_what_surveys_read(models: dict[str, Json], struct: type[msgspec.Struct]) -> None:
    _hold(models, struct, set())


def test_what_answers_to_our_questions_hold(models: dict[str, Json]) -> None:
    for struct in (telephony.RTPstat, telephony.Variable):
        _hold(models, struct, set())


def test_what_we_deny_exists(models: dict[str, Json]) -> None:
    known = {name for parent in ("Event", "Message") for name in models[parent]["subTypes"]}
    assert set(events.NOT_WANTED_WHEN_WATCHING) <= known
    assert set(events.NOT_WANTED) <= known


def test_the_contract_can_be_broken(models: dict[str, Json], described: dict[str, Json]) -> None:
    class Channel(msgspec.Struct):
        colour: str

    with pytest.raises(AssertionError, match="no field colour"):
        _hold(models, Channel, set())
    assert ("POST", "channels/{channelId}/sing") not in _operations(described)
    assert link.Survey.__struct_fields__ == ("channels", "bridges", "endpoints", "switch", "at_ms")


def test_a_missing_description_says_what_mends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHBOARD_REST_API_DIR", str(tmp_path))
    with pytest.raises(AssertionError, match=r"run `\./dev test`"):
        _folder(tmp_path)
