"""Rows of metrics whose labels come from the network: what bounds them, and what they mean."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control.metrics import groups, links, messages
from mcproxy.control.metrics.definition import Rows, Scrape
from mcproxy.message_counts import report_key
from mcproxy.protocol.family import IPV4, packed

GROUP = packed("239.1.1.1")


def of(rows: Rows) -> dict[tuple[str, ...], Any]:
    """The figures by the values of their labels."""
    return dict(row for row in rows if row is not None)


class MessageRowsTests(SynchronousTestCase):
    """An interface that is gone has no time series, so that they do not become more and more."""

    def setUp(self) -> None:
        counted = Counter({report_key(IPV4, name): 2 for name in ("here", "gone")})
        dropped = Counter({("here", "checksum"): 3, ("gone", "checksum"): 4, ("", "overflow"): 5})
        proxy: Any = SimpleNamespace(
            monitor=SimpleNamespace(links={"here": None}),
            receiver=SimpleNamespace(
                counts={IPV4: SimpleNamespace(messages=counted, dropped=dropped)}
            ),
            sender=SimpleNamespace(messages=counted, not_sent=counted),
        )
        self.scrape = Scrape(proxy, 0.0, 0.0)

    def test_messages_are_those_of_interfaces_that_exist(self) -> None:
        for metric in (messages.received, messages.sent, messages.unsent):
            self.assertEqual(of(metric.read(self.scrape)), {("ipv4", "here", "report", "3"): 2})

    def test_drops_are_those_of_interfaces_that_exist_or_of_none(self) -> None:
        self.assertEqual(
            of(messages.dropped.read(self.scrape)),
            {("ipv4", "here", "checksum"): 3, ("ipv4", "", "overflow"): 5},
        )


class GroupRowsTests(SynchronousTestCase):
    def scrape(self, sources: int) -> Scrape:
        """Of a group with this number of sources; of 7 packets of each, 2 came in elsewhere."""
        entries = [
            SimpleNamespace(source=packed(f"10.0.0.{sources - number}"))
            for number in range(sources)
        ]
        table = SimpleNamespace(
            installed=SimpleNamespace(of=lambda _: entries),
            entry_counters=lambda *_: SimpleNamespace(packets=7, bytes=700, wrong_interface=2),
        )
        instance = SimpleNamespace(name="tv/ipv4", family=IPV4, table_key=(IPV4, 0))
        proxy: Any = SimpleNamespace(
            instances=[instance], routing=SimpleNamespace(tables={(IPV4, 0): table})
        )
        return Scrape(proxy, 0.0, 0.0, [GROUP])

    def test_sources_of_a_group_are_bounded(self) -> None:
        found = of(groups.packets.read(self.scrape(groups.MOST_SOURCES + 9)))
        shown = [f"10.0.0.{number}" for number in range(1, groups.MOST_SOURCES + 1)]
        self.assertEqual([source for *_, source in found], shown)

    def test_packets_that_came_in_elsewhere_are_not_forwarded_ones(self) -> None:
        scrape, labels = self.scrape(1), ("tv", "ipv4", "239.1.1.1", "10.0.0.1")
        self.assertEqual(of(groups.packets.read(scrape)), {labels: 5})
        self.assertEqual(of(groups.wrong_interface.read(scrape)), {labels: 2})
        self.assertEqual(of(groups.size.read(scrape)), {labels: 700})


class UpstreamRowsTests(SynchronousTestCase):
    def test_times_are_on_the_clock_of_the_system(self) -> None:
        host = SimpleNamespace(last_query=90.0, last_report=None)
        one = SimpleNamespace(family=IPV4, table=0, name="up", host=host)
        scrape = Scrape(SimpleNamespace(upstreams=[one]), 100.0, 5000.0)  # type: ignore[arg-type]
        self.assertEqual(of(links.last_query.read(scrape)), {("ipv4", "0", "up"): 4990.0})
        self.assertEqual(of(links.last_report.read(scrape)), {})
