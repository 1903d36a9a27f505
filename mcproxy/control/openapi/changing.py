"""The paths that change the daemon, which only the control socket has."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import attrs

from ..event_requests import LevelRequest
from ..requests import (
    ClearRequest,
    MemberRequest,
    MoveRequest,
    ReloadRequest,
    RestartRequest,
)
from ..view_schema import FLAG, TEXT, word
from .parts import CHANGES, CHANGING_FAILURES, Json, content, failures, obj
from .reading import LEVEL_NAMES, LEVELS_ANSWER

_TYPES: dict[Any, Json] = {
    bool: FLAG,
    str: TEXT,
    str | None: TEXT,
    Any: {"type": "object"},
}


class Changing(NamedTuple):
    """A POST, whose body is a ``kind``; ``required`` are members that the daemon insists on.

    ``members`` says more of some members than their type does.
    """

    summary: str
    kind: type[Any]
    answer: Json
    required: tuple[str, ...] = ()
    members: Mapping[str, Json] = MappingProxyType({})

    def described(self) -> Json:
        """The operation, as a member of the path."""
        ok = {"description": "Done.", "content": content(self.answer)}
        return {
            "summary": self.summary,
            "requestBody": {"content": content(self._body()), "required": bool(self.required)},
            "responses": {"200": ok, **failures(CHANGING_FAILURES)},
        }

    def _body(self) -> Json:
        """The schema of the body."""
        hints = typing.get_type_hints(self.kind)
        types = {field.name: _TYPES[hints[field.name]] for field in attrs.fields(self.kind)}
        return obj(self.required, **{**types, **self.members})


_NAME = TEXT | {"minLength": 1}

CHANGING = {
    "/reload": Changing("Read the configuration file again and apply it.", ReloadRequest, CHANGES),
    "/add": Changing(
        'Add an instance ("table"), an upstream or a downstream.',
        MemberRequest,
        CHANGES,
        ("instance",),
        {"instance": _NAME},
    ),
    "/remove": Changing(
        "Remove an instance, or an upstream or downstream of it.",
        MemberRequest,
        CHANGES,
        ("instance",),
        {"instance": _NAME},
    ),
    "/move": Changing(
        "Move a downstream to another instance.",
        MoveRequest,
        CHANGES,
        ("interface", "to"),
        {"interface": _NAME, "to": _NAME},
    ),
    "/restart": Changing(
        "Restart the daemon's program; no stream is interrupted.", RestartRequest, CHANGES
    ),
    "/clear": Changing(
        "Begin the statistics at 0.",
        ClearRequest,
        obj(cleared=TEXT),
        ("what",),
        {"what": word("counters")},
    ),
    "/log-level": Changing(
        "Set a level of the log.",
        LevelRequest,
        LEVELS_ANSWER,
        ("level",),
        {"level": word(*LEVEL_NAMES)},
    ),
}
"""By path."""
