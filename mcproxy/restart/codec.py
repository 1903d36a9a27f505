"""Queriers and hosts as plain values that outlive the process, and back.

Plain values are dicts, lists, texts and numbers, as in JSON. Addresses are in hexadecimal.
Times are those of the clock, which must be the same before and after. A group's values leave
out what a new group has anyway, since most groups have little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from ..protocol.family import Address, Family
from ..protocol.forwarding.planner import Route
from ..protocol.host.host import Host
from ..protocol.router.group import STOPPED, Group
from ..protocol.router.link_layer import Known
from ..protocol.router.pending import PendingQueries
from ..protocol.router.querier import Querier
from ..protocol.router.settings import QuerierSettings
from ..protocol.router.tracking import HostMembership, HostTable
from ..protocol.sources import EXCLUDE, INCLUDE, SourceFilter
from ..protocol.versions import OlderVersions

Values = dict[str, Any]

T = TypeVar("T")


def checked(make: Callable[[], T]) -> T:
    """What ``make`` makes of saved values; ValueError where they have another form."""
    try:
        return make()
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"unexpected values: {error!r}") from error


# -- the router part


def querier_values(querier: Querier) -> Values:
    """All that a querier has learned, and the settings that it took from another querier."""
    values: Values = {
        "version": querier.version,
        "groups": {address.hex(): _group(group) for address, group in querier.groups.items()},
    }
    election, settings = querier.election, querier.settings
    if election.other is not None:
        values["other"] = [election.other.hex(), election.until]
        values["told"] = [settings.robustness, settings.query_interval]
    if querier.hosts is not None:
        values["hosts"] = _times(querier.hosts.times())
    if querier.link_layer is not None:
        values["link-layer"] = {
            host.hex(): [known.key.hex(), known.until, known.doubtful_until]
            for host, known in querier.link_layer.hosts.items()
        }
    return values


def restored_querier(family: Family, values: Values) -> Querier:
    """A querier with what ``values`` say and default settings; ValueError."""
    return checked(lambda: _restored_querier(family, values))


def _restored_querier(family: Family, values: Values) -> Querier:
    settings = QuerierSettings(version=int(values["version"]))
    querier = Querier(family, settings)
    if "hosts" in values:
        querier.restore_hosts(_addresses(family, values["hosts"]))
    if "link-layer" in values:
        querier.restore_link_layer(_restored_link_layer(family, values["link-layer"]))
    # The same object is the key in the tables of all groups: they are many.
    names = {} if querier.hosts is None else {host: host for host in querier.hosts.times()}
    for address, group in values["groups"].items():
        querier.restore_group(_address(family, address), _restored_group(family, group, names))
    if "other" in values:
        robustness, interval = values["told"]
        other, until = values["other"]
        querier.restore_other_querier(
            _address(family, other), float(until), int(robustness), float(interval)
        )
    return querier


def _group(group: Group) -> Values:
    values: Values = {"since": group.since}
    if group.last_reporter is not None:
        values["reporter"] = group.last_reporter.hex()
    if group.mode is EXCLUDE:
        values["timer"] = group.timer
    if group.sources:
        values["sources"] = _times(group.sources)
    if group.pending is not None:
        pending = group.pending
        counts = _times(pending.source_counts)
        counted = [pending.group_count, pending.group_when, counts, pending.sources_when]
        values["inquiry"] = counted
    if group.older is not None:
        values["older"] = _versions(group.older)
    if group.hosts is not None:
        values["hosts"] = {host.hex(): _wish(wish) for host, wish in group.hosts.items()}
        values["unknowable"] = group.hosts.unknowable_until
    return values


def _restored_group(family: Family, values: Values, names: Mapping[Address, Address]) -> Group:
    reporter, older = values.get("reporter"), values.get("older")
    return Group(
        float(values["since"]),
        EXCLUDE if "timer" in values else INCLUDE,
        float(values.get("timer", STOPPED)),
        _addresses(family, values.get("sources", {})),
        last_reporter=None if reporter is None else _address(family, reporter),
        pending=_restored_queries(family, values["inquiry"]) if "inquiry" in values else None,
        hosts=_restored_hosts(family, values, names) if "hosts" in values else None,
        older=None if older is None else _restored_versions(older),
    )


def _restored_queries(family: Family, values: Any) -> PendingQueries:
    group_count, group_when, source_counts, sources_when = values
    counts = {_address(family, source): int(n) for source, n in source_counts.items()}
    return PendingQueries(group_count, group_when, counts, sources_when)


def _restored_link_layer(family: Family, values: Values) -> dict[Address, Known]:
    return {
        _address(family, host): Known(bytes.fromhex(key), float(until), float(doubtful))
        for host, (key, until, doubtful) in values.items()
    }


def _restored_hosts(family: Family, values: Values, names: Mapping[Address, Address]) -> HostTable:
    hosts = HostTable(float(values["unknowable"]))
    for host, wish in values["hosts"].items():
        address = _address(family, host)
        hosts[names.get(address, address)] = _restored_wish(family, wish)
    return hosts


def _wish(wish: float | HostMembership) -> Any:
    if not isinstance(wish, HostMembership):
        return wish
    return [wish.any_until, [source.hex() for source in sorted(wish.sources)], wish.sources_until]


def _restored_wish(family: Family, values: Any) -> float | HostMembership:
    if isinstance(values, int | float):
        return float(values)
    any_until, sources, sources_until = values
    return HostMembership(any_until, frozenset(_address(family, s) for s in sources), sources_until)


# -- the host part


def host_values(host: Host) -> Values:
    """What a host has heard of its queriers; its memberships are derived from downstream."""
    return {
        "older": _versions(host.older),
        "robustness": host.robustness,
        "interval": host.query_interval,
    }


def restore_host(host: Host, values: Values) -> None:
    """Give a new host what ``values`` say, for its next ``rejoin``; ValueError."""
    older = checked(lambda: _restored_versions(values["older"]))
    timers = checked(lambda: (int(values["robustness"]), float(values["interval"])))
    host.restore_querier(older, *timers)


# -- what forwarding entries tell, without saved state


def wanted_by_entries(
    entries: Iterable[Route], links: Iterable[str], is_learned: bool
) -> dict[str, SourceFilter]:
    """The least that each of ``links`` wants of a group that ``entries`` forward.

    ``is_learned`` says that (S,G) entries were made for observed sources of a group that is not
    source-specific: a link that gets some of them may want others too.
    """
    specific = [entry for entry in entries if any(entry.source)]
    members = {name for entry in entries if not any(entry.source) for name in entry.outgoing}
    wanted = {}
    for link in links:
        if link in members:
            others = (e.source for e in specific if link not in e.outgoing and link != e.parent)
            wanted[link] = SourceFilter(EXCLUDE, frozenset(others))
        elif sources := frozenset(e.source for e in specific if link in e.outgoing):
            mode = EXCLUDE if is_learned else INCLUDE
            wanted[link] = SourceFilter(mode, frozenset() if is_learned else sources)
    return wanted


def group_wanted(wanted: SourceFilter, now: float, until: float) -> Group:
    """A group whose subscription is ``wanted``, as if it was reported ``now``."""
    excluding = wanted.mode is EXCLUDE
    sources = dict.fromkeys(wanted.sources, STOPPED if excluding else until)
    return Group(now, wanted.mode, until if excluding else STOPPED, sources)


# -- parts of them


def _times(times: Mapping[Address, Any]) -> dict[str, Any]:
    return {address.hex(): when for address, when in times.items()}


def _addresses(family: Family, times: Mapping[str, Any]) -> dict[Address, float]:
    return {_address(family, address): float(when) for address, when in times.items()}


def _address(family: Family, digits: str) -> Address:
    address = bytes.fromhex(digits)
    if len(address) != family.address_size:
        raise ValueError(f"not an {family.name} address: {digits}")
    return address


def _versions(older: OlderVersions) -> dict[str, float]:
    return {str(version): until for version, until in older.until.items()}


def _restored_versions(values: Mapping[str, Any]) -> OlderVersions:
    return OlderVersions({int(version): float(until) for version, until in values.items()})
