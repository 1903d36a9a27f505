"""The tables about instances and interfaces: status, interfaces, filters, counters."""

from __future__ import annotations

from ..table import Column, Row
from ..units import NONE, duration
from .cells import listed, refusal_colour, state, state_colour, time, value
from .groups import INSTANCE, INTERFACE

STATUS = (
    Column("Instance", value("instance")),
    Column("V", value("version")),
    Column("Table", value("table")),
    Column("Groups", value("groups")),
    Column("Upstream", value("upstream"), wraps=True),
    Column("Downstream", value("downstream"), wraps=True),
    Column("Waiting", value("waiting"), wraps=True, colour=refusal_colour),
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
    Column("Role", value("role")),
    Column("State", state, wraps=True, colour=state_colour),
    Column("Address", value("address")),
    Column("Groups", value("groups")),
    Column("Querier", _querier),
    Column("Timer", _timer),
    Column("Heard", time("last-query-heard")),
    Column("Sent", _sent),
)


def _where(row: Row) -> str:
    return " ".join(str(row[key]) for key in ("role", "interface", "direction") if row[key])


def _rules(row: Row) -> str:
    """The rules that denied, with their counts."""
    rules = sorted(row["rule"], key=lambda one: -int(one["denied"]))
    return listed(f"{one['rule'].replace(' | ', '|')}: {one['denied']}" for one in rules)


FILTERS = (
    INSTANCE,
    Column("Where", _where),
    Column("Filter", value("filter")),
    Column("Action", value("action")),
    Column("Rules", value("rules")),
    Column("Denied", value("denied")),
    Column("By rule", _rules, wraps=True),
)

COUNTERS = (
    Column("Instance", value("instance")),
    INTERFACE,
    Column("What", value("what"), wraps=True),
    Column("Kind", value("kind")),
    Column("Count", value("count")),
)
