"""The tables about groups: groups, hosts, upstreams, sources, routes."""

from __future__ import annotations

from ..table import Column, Row
from ..units import NONE, duration
from .cells import listed, refusal_colour, state, state_colour, time, value


def _instance(row: Row) -> object:
    """The name of the instance in the configuration: the table is of one family."""
    name = str(row["instance"])
    return name.rpartition("/")[0] or name


INSTANCE = Column("Instance", _instance, common=True)
INTERFACE = Column("Interface", value("interface"))
GROUP = Column("Group", value("group-address"))


def _sources(row: Row) -> str:
    """What is wanted: any source, all but some, or those that are listed."""
    mode = row.get("filter-mode")
    if mode is None:
        return NONE
    sources = row["source"] if "source" in row else row.get("source-address")
    if not sources:
        return "any" if mode == "exclude" else NONE
    addresses = [one["source-address"] if isinstance(one, dict) else one for one in sources]
    if mode == "include":
        return listed(addresses)
    blocked = [
        one["source-address"] if isinstance(one, dict) else one
        for one in sources
        if not isinstance(one, dict) or not one["forwarded"]
    ]
    return f"all but {listed(blocked)}" if blocked else "any"


def _group_timer(row: Row) -> str:
    """The group's timer, or else the longest timer of its sources."""
    if row["expire"] is not None:
        return duration(row["expire"])
    return duration(max((one["expire"] or 0.0 for one in row["source"]), default=None))


def _reporter(row: Row) -> object:
    """The host that reported last; of a refused group the one that was refused."""
    refused = row.get("refused") or {}
    return row.get("last-reporter") or refused.get("host-address") or NONE


def _hosts(row: Row) -> object:
    return len(row["host"]) if "host" in row else NONE


def _refused(row: Row) -> str:
    """Who says no, with the setting; for a refused join how often and when last."""
    refused = row.get("refused")
    if not refused:
        return NONE
    setting = refused.get("setting")
    by = refused["by"] if setting in (None, refused["by"]) else f"{refused['by']} ({setting})"
    if "count" not in refused:
        return str(by)
    return f"{by} {refused['count']}x, {duration(refused['last'])} ago"


GROUPS = (
    INSTANCE,
    INTERFACE,
    GROUP,
    Column("Sources", _sources, wraps=True),
    Column("V", value("version")),
    Column("Timer", _group_timer),
    Column("Hosts", _hosts),
    Column("Reporter", _reporter),
    Column("Asked", value("asked"), wraps=True),
    Column("Refused", _refused, wraps=True, colour=refusal_colour),
)

HOSTS = (
    INSTANCE,
    INTERFACE,
    Column("Host", value("host-address")),
    Column("V", value("version")),
    Column("Reported", time("last-report")),
    Column("Groups", value("groups")),
    Column("Group", value("group-address"), wraps=True),
)

UPSTREAMS = (
    INSTANCE,
    Column("Upstream", value("interface")),
    Column("State", state, wraps=True, colour=state_colour),
    Column("Querier", value("querier-address")),
    Column("V", value("querier-version")),
    Column("Asked", time("last-query-heard")),
    Column("Answered", time("last-report-sent")),
    Column("Groups", value("groups")),
)


def _wanted_by(row: Row) -> str:
    """Each downstream with the host that reported last there, and static groups."""
    texts = []
    for one in row["wanted-by"]:
        host = one["host-address"]
        is_named = one["static"] and one["interface"] != "static"
        who = host or ("static" if is_named else "")
        texts.append(f"{one['interface']}:{who}" if who else one["interface"])
    return listed(texts)


JOINED = (
    INSTANCE,
    Column("Upstream", value("interface")),
    GROUP,
    Column("Sources", _sources, wraps=True),
    Column("Since", time("up-time")),
    Column("Wanted by", _wanted_by, wraps=True),
)

SOURCES = (
    INSTANCE,
    Column("Source", value("source-address")),
    GROUP,
    Column("Input", value("incoming-interface")),
    Column("Output", value("outgoing-interface"), wraps=True),
    Column("State", value("state")),
    Column("Packets", value("packets")),
    Column("Last seen", time("last-seen")),
)

ROUTES = (
    INSTANCE,
    Column("Source", value("source-address")),
    GROUP,
    Column("Input", value("incoming-interface")),
    Column("Output", value("outgoing-interface"), wraps=True),
)
