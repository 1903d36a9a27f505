"""Whether a flow is forwarded, and what stops it if not: a judgement by the kernel's counters.

What moves in which case was measured:

========================  ==========  =============  ===========  ==============  ==========
case                      the entry   iif, in        oif, out     sent            seen by look
========================  ==========  =============  ===========  ==============  ==========
forwarded                 moves       moves          moves        moves           no
TTL 1                     moves       moves          still        still           yes
firewall, forward chain   moves       moves          moves        still           no
firewall, prerouting      still       still          still        still           yes
rp_filter                 still       still          still        still           yes
another interface         wrong-if    still          still        still           there
nothing arrives           still       still          still        still           no
========================  ==========  =============  ===========  ==============  ==========

"Sent" is the count of multicast packets that left the machine: IPv6 has it for each interface, IPv4
for all interfaces together. rp_filter has a counter of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from ...linux.arrivals import Arrival
from ...linux.host_counters import ANY_INTERFACE
from ...protocol.family import IPV4, Address
from ...routing.counters import LOOK_TIME
from ...routing.readings import FEW, Moved, Reading, TableKey

MOVING_TIME = 2.0
"""Seconds since the last packet within which a slow stream counts as moving."""

_ENOUGH = 5
"""Packets that a look should see of a stream, so that none at all means something."""


class FlowState(Enum):
    """What happens to the data of a flow. The values are the member ``state`` of its row."""

    FORWARDING = "forwarding"
    SILENT = "silent"
    TTL = "ttl"
    WRONG_INTERFACE = "wrong-interface"
    RP_FILTER = "rp-filter"
    BEFORE_ROUTING = "dropped-before-routing"
    AFTER_ROUTING = "dropped-after-routing"
    TOO_LARGE = "too-large"
    DENIED = "denied"
    NOT_ASKED = "not-asked"
    NOT_WANTED = "not-wanted"
    DEFAULT = "default"


Judgement = tuple[FlowState, str]
"""The state, and the reason in words."""


class Flow(NamedTuple):
    """One entry, or a wanted group without one, and what the daemon knows of it.

    An unspecified ``source`` stands for any. ``is_asked`` says whether an upstream was asked for
    it, ``is_wanted`` whether a host wants it, ``since`` for how long (s). ``denied_by`` names the
    setting that lets nothing pass. ``moved`` is None where the kernel has no entry. ``foreign``
    are the links of all hosts that want it, if another router is the querier on each.
    """

    table: TableKey
    source: Address
    group: Address
    iif: str
    oifs: tuple[str, ...]
    is_wanted: bool
    is_asked: bool
    since: float | None
    denied_by: str
    moved: Moved | None
    foreign: tuple[str, ...] = ()


class Judge:
    """Judges flows by one reading; ``thresholds`` are TTLs by table and interface, if not 1."""

    def __init__(self, reading: Reading, thresholds: Mapping[tuple[TableKey, str], int]) -> None:
        self._reading = reading
        self._thresholds = thresholds
        self._seen: dict[Address, list[tuple[Arrival, int]]] = defaultdict(list)
        if reading.look is not None:
            for arrival, count in reading.look.seen.items():
                self._seen[arrival.group].append((arrival, count))
        self._losses = reading.losses()

    def judge(self, flow: Flow) -> Judgement:
        """The state of a flow, with the reason."""
        if not any(flow.group):
            return FlowState.DEFAULT, "for groups that nobody asks for"
        if flow.foreign and not flow.oifs:
            links = ", ".join(flow.foreign)
            return FlowState.DENIED, f"not forwarded, another router is the querier on {links}"
        if self._is_moving(flow):
            return self._judge_moving(flow)
        return self._judge_silent(flow)

    # -- flows that arrive

    def _is_moving(self, flow: Flow) -> bool:
        """Whether the entry accepts data, and did so a moment ago."""
        moved = flow.moved
        if moved is None or moved.total.idle is None:
            return False
        if not moved.span:
            return moved.total.idle <= MOVING_TIME
        if moved.packets == 0:
            return moved.total.idle <= MOVING_TIME and not moved.total.wrong_interface
        return moved.packets > moved.wrong_interface

    def _judge_moving(self, flow: Flow) -> Judgement:
        if flow.denied_by:
            return FlowState.DENIED, f"arrives, denied by {flow.denied_by}"
        ways = [name for name in flow.oifs if name != flow.iif]
        if not ways:
            text = "not accepted from there" if flow.is_wanted else "nobody asks for it"
            return FlowState.NOT_WANTED, f"arrives, {text}"
        return (
            self._judge_ttl(flow, ways)
            or self._judge_output(flow, ways)
            or (FlowState.FORWARDING, "forwarding")
        )

    def _judge_ttl(self, flow: Flow, ways: list[str]) -> Judgement | None:
        """Packets whose TTL is too small for all oifs were seen, in number."""
        least = min(self._thresholds.get((flow.table, name), 1) for name in ways)
        low = [(a, n) for a, n in self._arrivals(flow) if a.hops <= least]
        count = sum(n for _, n in low)
        if not count:
            return None
        moved, expected = flow.moved, 0.0
        if moved is not None and moved.span > 0:
            expected = moved.packets / moved.span * LOOK_TIME
        hops = max(arrival.hops for arrival, _ in low)
        name = "TTL" if flow.table[0] is IPV4 else "hop limit"
        text = f"arrives with {name} {hops}"
        if least > 1:
            text += f", ttl-threshold is {least}"
        if 2 * count < expected:
            return FlowState.FORWARDING, f"forwarding; some {text}"
        return FlowState.TTL, f"{text}, not forwarded"

    def _judge_output(self, flow: Flow, ways: list[str]) -> Judgement | None:
        """The kernel accepts the data; compare what it routed out with what left."""
        family, number = flow.table
        if flow.moved is None or flow.moved.packets <= FEW:
            return None
        routed = sum(self._reading.packets_out((family, number, name)) for name in ways)
        places = {(family, ANY_INTERFACE if family is IPV4 else name) for name in ways}
        before, after = self._reading.before.host, self._reading.after.host
        fragments = sum(
            after.not_fragmented.get(place, 0) - before.not_fragmented.get(place, 0)
            for place in places
        )
        if not routed:
            if fragments > 0:
                return FlowState.TOO_LARGE, "packets are larger than the MTU, not forwarded"
            return FlowState.TTL, "arrives, TTL too small, not forwarded"
        losses = [self._losses[place] for place in places if place in self._losses]
        lossy = [one for one in losses if one.is_some]
        if not lossy:
            return None
        lost, total = sum(one.lost for one in lossy), sum(one.routed for one in losses)
        leaves = self._leaves(flow, ways)
        if leaves:
            return None
        if leaves is None and 10 * lost < 9 * total:
            return FlowState.FORWARDING, "forwarding; some streams are dropped after routing"
        if 2 * fragments >= lost:
            return FlowState.TOO_LARGE, "packets are larger than the MTU, not forwarded"
        return FlowState.AFTER_ROUTING, "dropped after routing (firewall: forward?)"

    def _leaves(self, flow: Flow, ways: list[str]) -> bool | None:
        """Whether the flow was seen to leave, of several of which some do not; None: not known."""
        left, moved = self._reading.left, flow.moved
        if left is None or flow.group not in left.groups or moved is None or not moved.span:
            return None
        if moved.packets / moved.span * LOOK_TIME < _ENOUGH:
            return None
        return any(
            arrival.group == flow.group
            and arrival.interface in ways
            and (arrival.source == flow.source or not any(flow.source))
            for arrival in left.seen
        )

    # -- flows of which nothing is accepted

    def _judge_silent(self, flow: Flow) -> Judgement:
        there, elsewhere = 0, []
        for arrival, count in self._arrivals(flow):
            if arrival.interface == flow.iif:
                there += count
            else:
                elsewhere.append(arrival.interface)
        if there:
            return self._judge_dropped(flow, there)
        wrong = flow.moved.wrong_interface if flow.moved is not None else 0
        if elsewhere or wrong:
            where = f"at {', '.join(sorted(set(elsewhere)))}" if elsewhere else "elsewhere"
            return FlowState.WRONG_INTERFACE, f"arrives {where}, accepted from {flow.iif} only"
        if flow.denied_by:
            return FlowState.DENIED, f"not asked, denied by {flow.denied_by}"
        if not flow.is_wanted:
            return FlowState.NOT_WANTED, "nobody asks for it"
        if not flow.is_asked:
            return FlowState.NOT_ASKED, "not asked upstream (no usable upstream?)"
        return FlowState.SILENT, f"asked, nothing arrives{self._for_how_long(flow)}"

    def _judge_dropped(self, flow: Flow, count: int) -> Judgement:
        """Data arrives at the iif, and the entry does not count it."""
        before, after = self._reading.before.host, self._reading.after.host
        if flow.table[0] is IPV4 and 2 * (after.reverse_path - before.reverse_path) >= count:
            return (
                FlowState.RP_FILTER,
                f"dropped by rp_filter: no route to the source by {flow.iif}",
            )
        return FlowState.BEFORE_ROUTING, "dropped before routing (firewall: prerouting?)"

    def _for_how_long(self, flow: Flow) -> str:
        idle = flow.moved.total.idle if flow.moved is not None else None
        seconds = flow.since if idle is None else idle
        return "" if seconds is None else f" for {seconds:.0f} s"

    def _arrivals(self, flow: Flow) -> list[tuple[Arrival, int]]:
        """What the look saw of the flow."""
        seen = self._seen.get(flow.group, [])
        if not any(flow.source):
            return seen
        return [(arrival, count) for arrival, count in seen if arrival.source == flow.source]
