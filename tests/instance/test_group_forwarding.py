"""Forwarding by groups: upcalls that move a source, and those that ask nothing."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.instance.group_forwarding import GroupForwarding
from mcproxy.messages import CacheMiss, WrongInterface
from mcproxy.protocol.family import IPV4
from mcproxy.protocol.forwarding.planner import Route
from mcproxy.protocol.sources import ANY_SOURCE, INCLUDE, SourceFilter

from .source_forwarding_case import ANY, LINKS, S1, S2, FakeTable, G, links


class GroupForwardingTests(SynchronousTestCase):
    def test_cache_miss_is_ignored_and_wrong_interface_moves_the_source(self) -> None:
        """Entries for groups leave nothing to ask about but data on links of others."""
        table: Any = FakeTable()
        forwarding = GroupForwarding(IPV4, "up", lambda _: None, table)
        forwarding.links_changed(links(LINKS, "up"))
        forwarding.receive(CacheMiss("d1", S1, G))
        self.assertEqual((table.told, list(forwarding.groups())), ([], []))
        forwarding.receive(WrongInterface("d1", S1, G))
        self.assertEqual(table.told, [G])

    def test_plan_of_one_source_has_its_entry_alone(self) -> None:
        """It is asked for after source forwarding marked the source, which this one replaced."""
        table: Any = FakeTable()
        forwarding = GroupForwarding(IPV4, "up", lambda _: None, table)
        forwarding.links_changed(links(LINKS, "up"))
        wanted = {"d1": ANY_SOURCE, "d2": SourceFilter(INCLUDE, frozenset([S1]))}
        of_group, of_source = (
            Route(ANY, "up", frozenset(["up", "d1"])),
            Route(S1, "up", frozenset(["d1", "d2"])),
        )
        self.assertEqual(set(forwarding.plan(G, wanted, None)), {of_group, of_source})
        self.assertEqual(forwarding.plan(G, wanted, S1), (of_source,))
        self.assertEqual(forwarding.plan(G, wanted, S2), ())

    def test_closed_forwarding_ignores_upcalls(self) -> None:
        table: Any = FakeTable()
        forwarding = GroupForwarding(IPV4, "up", lambda _: None, table)
        forwarding.links_changed(links(LINKS, "up"))
        forwarding.close()
        forwarding.receive(WrongInterface("d1", S1, G))
        self.assertEqual(table.told, [])
