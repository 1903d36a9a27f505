"""The members of the rows of each view: types and meanings, as a JSON Schema and for documents.

A test compares them with real answers: a member that is not here, or has another type, fails it.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

JsonSchema = dict[str, Any]

TEXT: JsonSchema = {"type": "string"}
NUMBER: JsonSchema = {"type": "integer"}
SECONDS: JsonSchema = {"type": "number"}
FLAG: JsonSchema = {"type": "boolean"}
TEXTS: JsonSchema = {"type": "array", "items": TEXT}


class Member(NamedTuple):
    """A member of a row; without ``always`` some rows lack it."""

    name: str
    schema: JsonSchema
    meaning: str
    always: bool = True


def or_none(schema: JsonSchema) -> JsonSchema:
    """The same, or null."""
    return schema | {"type": [schema["type"], "null"]}


def word(*words: str) -> JsonSchema:
    """One of these words."""
    return {"type": "string", "enum": list(words)}


def rows_of(*members: Member) -> JsonSchema:
    """A list of objects with these members."""
    return {"type": "array", "items": _object(members)}


def _object(members: tuple[Member, ...]) -> JsonSchema:
    return {
        "type": "object",
        "properties": {
            one.name: one.schema | {"description": one.meaning.replace("``", "")} for one in members
        },
        "required": [one.name for one in members if one.always],
        "additionalProperties": False,
    }


_PLACE = (
    Member("instance", TEXT, "The instance with its family, as ``tv/ipv4``."),
    Member("family", word("ipv4", "ipv6"), "The address family."),
    Member("interface", TEXT, "The interface."),
)
_GROUP = Member("group-address", TEXT, "The group; ``*`` is any.")
_SOURCE = Member("source-address", TEXT, "The source; ``*`` is any.")
_MODE = Member("filter-mode", or_none(TEXT), "``include`` or ``exclude``; null for no membership.")
_INPUT = Member("incoming-interface", TEXT, "The interface from which data is accepted.")
_OUTPUT = Member("outgoing-interface", TEXTS, "The interfaces that data goes to.")
_HEARD = (
    Member("querier-address", or_none(TEXT), "The querier.", False),
    Member("querier-version", or_none(NUMBER), "The version of its queries.", False),
    Member(
        "querier-interval",
        or_none(NUMBER),
        "Its query interval in seconds; null if its version carries none.",
        False,
    ),
    Member(
        "last-query-heard",
        or_none(SECONDS),
        "Seconds since another router's query; null if none was heard.",
        False,
    ),
)

_REFUSED: JsonSchema = {
    **_object(
        (
            Member("by", TEXT, "What says no: a limit, ``filter``, ``boundary``, ``querier``."),
            Member("setting", or_none(TEXT), "The setting that decides; null for none."),
            Member("text", TEXT, "The reason in a sentence."),
            Member("host-address", TEXT, "The host whose join was refused last.", False),
            Member("count", NUMBER, "How many joins were refused.", False),
            Member("last", SECONDS, "Seconds since the last one.", False),
        )
    ),
    "type": ["object", "null"],
}

_INTERFACE = (
    *_PLACE,
    Member("role", word("upstream", "downstream"), "The role in the instance."),
    Member("state", word("up", "held", "down"), "``held`` is an upstream not preferred yet."),
    Member("reason", or_none(TEXT), "Why it cannot be used; null if it can."),
    Member("cure", or_none(TEXT), "What to do about it."),
    Member("exists", FLAG, "Whether there is such an interface."),
    Member("addresses", TEXTS, "Its addresses of the family, with prefix lengths."),
    Member("address", or_none(TEXT), "The address from which packets are sent.", False),
    Member("version", NUMBER, "The version of IGMP or MLD that is spoken there."),
    Member("groups", NUMBER, "Groups that hosts want there, or that are joined there."),
    Member("hold-timer", or_none(SECONDS), "Seconds until a held upstream is preferred.", False),
    Member("querier", word("local", "other"), "Who is the querier of a downstream.", False),
    *_HEARD,
    Member("router-discovery", FLAG, "Whether a downstream is advertised (RFC 4286).", False),
    Member("expire", or_none(SECONDS), "Seconds until the other querier expires.", False),
    Member("query-timer", or_none(SECONDS), "Seconds until our next query.", False),
    Member("last-query-sent", or_none(SECONDS), "Seconds since our last query.", False),
    Member("last-report-sent", or_none(SECONDS), "Seconds since our last report.", False),
    Member(
        "up-time",
        or_none(SECONDS),
        "Seconds since a downstream came into use, or a group was joined.",
        False,
    ),
)

_GROUPS = (
    *_PLACE,
    _GROUP,
    Member("state", word("joined", "refused"), "``refused``: all joins were refused."),
    _MODE,
    Member("expire", or_none(SECONDS), "Seconds until a group of any source expires."),
    Member(
        "source",
        rows_of(
            _SOURCE,
            Member("forwarded", FLAG, "Whether it is wanted, or else blocked."),
            Member("expire", or_none(SECONDS), "Seconds until it expires."),
        ),
        "The sources that hosts listed.",
    ),
    Member("version", NUMBER, "The oldest version that hosts of the group speak."),
    Member("up-time", or_none(SECONDS), "Seconds since the group was joined."),
    Member("last-reporter", or_none(TEXT), "The host that reported it last."),
    Member("asked", TEXTS, "The upstreams on which it is joined."),
    Member("asked-time", or_none(SECONDS), "Seconds since it was joined there first."),
    Member("refused", _REFUSED, "What says no; null if nothing does."),
    Member(
        "host",
        rows_of(
            Member("host-address", TEXT, "The host."),
            _MODE,
            Member("source-address", TEXTS, "The sources that it lists."),
            Member("expire", SECONDS, "Seconds until its membership expires."),
        ),
        "What each tracked host wants.",
        False,
    ),
    Member("all-known", FLAG, "Whether every host of the group is tracked.", False),
)

_OF_DOWNSTREAMS = ("querier", "router-discovery", "expire", "query-timer", "last-query-sent")

_UPSTREAMS = (
    *(one._replace(always=one in _PLACE) for one in _INTERFACE if one.name not in _OF_DOWNSTREAMS),
    _GROUP._replace(meaning="The group; ``*`` in the row of the upstream itself."),
    Member("filter-mode", TEXT, "``include`` or ``exclude``.", False),
    Member("source-address", TEXTS, "The sources that are listed.", False),
    Member("reported", FLAG, "False if an older version cannot report it.", False),
    Member(
        "wanted-by",
        rows_of(
            Member("interface", TEXT, "A downstream; ``static`` for the instance's groups."),
            Member("host-address", or_none(TEXT), "The host that reported it last there."),
            Member("static", FLAG, "Whether a static group wants it."),
        ),
        "Who wants the group.",
        False,
    ),
)

_FILTERS = (
    *_PLACE,
    Member("role", word("upstream", "downstream", "boundary"), "What the filter is for."),
    Member("direction", word("in", "out", ""), "The direction; empty for a boundary."),
    Member("filter", TEXT, "The name of the filter, or empty."),
    Member("action", word("allow", "deny"), "What happens to what a rule matches."),
    Member("rules", NUMBER, "How many rules it has."),
    Member("denied", NUMBER, "How often it said no since it was configured so."),
    Member(
        "rule",
        rows_of(
            Member("rule", TEXT, "The rule; ``*`` where none allowed it."),
            Member("denied", NUMBER, "How often it said no."),
            _GROUP._replace(meaning="The group that was denied last."),
            _SOURCE._replace(meaning="The source of that; ``*`` is any."),
        ),
        "The rules that said no.",
    ),
)

_STATUS = (
    Member("version", TEXT, "The version of mcproxy."),
    Member("pid", NUMBER, "The process."),
    Member("started", TEXT, "When it was started."),
    Member("ready", FLAG, "Whether it forwards."),
    Member("up-time", SECONDS, "Seconds since the start."),
    Member("configuration", or_none(TEXT), "The configuration file."),
    Member("memory", NUMBER, "Resident memory in bytes."),
    Member(
        "instance",
        rows_of(
            *_PLACE[:2],
            Member("table", NUMBER, "The number of its kernel table."),
            Member("version", NUMBER, "The version of IGMP or MLD."),
            Member("upstream", TEXTS, "The upstreams that work."),
            Member("downstream", TEXTS, "The downstreams that work."),
            Member("waiting", TEXTS, "Configured interfaces that are not used now."),
            Member("groups", NUMBER, "Groups on all downstreams."),
        ),
        "The instances.",
    ),
    Member(
        "degraded",
        rows_of(*_PLACE, Member("text", TEXT, "What does not work, and the cure.")),
        "What does not work as it should.",
    ),
)

ROWS: dict[str, tuple[Member, ...]] = {
    "interfaces": _INTERFACE,
    "groups": _GROUPS,
    "hosts": (
        *_PLACE,
        Member("host-address", TEXT, "The host."),
        Member("groups", NUMBER, "How many groups it wants."),
        Member("group-address", TEXTS, "These groups, at most 1000."),
        Member("tracked", FLAG, "Whether hosts are tracked there (``explicit-tracking``)."),
        Member("version", or_none(NUMBER), "The version that it spoke last."),
        Member("last-report", or_none(SECONDS), "Seconds since its last report."),
    ),
    "upstreams": _UPSTREAMS,
    "sources": (
        *_PLACE,
        _SOURCE,
        _GROUP,
        Member("state", word("observed", "installed"), "How the source is known."),
        _INPUT,
        _OUTPUT,
        Member("packets", or_none(NUMBER), "Packets at the kernel's last count."),
        Member("last-seen", or_none(SECONDS), "Seconds since new packets were counted."),
        Member("per-source", FLAG, "Whether the instance forwards source by source."),
    ),
    "filters": _FILTERS,
    "routes": (*_PLACE[:2], _SOURCE, _GROUP, _INPUT, _OUTPUT),
    "flows": (
        *_PLACE[:2],
        _SOURCE._replace(meaning="The source; ``*`` is all sources together."),
        _GROUP,
        _INPUT,
        _OUTPUT,
        Member("packets", NUMBER, "Packets that were accepted."),
        Member("bytes", NUMBER, "Bytes of all packets, also from a wrong interface."),
        Member("wrong-interface", NUMBER, "Packets that arrived on a wrong interface."),
        Member("packet-rate", or_none(SECONDS), "Packets a second; null for a new entry."),
        Member("bit-rate", or_none(SECONDS), "Bits a second; null for a new entry."),
        Member("last-seen", or_none(SECONDS), "Seconds since the last packet; null for never."),
        Member("up-time", or_none(SECONDS), "Seconds for which a host has wanted the group."),
        Member("state", TEXT, "The state, as a word; see ``docs/reference/reasons.rst``."),
        Member("reason", TEXT, "The state in words."),
    ),
    "statistics": (
        Member("instance", TEXT, "The instance that refused, denied or ignored.", False),
        *_PLACE[1:],
        Member("table", NUMBER, "The kernel table.", False),
        Member("filter", NUMBER, "The number of the filter in the instance, from 0.", False),
        Member("what", TEXT, "What became of messages or data."),
        Member(
            "kind",
            TEXT,
            "The type of the message, or the reason; see ``docs/reference/reasons.rst``.",
        ),
        Member("version", or_none(NUMBER), "The version of messages; null for none.", False),
        Member("count", NUMBER, "How many."),
        Member("bytes", NUMBER, "How many bytes of data.", False),
    ),
    "counters": (
        *(one._replace(always=one.name == "interface") for one in _PLACE),
        Member("table", NUMBER, "The kernel table that refused.", False),
        Member("what", TEXT, "What became of the messages."),
        Member("kind", TEXT, "The type of the message, or the reason."),
        Member("count", NUMBER, "How many."),
    ),
}
"""The members of the rows of each view that is a list."""

STATUS = _STATUS
"""The members of the status, which is one object."""


def schema_of(view: str) -> JsonSchema:
    """The JSON Schema of the answer of a view."""
    if view == "status":
        return _object(STATUS)
    return _object((Member(view, rows_of(*ROWS[view]), f"The rows of {view}."),))


def json_schema_text() -> str:
    """docs/reference/mcproxy-views.schema.json: a definition for the answer of each view."""
    schema = {
        "$schema": "https://json-schema.org/draft-07/schema#",
        "title": "Answers of mcproxy show --json, by view",
        "definitions": {view: schema_of(view) for view in ("status", *ROWS)},
    }
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
