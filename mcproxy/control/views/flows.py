"""Each flow: what arrives where, where it goes, how much of it, and what stops it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from socket import inet_ntop
from typing import TYPE_CHECKING

from ...linux.mroute.counters import entry_key
from ...protocol.family import Address
from ...protocol.forwarding.planner import NO_INTERFACE, Route
from ...protocol.policy.directional_filters import FilterPolicy
from ...protocol.sources import NOTHING, SourceFilter
from .flow_state import Flow, Judge
from .values import Row

if TYPE_CHECKING:
    from ...instance.instance import ProxyInstance
    from ...proxy import Proxy
    from ...routing.readings import Moved, Reading

_MOST_SEARCHED = 2000
"""Groups of an instance that are searched for some without an entry."""


def without_entry(proxy: Proxy) -> Iterator[Address]:
    """Wanted groups that have no entry, since no source is known: those the look must name."""
    for instance in proxy.instances:
        if instance.planned.forwarding.per_source:
            heard = set(instance.forwarding.groups())
            for group in islice(instance.database.groups_in_time(), _MOST_SEARCHED):
                if group not in heard:
                    yield group


def rows(proxy: Proxy, reading: Reading) -> Iterator[Row]:
    """Flows of all instances; ``*`` stands for any source or any group."""
    judge = _make_judge(proxy, reading)
    for instance in list(proxy.instances):
        flows = _Flows(proxy, instance, reading)
        for group in _groups(instance):
            yield from _rows_of(instance, flows, judge, group)


def rows_of(
    proxy: Proxy, reading: Reading, instance: ProxyInstance, group: Address
) -> Iterator[Row]:
    """The flows of one group in one instance."""
    flows = _Flows(proxy, instance, reading)
    yield from _rows_of(instance, flows, _make_judge(proxy, reading), group)


def _make_judge(proxy: Proxy, reading: Reading) -> Judge:
    thresholds = {
        (key, name): table.vifs.thresholds[vif.number]
        for key, table in proxy.routing.tables.items()
        for name, vif in table.vifs.by_name.items()
        if vif.number in table.vifs.thresholds
    }
    return Judge(reading, thresholds)


def _rows_of(instance: ProxyInstance, flows: _Flows, judge: Judge, group: Address) -> Iterator[Row]:
    for flow in flows.of(group):
        state, reason = judge.judge(flow)
        yield _row(instance, flow) | {"state": state.value, "reason": reason}


def _groups(instance: ProxyInstance) -> Iterator[Address]:
    """The groups of an instance, each once; copied and searched in small parts only."""
    yield instance.family.unspecified
    known: list[Collection[Address]] = []
    for members in (
        instance.database.static,
        *(querier.wanted_groups() for querier in instance.database.queriers.values()),
        instance.forwarding.groups(),
    ):
        for group in list(members):
            if not any(group in earlier for earlier in known):
                yield group
        known.append(members)


class _Flows:
    """The flows of one instance, by its plan and the kernel's counters."""

    def __init__(self, proxy: Proxy, instance: ProxyInstance, reading: Reading) -> None:
        self._instance = instance
        self._reading = reading
        self._now = proxy.timer.now()
        table = proxy.routing.tables.get(instance.table_key)
        self._indexes = (
            {} if table is None else {name: vif.index for name, vif in table.vifs.by_name.items()}
        )
        self._hosts = {n: one.host for n, one in instance.upstreams.items() if one.link is not None}
        forwarding = instance.planned.forwarding
        self._policy: FilterPolicy | None = None
        if forwarding.per_source:
            self._policy = forwarding.policy.policy()

    def of(self, group: Address) -> Iterator[Flow]:
        """The flows of one group: its entries, or one flow without an entry."""
        instance = self._instance
        if not any(group):
            wishes: dict[str, SourceFilter] = {}
            routes = instance.forwarding.base()
        else:
            wishes = instance.database.subscriptions(group)
            foreign = instance.links.usable.foreign
            wanted = {n: one for n, one in wishes.items() if n not in foreign}
            routes = instance.forwarding.plan(group, wanted, None)
            if not routes and wishes:
                iif = next(iter(self._hosts), "")
                routes = (Route(instance.family.unspecified, iif, frozenset()),)
        asked = [one.groups[group] for one in self._hosts.values() if group in one.groups]
        for route in routes:
            yield self._flow(group, route, wishes, asked)

    def _flow(
        self,
        group: Address,
        route: Route,
        wishes: dict[str, SourceFilter],
        asked: list[SourceFilter],
    ) -> Flow:
        source, iif = route.source, route.parent
        iif = "" if iif[:1] == NO_INTERFACE else iif
        specific = any(source)
        wanted = [n for n, one in wishes.items() if not specific or one.wants(source)]
        foreign = self._instance.links.usable.foreign
        is_asked = bool(asked) and (not specific or any(one.wants(source) for one in asked))
        key = entry_key(source, group, self._indexes.get(iif, 0))
        return Flow(
            self._instance.table_key,
            source,
            group,
            iif,
            tuple(sorted(route.outgoing - {iif} if any(group) else route.outgoing)),
            bool(wanted),
            is_asked or iif not in self._instance.upstreams,
            self._since(group),
            self._denial(group, source, iif, wishes) if wanted else "",
            self._reading.entry(self._instance.table_key, key),
            tuple(sorted(wanted)) if foreign.issuperset(wanted) else (),
        )

    def _since(self, group: Address) -> float | None:
        """How long a host has wanted the group; None for none."""
        queriers = self._instance.database.queriers.values()
        found = [known.since for one in queriers if (known := one.groups.get(group)) is not None]
        return self._now - min(found) if found else None

    def _denial(
        self, group: Address, source: Address, iif: str, wishes: dict[str, SourceFilter]
    ) -> str:
        """The setting that lets nothing of a wanted flow pass; an empty text for none."""
        policy, instance = self._policy, self._instance
        if policy is None:
            return ""
        is_upstream = iif in instance.upstreams
        if is_upstream and policy.within_boundary(group):
            return "boundary"
        inward = (policy.upstream if is_upstream else policy.downstream)(iif).inward
        if any(source):
            if not inward.passes(group, source):
                return f"the filter of {iif} (in)"
            stopped = [
                name
                for name, one in wishes.items()
                if one.wants(source)
                and not policy.downstream(name).outward.passes(group, source, iif)
            ]
            passing = [name for name, one in wishes.items() if one.wants(source)]
            return f"the filter of {stopped[0]} (out)" if stopped and stopped == passing else ""
        left = {n: policy.downstream(n).outward.restrict(group, w, iif) for n, w in wishes.items()}
        if all(one == NOTHING for one in left.values()):
            return f"the filter of {next(iter(left))} (out)"
        if all(inward.restrict(group, one) == NOTHING for one in left.values()):
            return f"the filter of {iif} (in)"
        return ""


def _row(instance: ProxyInstance, flow: Flow) -> Row:
    kind = instance.family.socket_family  # inet_ntop takes a tenth of the time of ipaddress
    return {
        "instance": instance.name,
        "family": instance.family.name,
        "source-address": inet_ntop(kind, flow.source) if any(flow.source) else "*",
        "group-address": inet_ntop(kind, flow.group) if any(flow.group) else "*",
        "incoming-interface": flow.iif,
        "outgoing-interface": list(flow.oifs),
        **_counted(flow.moved),
        "up-time": None if flow.since is None else round(flow.since, 1),
    }


def _counted(moved: Moved | None) -> Row:
    """Packets that were accepted, their rate, and how long ago the last one came (s).

    The rates are per second; None where the entry is too new. ``bytes`` and ``bit-rate`` count
    packets from other interfaces too: the kernel does not tell their sizes apart.
    """
    if moved is None:
        moved_packets = moved_bits = idle = None
        packets = size = wrong = 0
    else:
        packets, size, wrong, idle = moved.total
        moved_packets, moved_bits = _rates(moved)
    return {
        "packets": packets - wrong,
        "bytes": size,
        "wrong-interface": wrong,
        "packet-rate": moved_packets,
        "bit-rate": moved_bits,
        "last-seen": idle,
    }


def _rates(moved: Moved) -> tuple[float | None, float | None]:
    if moved.span <= 0:
        return None, None
    accepted = moved.packets - moved.wrong_interface
    return round(accepted / moved.span, 1), round(8 * moved.bytes / moved.span)
