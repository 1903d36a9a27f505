"""The options of filters."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs

from ...protocol.policy.filters import FilterRule
from .option import described, option
from .tables import Anything
from .texts import INTERFACE_SCHEMA, InterfaceName, Word
from .value import JsonSchema

UPSTREAM, DOWNSTREAM = ROLES = ("upstream", "downstream")
IN, OUT = DIRECTIONS = ("in", "out")

HOW_TO_WRITE_A_RULE = 'write "GROUP | SOURCE", { rule = "...", from = "IF" } or { filter = "NAME" }'


def _table(**properties: JsonSchema) -> JsonSchema:
    """An inline table that has all of these keys and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_RULES_SCHEMA: JsonSchema = {
    "type": "array",
    "items": {
        "anyOf": [
            {"type": "string"},
            _table(rule={"type": "string"}, **{"from": INTERFACE_SCHEMA}),
            _table(filter={"type": "string"}),
        ]
    },
}

_RULES = Anything("list of rules", "", _RULES_SCHEMA)

_NAME_OR_RULES = Anything(
    "name or list of rules", "", {"anyOf": [{"type": "string"}, _RULES_SCHEMA]}
)


@attrs.frozen
class FilterPlace:
    """Where a filter applies: at the interfaces of one role, for data of one direction."""

    interface: str = attrs.field(
        metadata=described(
            InterfaceName(),
            "The interfaces that the filter applies to. A filter with the name of an interface"
            " has priority over patterns; the first pattern that matches has priority over later"
            " ones.",
            example='"*"',
        )
    )
    role: str = attrs.field(
        metadata=described(
            Word(*ROLES), "The role that the interface has in the instance.", example='"upstream"'
        )
    )
    direction: str = attrs.field(
        metadata=described(
            Word(*DIRECTIONS),
            'Whether data that enters at the interface is filtered (``"in"``) or data that leaves'
            ' there (``"out"``), and the reports that go with it.',
            example='"in"',
        )
    )


@attrs.frozen
class FilterTable(FilterPlace):
    """[[instance.NAME.filter]] as a file writes it; with one of ``EITHER``."""

    EITHER: ClassVar = ("allow", "deny")

    allow: Any = option(
        None,
        _NAME_OR_RULES,
        "What may pass: the name of a filter, or rules. Nothing else passes.",
        usual="none",
        example='["* | 192.0.2.0/24", { filter = "local" }]',
    )
    deny: Any = option(
        None,
        _NAME_OR_RULES,
        "What may not pass: the name of a filter, or rules. Everything else passes.",
        usual="none",
        example='"local"',
    )


@attrs.frozen
class NamedFilter:
    """[filter.NAME] as a file writes it."""

    rules: Any = attrs.field(
        metadata=described(
            _RULES,
            'Rules, in any order. A rule is ``"GROUP | SOURCE"``; each side is an address, a'
            ' prefix, ``A - B`` or ``*``. ``{ rule = "...", from = "IF" }`` applies to data that'
            ' came in at that interface, ``{ filter = "NAME" }`` stands for the rules of another'
            " filter.",
            example='["239.255.0.0/16", "ff15::/16 | *", "239.1.1.1 - 239.1.1.9"]',
        )
    )


@attrs.frozen
class FilterConfig(FilterPlace):
    """What may pass at some interfaces of one role.

    Upstream, "out" is for data sent up, and "in" for groups joined there and data accepted
    from there. Downstream, "in" is for data accepted from senders there, and "out" for data
    sent down and for memberships, as far as they count upstream. With ``allow``, what matches
    one of the ``rules`` passes; without it, what matches none. ``name`` is the named filter
    that the rules are from, or empty.
    """

    allow: bool
    rules: tuple[FilterRule, ...]
    name: str = ""
