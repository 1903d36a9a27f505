"""The tables about instances and interfaces: status, interfaces, filters, counters."""

from __future__ import annotations

from ..table import Column, Row
from ..units import NONE, duration
from .cells import STATE, listed, refusal_colour, time, value
from .groups import INSTANCE, INTERFACE

STATUS = (
    Column("Instance", value("instance"), "The instance and its family."),
    Column("V", value("version"), "The version of IGMP or MLD that it speaks."),
    Column("Table", value("table"), "The number of its kernel table."),
    Column("Groups", value("groups"), "The number of groups on all downstreams."),
    Column("Upstream", value("upstream"), "The upstreams that work.", wraps=True),
    Column("Downstream", value("downstream"), "The downstreams that work.", wraps=True),
    Column(
        "Waiting",
        value("waiting"),
        "Configured interfaces that are not used now.",
        wraps=True,
        colour=refusal_colour,
    ),
)


def _querier(row: Row) -> str:
    """Who queries on the link, and in which version."""
    address = row.get("querier-address")
    if address is None:
        return NONE
    who = "local" if row.get("querier") == "local" else str(address)
    version = row.get("querier-version")
    return who if version is None else f"{who} v{version}"


def _timer(row: Row) -> str:
    """Until our next query, until the other querier expires, or until an upstream is held."""
    times = (row.get(key) for key in ("hold-timer", "query-timer", "expire"))
    return duration(next((when for when in times if when is not None), None))


def _sent(row: Row) -> str:
    return duration(row.get("last-query-sent", row.get("last-report-sent")))


INTERFACES = (
    INSTANCE,
    INTERFACE,
    Column("Role", value("role"), "``upstream`` or ``downstream``."),
    STATE,
    Column("Address", value("address"), "The address from which packets are sent."),
    Column(
        "Groups", value("groups"), "The groups that hosts want there, or that are joined there."
    ),
    Column(
        "Querier",
        _querier,
        "``local`` or the address of the other querier, with its version.",
        second=True,
    ),
    Column(
        "Timer",
        _timer,
        "Until our next query, the end of the other querier, or of a held upstream.",
    ),
    Column("Heard", time("last-query-heard"), "The time since the last query of another router."),
    Column("Sent", _sent, "The time since our last query, or report on an upstream."),
)


def _where(row: Row) -> str:
    return " ".join(str(row[key]) for key in ("role", "interface", "direction") if row[key])


def _rules(row: Row) -> str:
    """The rules that denied, with their counts."""
    rules = sorted(row["rule"], key=lambda one: -int(one["denied"]))
    return listed(f"{one['rule'].replace(' | ', '|')}: {one['denied']}" for one in rules)


FILTERS = (
    INSTANCE,
    Column(
        "Where",
        _where,
        "The role, the interface or pattern, and the direction; ``boundary`` for the boundary.",
    ),
    Column("Filter", value("filter"), "The name of the filter, if it has one."),
    Column(
        "Action", value("action"), "``allow`` passes only what a rule matches, ``deny`` all else."
    ),
    Column("Rules", value("rules"), "The number of rules."),
    Column("Denied", value("denied"), "How often it said no since it was configured so."),
    Column(
        "By rule",
        _rules,
        "How often each rule said no; ``*`` where no rule allowed it.",
        wraps=True,
        second=True,
    ),
)

COUNTERS = (
    Column("Instance", value("instance"), "The instance that refused."),
    INTERFACE,
    Column("What", value("what"), "What became of the messages.", wraps=True),
    Column("Kind", value("kind"), "The type of the message, or the reason."),
    Column("Count", value("count"), "How many."),
)
