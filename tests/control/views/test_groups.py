"""The view of groups: who asks, who is asked, and who said no."""

from __future__ import annotations

from mcproxy.config.model import FilterConfig, InstanceConfig, InterfaceSettings
from mcproxy.config.rules import read_rule
from mcproxy.control.views import groups
from mcproxy.instance.refusals import RecentRefusals
from mcproxy.messages import LinkChanged
from mcproxy.protocol.family import packed
from mcproxy.protocol.router.admission import Refusal
from mcproxy.protocol.wire.packets import OldReport, Query

from ...instance.support import ALLOW, ANY, D1, D2, G1, G2, HOST, S1, SSM, TO_EX, UP
from .support import Row, ViewTestCase

OTHER = packed("10.0.2.10")


class AskedTests(ViewTestCase):
    def test_joined_group_names_the_upstream_that_is_asked_and_since_when(self) -> None:
        self.join("d1", HOST, TO_EX, G1)
        self.clock.advance(7)
        [row] = self.rows(groups.rows)
        self.assertEqual((row["asked"], row["asked-time"]), (["up"], 7.0))
        self.assertEqual((row["state"], row["refused"]), ("joined", None))
        self.assertEqual((row["family"], row["last-reporter"]), ("ipv4", "10.0.2.9"))

    def test_time_of_asking_is_that_of_the_first_join(self) -> None:
        self.join("d1", HOST, TO_EX, G1)
        self.clock.advance(5)
        self.join("d1", HOST, TO_EX, G2)
        self.join("d2", HOST, TO_EX, G1)
        self.clock.advance(5)
        found = [(r["interface"], r["asked-time"]) for r in self.rows(groups.rows)]
        self.assertEqual(found, [("d1", 10.0), ("d1", 5.0), ("d2", 10.0)])

    def test_group_is_not_asked_while_the_upstream_is_down(self) -> None:
        self.configure(InstanceConfig("a", ("up",), ("d1",)), D1)
        self.join("d1", HOST, TO_EX, G1)
        [row] = self.rows(groups.rows)
        self.assertEqual((row["asked"], row["refused"]["by"]), ([], "upstream down"))

    def test_group_is_not_asked_without_an_upstream(self) -> None:
        self.configure(InstanceConfig("a", (), ("d1", "d2")), D1, D2)
        self.join("d1", HOST, TO_EX, G1)
        [row] = self.rows(groups.rows)
        self.assertEqual((row["asked"], row["refused"]["by"]), ([], "no upstream"))

    def test_source_specific_group_is_not_reported_to_an_older_querier(self) -> None:
        self.join("d1", HOST, ALLOW, SSM, S1)
        self.assertEqual(len(self.rows(groups.rows)[0]["asked"]), 1)
        upstream = self.instance.upstreams["up"]
        upstream.host.receive(Query(2, ANY, 10.0), self.clock.seconds())
        [row] = self.rows(groups.rows)
        self.assertEqual((row["asked"], row["refused"]["setting"]), ([], "ssm-fallback"))

    def test_group_on_a_link_of_another_querier_is_not_forwarded(self) -> None:
        self.join("d1", HOST, TO_EX, G1)
        self.receive("d1", packed("10.0.2.0"), Query(3, ANY, 10.0))
        [row] = self.rows(groups.rows)
        self.assertEqual(row["refused"]["by"], "querier")
        self.assertEqual(row["refused"]["setting"], "allowed-queriers")


class PolicyTests(ViewTestCase):
    def of(self, role: str, interface: str, direction: str) -> Row:
        """The row of a group that a filter denies."""
        rules = (read_rule("239.1.1.1"),)
        filters = (FilterConfig(interface, role, direction, False, rules),)
        self.configure(InstanceConfig("a", ("up",), ("d1", "d2"), filters=filters))
        self.join("d1", HOST, TO_EX, G1)
        self.join("d1", HOST, TO_EX, G2)
        first, second = self.rows(groups.rows)
        self.assertEqual((len(second["asked"]), second["refused"]), (1, None))
        return first

    def test_filter_of_the_downstream_is_named(self) -> None:
        refused = self.of("downstream", "d*", "out")["refused"]
        self.assertEqual((refused["by"], refused["setting"]), ("filter", "instance.a.filter[0]"))
        self.assertIn('filter of downstream d1, direction "out",', refused["text"])

    def test_filter_of_the_upstream_is_named(self) -> None:
        row = self.of("upstream", "up", "in")
        self.assertEqual((row["asked"], row["refused"]["by"]), ([], "filter"))
        self.assertIn('filter of upstream up, direction "in",', row["refused"]["text"])

    def test_link_that_goes_while_the_answer_is_made_ends_no_answer(self) -> None:
        rules = (read_rule("239.9.9.9"),)
        filters = (FilterConfig("d1", "downstream", "out", False, rules),)
        self.configure(InstanceConfig("a", ("up",), ("d1", "d2"), filters=filters))
        for group in (G1, G2):
            self.join("d1", HOST, TO_EX, group)
        rows = groups.rows(self.proxy)
        self.assertEqual((next(rows) or {})["group-address"], "239.1.1.1")
        self.instance.receive(LinkChanged(D1, None))
        self.assertEqual([row["group-address"] for row in rows if row], ["239.1.1.2"])

    def test_boundary_is_named(self) -> None:
        config = InstanceConfig("a", ("up",), ("d1", "d2"), boundary=("239.1.1.1/32",))
        self.configure(config)
        self.join("d1", HOST, TO_EX, G1)
        [row] = self.rows(groups.rows)
        self.assertEqual((row["asked"], row["refused"]["setting"]), ([], "boundary"))


class RefusedJoinTests(ViewTestCase):
    def setUp(self) -> None:
        super().setUp()
        settings = {"d1": InterfaceSettings(max_groups=1, minimum_igmp_version=3)}
        self.configure(InstanceConfig("a", ("up",), ("d1", "d2"), interface=settings), UP, D1, D2)

    def test_refused_join_without_a_group_is_a_row_with_host_count_and_setting(self) -> None:
        self.join("d1", HOST, TO_EX, G1)
        self.join("d1", HOST, TO_EX, G2)
        self.clock.advance(4)
        self.join("d1", OTHER, TO_EX, G2)
        self.clock.advance(2)
        [row] = self.rows(groups.rows, state="refused")
        self.assertEqual((row["group-address"], row["interface"]), ("239.1.1.2", "d1"))
        refused = row["refused"]
        self.assertEqual((refused["by"], refused["setting"]), ("max-groups", "max-groups"))
        self.assertEqual((refused["host-address"], refused["count"]), ("10.0.2.10", 2))
        self.assertEqual(refused["last"], 2.0)

    def test_each_reason_names_its_setting(self) -> None:
        self.join("d2", HOST, TO_EX, SSM)
        self.receive("d1", HOST, OldReport(2, G1))
        found = {row["group-address"]: row["refused"] for row in self.rows(groups.rows)}
        self.assertEqual(found["232.1.1.1"]["setting"], "ssm-range")
        self.assertEqual(found["239.1.1.1"]["setting"], "minimum-igmp-version")

    def test_groups_that_every_host_reports_are_no_refusal(self) -> None:
        self.join("d1", HOST, TO_EX, packed("224.0.0.251"))
        self.assertEqual(self.rows(groups.rows), [])

    def test_refused_join_is_shown_for_an_hour(self) -> None:
        self.join("d1", HOST, TO_EX, G1)
        self.join("d1", HOST, TO_EX, G2)
        self.assertEqual(len(self.rows(groups.rows, state="refused")), 1)
        self.clock.advance(groups.RECENT + 1)
        self.assertEqual(self.rows(groups.rows, state="refused"), [])

    def test_memory_of_refusals_is_bounded_and_forgets_the_oldest(self) -> None:
        memory = RecentRefusals(most=2)
        for number, group in enumerate((G1, G2, G1, SSM)):
            memory.note(group, Refusal.MAX_GROUPS, HOST, float(number))
        self.assertEqual(set(memory.since(0.0)), {G1, SSM})
        self.assertEqual(memory.since(0.0)[G1][1].count, 2)
        self.assertEqual(set(memory.since(3.0)), {SSM})
