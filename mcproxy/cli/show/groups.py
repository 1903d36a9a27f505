"""The tables about groups: groups, hosts, upstreams, sources, routes."""

from __future__ import annotations

from ..table import Column, Row
from ..units import NONE, duration
from .cells import STATE, listed, refusal_colour, time, value


def _instance(row: Row) -> object:
    """The name of the instance in the configuration: the table is of one family."""
    name = str(row["instance"])
    return name.rpartition("/")[0] or name


INSTANCE = Column(
    "Instance", _instance, "The instance; left out where there is only one.", common=True
)
INTERFACE = Column("Interface", value("interface"), "The interface.")
GROUP = Column("Group", value("group-address"), "The multicast group; ``*`` is any.")


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
    Column(
        "Sources",
        _sources,
        "What is wanted: ``any`` source, ``all but`` some, or the listed ones.",
        wraps=True,
    ),
    Column(
        "V", value("version"), "The oldest version of IGMP or MLD that hosts of the group speak."
    ),
    Column(
        "Timer",
        _group_timer,
        "How long the group, or its last source, stays without another report.",
    ),
    Column(
        "Hosts", _hosts, "The number of hosts, where hosts are tracked (``explicit-tracking``)."
    ),
    Column(
        "Reporter",
        _reporter,
        "The host that reported the group last, or whose join was refused last.",
        second=True,
    ),
    Column("Asked", value("asked"), "The upstreams on which the group is joined.", wraps=True),
    Column(
        "Refused",
        _refused,
        "What says no, the setting that decides, and for a refused join how often and when last.",
        wraps=True,
        colour=refusal_colour,
    ),
)

HOSTS = (
    INSTANCE,
    INTERFACE,
    Column("Host", value("host-address"), "The address of the host."),
    Column("V", value("version"), "The version that it spoke last."),
    Column("Reported", time("last-report"), "The time since its last report."),
    Column("Groups", value("groups"), "The number of its groups."),
    Column(
        "Group",
        value("group-address"),
        "Its groups, the first ones if there are many.",
        wraps=True,
        second=True,
    ),
)

UPSTREAMS = (
    INSTANCE,
    Column("Upstream", value("interface"), "The interface."),
    STATE,
    Column(
        "Querier", value("querier-address"), "The router whose query was heard last.", second=True
    ),
    Column("V", value("querier-version"), "The version of that query."),
    Column("Asked", time("last-query-heard"), "The time since that query."),
    Column("Answered", time("last-report-sent"), "The time since our last report."),
    Column("Groups", value("groups"), "The number of groups that are joined."),
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
    Column("Upstream", value("interface"), "The interface."),
    GROUP,
    Column(
        "Sources",
        _sources,
        "What is wanted: ``any`` source, ``all but`` some, or the listed ones.",
        wraps=True,
    ),
    Column("Since", time("up-time"), "How long the group has been joined."),
    Column(
        "Wanted by",
        _wanted_by,
        "The downstreams that want it, with the host that reported last, or ``static``.",
        wraps=True,
    ),
)

SOURCES = (
    INSTANCE,
    Column("Source", value("source-address"), "The address of the source."),
    GROUP,
    Column("Input", value("incoming-interface"), "The interface from which its data is accepted."),
    Column(
        "Output", value("outgoing-interface"), "The interfaces that its data goes to.", wraps=True
    ),
    Column(
        "State",
        value("state"),
        "``observed``: its data came. ``installed``: a host named it, and its entry is ready.",
    ),
    Column(
        "Packets", value("packets"), "The packets that the kernel had counted at the last look."
    ),
    Column("Last seen", time("last-seen"), "The time since a look showed new packets."),
)

ROUTES = (
    INSTANCE,
    Column("Source", value("source-address"), "The source; ``*`` is any."),
    GROUP,
    Column("Input", value("incoming-interface"), "The interface from which data is accepted."),
    Column("Output", value("outgoing-interface"), "The interfaces that data goes to.", wraps=True),
)
