"""Joins that a filter or the boundary denies are told to those who read such events."""

from __future__ import annotations

from mcproxy.config.model import FilterConfig, InstanceConfig
from mcproxy.config.rules import read_rule
from mcproxy.events.event import Event
from mcproxy.events.membership import JoinDenied
from mcproxy.instance import denied_joins

from .support import D1, D2, G1, G2, TO_EX, TO_IN, UP, InstanceTestCase

DENY_G1 = FilterConfig("d*", "downstream", "out", False, (read_rule("239.1.1.1"),))


class DeniedJoinTests(InstanceTestCase):
    def use(self, config: InstanceConfig, *, read: bool = True) -> list[Event]:
        """The events that are told of this instance from now on."""
        self.instance = self.make(config)
        heard: list[Event] = []
        if read:
            self.context.events.read(heard.append, [JoinDenied])
        else:
            self.context.events.ignore(self.log.reader)
        self.links(UP, D1, D2)
        return heard

    def test_denied_join_names_host_group_interface_and_setting(self) -> None:
        heard = self.use(InstanceConfig("a", ("up",), ("d1", "d2"), filters=(DENY_G1,)))
        self.says("d1", TO_EX, G2)
        self.assertEqual(heard, [])
        self.says("d1", TO_EX, G1)
        [row] = [event.row(0.0) for event in heard]
        self.assertEqual((row["event"], row["interface"]), ("join-denied", "d1"))
        self.assertEqual((row["group-address"], row["host-address"]), ("239.1.1.1", "10.0.2.9"))
        self.assertEqual(
            row["text"],
            '10.0.2.9 joined 239.1.1.1; the filter of downstream d1, direction "out", denies it '
            "(see instance.a.filter[0])",
        )
        self.says("d1", TO_IN, G1)
        self.assertEqual(len(heard), 1)

    def test_boundary_is_told(self) -> None:
        heard = self.use(InstanceConfig("a", ("up",), ("d1",), boundary=("239.1.1.1/32",)))
        self.says("d1", TO_EX, G1)
        [row] = [event.row(0.0) for event in heard]
        self.assertIn("stays within the boundary", row["text"])

    def test_nothing_is_looked_for_without_a_reader_or_without_filters(self) -> None:
        self.patch(denied_joins, "Asked", None)
        filtered = InstanceConfig("a", ("up",), ("d1", "d2"), filters=(DENY_G1,))
        for config, read in ((filtered, False), (InstanceConfig("a", ("up",), ("d1",)), True)):
            self.use(config, read=read)
            self.says("d1", TO_EX, G1)
            self.assertIn(G1, self.instance.downstreams["d1"].querier.groups)
