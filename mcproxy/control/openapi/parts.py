"""Parts of the description: parameters, responses and schemas that several paths share."""

from __future__ import annotations

from typing import Any

from ..row_filter import FAMILIES
from ..view_schema import FLAG, TEXT, TEXTS, word

Json = dict[str, Any]

JSON, LINES, EVENT_STREAM = "application/json", "application/jsonl", "text/event-stream"

_FAILURES = {
    "400": "The request is malformed or incomplete, or names what does not exist.",
    "403": "The daemon lacks a permission, or this endpoint does not allow it.",
    "404": "The path is unknown.",
    "405": "The path needs another method.",
    "409": "The change is not possible; nothing was changed.",
    "413": "The body is too long.",
    "421": "This endpoint does not answer for the host of the request.",
    "503": "Too many clients follow what happens.",
    "500": "Internal error; see the daemon's log.",
}
READING_FAILURES = ("400", "403", "405", "413", "421", "500")
CHANGING_FAILURES = ("400", "403", "405", "409", "413", "500")

_FILTERS = {
    "family": (word(*FAMILIES), "IPv4 or IPv6"),
    "instance": (TEXT | {"minLength": 1}, "an instance, or an instance with its family: tv/ipv4"),
    "interface": (TEXT | {"minLength": 1}, "an interface"),
    "group": (TEXT, "a group, or a prefix of groups"),
    "source": (TEXT, "a source, or a prefix of sources"),
    "event": (TEXT, "a kind of event"),
}


def obj(required: tuple[str, ...] | None = None, /, **members: Json) -> Json:
    """An object with these members, "_" standing for "-"; all are required if not told."""
    named = {name.replace("_", "-"): schema for name, schema in members.items()}
    needed = list(named) if required is None else list(required)
    made: Json = {"type": "object", "properties": named, "additionalProperties": False}
    return made | ({"required": needed} if needed else {})


def array(items: Json) -> Json:
    """A list."""
    return {"type": "array", "items": items}


def filters(*names: str) -> list[Json]:
    """Parameters that select rows, each of which may be repeated."""
    return [
        {
            "name": name,
            "in": "query",
            "description": f"Rows of {_FILTERS[name][1]}; may be repeated.",
            "schema": array(_FILTERS[name][0]),
        }
        for name in names
    ]


def parameter(name: str, schema: Json, description: str, required: bool = False) -> Json:
    """A parameter of the query string."""
    made = {"name": name, "in": "query", "description": description, "schema": schema}
    return made | ({"required": True} if required else {})


def content(schema: Json, media_type: str = JSON) -> Json:
    """The content of a body."""
    return {media_type: {"schema": schema}}


def failures(statuses: tuple[str, ...]) -> Json:
    """The answers with these statuses."""
    return {status: {"$ref": f"#/components/responses/{status}"} for status in statuses}


def components() -> Json:
    """What the document refers to."""
    error = content({"$ref": "#/components/schemas/Error"})
    return {
        "schemas": {"Error": ERROR},
        "responses": {
            status: {"description": text, "content": error} for status, text in _FAILURES.items()
        },
    }


ERROR: Json = {
    "type": "object",
    "properties": {"error": TEXT | {"description": "What is wrong, and what to do."}},
    "required": ["error"],
}

HEALTH: Json = obj(
    healthy=FLAG,
    ready=FLAG,
    problems=array(obj(problem=TEXT, instance=TEXT, family=TEXT, interface=TEXT, text=TEXT)),
    warnings=array(obj(instance=TEXT, family=TEXT, interface=TEXT, text=TEXT)),
)

EXPLANATION: Json = obj(
    group_address=TEXT,
    source_address={"type": ["string", "null"]},
    flows=FLAG,
    links=array(
        obj(
            instance=TEXT,
            family=TEXT,
            interface=TEXT,
            flows=FLAG,
            steps=array(
                obj(
                    step=TEXT,
                    verdict=word("ok", "note", "problem"),
                    text=TEXT,
                    cure=TEXT,
                    command=TEXT,
                )
            ),
            verdict=TEXT,
        )
    ),
    verdict=TEXT,
)

CHANGES: Json = obj(changes=array(obj(where=TEXT, what=TEXT)), steps=TEXTS, notes=TEXTS)
