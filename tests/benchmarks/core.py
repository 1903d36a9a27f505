"""The core of a report in this process: decoded, given to a querier, reported and encoded.

There are no sockets and no reactor, and only processor time counts, so other work on the machine
changes the figures little: they compare two states of the code.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from mcproxy.protocol.family import IPV4, Address, packed
from mcproxy.protocol.host.host import Host
from mcproxy.protocol.membership import MembershipDatabase
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.packets import Query, Record, RecordType, Report

from .site import groups

_GROUPS = 5_000
_ROUNDS = 5
_REFRESHES = 3
_SENDER, _UPSTREAM = packed("10.2.0.10"), packed("10.1.0.2")


class _Core:
    """A querier with hosts, one without, and the host upstream."""

    def __init__(self) -> None:
        self._querier = Querier(IPV4, QuerierSettings(), address=packed("10.2.0.1"))
        other = Querier(IPV4, QuerierSettings(), address=packed("10.3.0.1"))
        self._database = MembershipDatabase({"down1": self._querier, "down2": other})
        self._host = Host(IPV4, lambda: 0.5)

    def take(self, packet: bytes, now: float) -> None:
        """Do all that a report asks for, but sending."""
        received = datagram.decode_ipv4(packet)
        report = datagram.accept(IPV4, received)
        assert isinstance(report, Query | Report)
        changed = self._querier.receive(report, received.source, now).changed
        if changed:
            wishes = [(group, self._database.merged(group)) for group in changed]
            for send_to, own in self._host.update(wishes, now):
                datagram.encode(IPV4, _UPSTREAM, send_to, own)
            self._host.next_deadline()
            self._querier.next_deadline()


def core_table() -> list[list[str]]:
    """The least processor time of a group in several rounds, by the records of a report."""
    rows = [["the core alone: processor time of a group, least of rounds", "us"]]
    for size in (1, 50):
        joins, refreshes = [], []
        for _ in range(_ROUNDS):
            core = _Core()
            joins.append(_time(core, _packets(RecordType.CHANGE_TO_EXCLUDE_MODE, size), 1.0))
            again = list(_packets(RecordType.MODE_IS_EXCLUDE, size))
            refreshes += [_time(core, again, 2.0 + each) for each in range(_REFRESHES)]
        rows.append([f"joined, {size} in a report", f"{min(joins):.2f}"])
        rows.append([f"refreshed, {size} in a report", f"{min(refreshes):.2f}"])
    return rows


def _time(core: _Core, packets: Iterable[bytes], now: float) -> float:
    """Microseconds of processor time for each group."""
    given = list(packets)
    begin = time.thread_time()
    for packet in given:
        core.take(packet, now)
    return (time.thread_time() - begin) * 1e6 / _GROUPS


def _packets(kind: RecordType, size: int) -> Iterable[bytes]:
    every: list[Address] = groups(_GROUPS)
    for at in range(0, _GROUPS, size):
        report = Report(tuple(Record(kind, group) for group in every[at : at + size]))
        yield datagram.encode(IPV4, _SENDER, IPV4.report_destination, report)
