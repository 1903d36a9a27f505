"""The paths that only read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from ...logs import LEVELS
from ..paths import PAGE_FILES
from ..row_filter import KEYS
from ..view_list import VIEWS
from ..view_schema import SECONDS, TEXT, schema_of, word
from ..views.status import FILTERS as STATUS_FILTERS
from .parts import (
    EVENT_STREAM,
    EXPLANATION,
    HEALTH,
    LINES,
    READING_FAILURES,
    Json,
    array,
    content,
    failures,
    filters,
    obj,
    parameter,
)

LEVEL_NAMES = tuple(LEVELS)

LEVELS_ANSWER = obj(
    level=word(*LEVEL_NAMES),
    parts=array(
        obj(
            ("level",),
            instance=TEXT,
            interface=TEXT,
            group=TEXT,
            level=word(*LEVEL_NAMES),
        )
    ),
)


class Reading(NamedTuple):
    """A GET; ``others`` has answers other than 200 that are not failures."""

    summary: str
    answer: Json
    parameters: Sequence[Json] = ()
    others: Mapping[str, Json] = MappingProxyType({})

    def described(self) -> Json:
        """The operation, as a member of the path."""
        ok = {"description": self.summary, "content": self.answer}
        return {
            "summary": self.summary,
            "parameters": list(self.parameters),
            "responses": {"200": ok, **self.others, **failures(READING_FAILURES)},
        }


_GROUP = parameter("group", TEXT | {"examples": ["239.1.0.1"]}, "The group.", required=True)

_EXPLAIN_PARAMETERS = [
    _GROUP,
    parameter("source", TEXT, "A source of the group; any, if it is not given."),
    parameter("interface", TEXT, "A downstream; all that want the group, if it is not given."),
    parameter("instance", TEXT, "An instance; all, if it is not given."),
]

CAPTURE = parameter(
    "capture",
    SECONDS | {"exclusiveMinimum": 0, "maximum": 45},
    "Seconds to listen on all links.",
)
"""Only the control socket takes it."""

_PAGE_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}

_LIVE = Reading(
    "What the web page shows, as it changes.",
    content(TEXT, EVENT_STREAM),
    others=failures(("503",)),
)
_CONFIGURATION = obj(path={"type": ["string", "null"]}, config={"type": "object"}, text=TEXT)

_UNHEALTHY = {
    "503": {"description": "The daemon has a problem.", "content": content(HEALTH)},
}
_WITHOUT_LIBRARY = {
    "501": {
        "description": "The Python package prometheus-client is missing.",
        "content": content({"$ref": "#/components/schemas/Error"}),
    }
}
_METRICS: Json = {
    media_type: {"schema": TEXT} for media_type in ("text/plain", "application/openmetrics-text")
}


_FILES = {
    "/openapi.json": Reading("This document.", content({"type": "object"})),
    **{
        path: Reading(f"The web page: {name}.", content(TEXT, _PAGE_TYPES[name.rpartition(".")[2]]))
        for path, name in PAGE_FILES.items()
    },
}


def readings(is_public: bool) -> dict[str, Reading]:
    """By path; those of the HTTP endpoint if ``is_public``, else those of the control socket."""
    explain = [*_EXPLAIN_PARAMETERS, *([] if is_public else [CAPTURE])]
    lines = content({"type": "object", "required": ["event"]}, LINES)
    events = [*filters(*KEYS, "event"), parameter("level", word(*LEVEL_NAMES), "The least level.")]
    return {
        "/status": Reading(
            "The daemon, its instances, and what does not work as it should.",
            content(schema_of("status")),
            filters(*STATUS_FILTERS),
        ),
        **{
            f"/{name}": Reading(
                f"The rows of {name}.", content(schema_of(name)), filters(*view.keys)
            )
            for name, view in VIEWS.items()
        },
        "/config": Reading("The running configuration.", content(_CONFIGURATION)),
        "/log-level": Reading("The levels of the log.", content(LEVELS_ANSWER)),
        "/events": Reading(
            "What happens, as it happens: an object a line.", lines, events, failures(("503",))
        ),
        "/explain": Reading(
            "Why a stream does or does not reach a link.", content(EXPLANATION), explain
        ),
        "/health": Reading(
            "Whether the daemon does its work.",
            content(HEALTH),
            filters("family", "instance"),
            _UNHEALTHY,
        ),
        "/metrics": Reading(
            "The metrics, for Prometheus.", _METRICS, filters("group"), _WITHOUT_LIBRARY
        ),
        "/live": _LIVE,
        **_FILES,
    }
