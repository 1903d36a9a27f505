"""The counts of the daemon of the documentation."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

from mcproxy.linux.arrivals import Arrival
from mcproxy.linux.host_counters import HostCounters
from mcproxy.linux.mroute.counters import ENTRY, VifCounters, entry_key
from mcproxy.message_counts import MessageKey
from mcproxy.protocol.family import IPV4, IPV6, packed
from mcproxy.receiver.drops import Counts
from mcproxy.routing.readings import History, Look, Reading, Sample, TableKey

NEWS, CHANNEL = packed("239.1.1.1"), packed("232.1.1.1")
NEWS_SOURCE, CHANNEL_SOURCE = packed("203.0.113.9"), packed("203.0.113.5")


def play_counts(proxy: Any) -> None:
    """Give the proxy modules that have counted something."""
    sent = {("eth0", "report", 3): 31, ("lan1", "query", 3): 12}
    received = {("lan1", "report", 3): 46, ("lan2", "report", 2): 9, ("lan2", "leave", 2): 4}
    counts = {IPV4: Counts(), IPV6: Counts()}
    counts[IPV4].messages.update(_keys(received))
    counts[IPV4].dropped["lan2", "checksum"] = 1
    vifs = {
        (IPV4, 0, "eth0"): VifCounters(181_204, 0, 240_639_112, 0),
        (IPV4, 0, "lan1"): VifCounters(0, 181_204, 0, 240_639_112),
    }
    proxy.sender = SimpleNamespace(
        messages=_keys(sent),
        not_sent=Counter(),
        sent=Counter({("eth0", "report"): 31, ("lan1", "query"): 12}),
        failed=Counter(),
    )
    proxy.receiver = SimpleNamespace(counts=counts, dropped=counts[IPV4].dropped)
    proxy.routing = SimpleNamespace(tables={}, sampler=SimpleNamespace(vifs=lambda: vifs))


def _keys(counts: dict[tuple[str, str, int], int]) -> Counter[MessageKey]:
    return Counter({MessageKey("ipv4", *key): count for key, count in counts.items()})


def reading(table: TableKey) -> Reading:
    """One stream flows, and one arrives with a TTL of 1."""
    history = History()
    for when, news, channel in ((10.0, 180_004, 9_000), (12.0, 181_204, 9_200)):
        part = {
            entry_key(NEWS_SOURCE, NEWS, 0): ENTRY.pack(news, news * 1328, 0, 0),
            entry_key(CHANNEL_SOURCE, CHANNEL, 0): ENTRY.pack(channel, channel * 1328, 0, 1),
        }
        history.note(part, when)
    host = HostCounters(0, {}, {})
    key = (*table, "lan1")
    samples = [
        Sample(when, {key: VifCounters(packets_out=count)}, host)
        for when, count in ((10.0, 180_004), (12.0, 181_204))
    ]
    seen = {Arrival("eth0", CHANNEL_SOURCE, CHANNEL, 1): 30}
    return Reading(*samples, Look(frozenset(), seen), {table: history})
