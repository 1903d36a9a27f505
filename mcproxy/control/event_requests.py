"""Requests about events: which ones a client follows, and which ones the log has."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from ipaddress import ip_network
from typing import Any
from urllib.parse import parse_qsl, urlencode

import attrs
from twisted.internet.interfaces import IReactorTime

from ..events.bus import Events
from ..events.event import Event
from ..events.kinds import KINDS
from ..logs import LEVELS, Levels, Scope
from .answers import Stream
from .event_stream import EventStream
from .requests import BadRequestError, parse
from .row_filter import RowFilter


@attrs.frozen
class LevelRequest:
    """Body of POST /log-level: a level, for all or for a part of the daemon."""

    level: str = ""
    instance: str | None = None
    interface: str | None = None
    group: str | None = None


def open_stream(
    query: str, events: Events, clock: IReactorTime
) -> Callable[[Callable[[bytes], object]], Stream]:
    """What opens the stream that ``query`` asks for; BadRequestError.

    Beside the filters of rows, ``event`` names a kind, and ``level`` the least level.
    """
    own: dict[str, list[str]] = {"event": [], "level": []}
    others = []
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key in own:
            own[key].append(value)
        else:
            others.append((key, value))
    wanted = RowFilter.parse(urlencode(others))
    kinds = _kinds(own["event"], own["level"])
    return lambda write: EventStream(events, clock, kinds, wanted, write)


def _kinds(names: list[str], levels: list[str]) -> list[type[Event]]:
    for level in levels:
        _check_level(level)
    unknown = [name for name in names if name not in KINDS]
    if unknown:
        near = get_close_matches(unknown[0], KINDS, 1)
        hint = f"did you mean {near[0]}?" if near else f"the kinds are {', '.join(sorted(KINDS))}"
        raise BadRequestError(f"event: {unknown[0]!r} is not a kind of event; {hint}")
    least = Levels(levels[-1] if levels else "debug")
    named = [KINDS[name] for name in names] or list(KINDS.values())
    return [kind for kind in named if least.allow(kind.level, {})]


def set_level(body: bytes, levels: Levels) -> None:
    """Do what a POST /log-level asks for; BadRequestError."""
    request = parse(body, LevelRequest)
    _check_level(request.level)
    scope = Scope(request.instance, request.interface, _network(request.group))
    levels.set(request.level, None if scope == Scope() else scope)


def level_view(levels: Levels) -> dict[str, Any]:
    """The levels of the log; parts with a level of their own have what identifies them."""
    parts = []
    for scope, level in levels.parts.items():
        named = {
            "instance": scope.instance,
            "interface": scope.interface,
            "group": None if scope.group is None else str(scope.group),
        }
        parts.append({key: value for key, value in named.items() if value} | {"level": level})
    return {"level": levels.general, "parts": parts}


def _check_level(level: str) -> None:
    if level not in LEVELS:
        raise BadRequestError(f"level: {level!r} is not one of {', '.join(LEVELS)}")


def _network(group: str | None) -> Any:
    if group is None:
        return None
    try:
        return ip_network(group)
    except ValueError as error:
        expected = "expected: an address or a prefix such as 239.1.0.0/16"
        raise BadRequestError(f"group: {error} ({expected})") from error
