"""Forwarding by groups: upcalls that move a source, and those that ask nothing."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.instance.group_forwarding import GroupForwarding
from mcproxy.messages import CacheMiss, WrongInterface
from mcproxy.protocol.family import IPV4

from .source_forwarding_case import LINKS, S1, FakeTable, G, links


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

    def test_closed_forwarding_ignores_upcalls(self) -> None:
        table: Any = FakeTable()
        forwarding = GroupForwarding(IPV4, "up", lambda _: None, table)
        forwarding.links_changed(links(LINKS, "up"))
        forwarding.close()
        forwarding.receive(WrongInterface("d1", S1, G))
        self.assertEqual(table.told, [])
