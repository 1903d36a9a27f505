"""The views of hosts, upstreams and sources."""

from __future__ import annotations

from mcproxy.config.model import InstanceConfig, InterfaceSettings
from mcproxy.control.views import hosts, sources, upstreams
from mcproxy.messages import CacheMiss, PacketReceived
from mcproxy.protocol.family import packed
from mcproxy.protocol.wire.packets import OldReport, Query

from ...instance.support import ALLOW, ANY, D1, D2, G1, G2, HOST, S1, S2, SSM, TO_EX, UP
from .support import ViewTestCase

OTHER = packed("10.0.2.10")


class HostTests(ViewTestCase):
    def track(self) -> None:
        settings = {"d1": InterfaceSettings(explicit_tracking=True)}
        self.configure(InstanceConfig("a", ("up",), ("d1", "d2"), interface=settings))

    def test_tracked_host_has_groups_version_and_last_report(self) -> None:
        self.track()
        self.join("d1", HOST, TO_EX, G2)
        self.join("d1", HOST, TO_EX, G1)
        self.clock.advance(3)
        self.receive("d1", OTHER, OldReport(2, G1))
        self.clock.advance(2)
        first, second = self.rows(hosts.rows)
        self.assertEqual(first["host-address"], "10.0.2.9")
        self.assertEqual(first["group-address"], ["239.1.1.1", "239.1.1.2"])
        self.assertEqual((first["version"], first["last-report"]), (3, 5.0))
        self.assertEqual((second["version"], second["last-report"]), (2, 2.0))
        self.assertEqual((first["interface"], first["tracked"]), ("d1", True))

    def test_host_whose_membership_expired_is_left_out(self) -> None:
        self.track()
        self.join("d1", HOST, TO_EX, G1)
        self.clock.advance(1000)
        self.assertEqual(self.rows(hosts.rows), [])

    def test_without_tracking_the_last_reporters_are_listed(self) -> None:
        self.join("d1", HOST, TO_EX, G1)
        self.join("d1", OTHER, TO_EX, G1)
        [row] = self.rows(hosts.rows)
        self.assertEqual((row["host-address"], row["tracked"]), ("10.0.2.10", False))


class UpstreamTests(ViewTestCase):
    def test_upstream_tells_its_querier_and_when_we_answered(self) -> None:
        query = PacketReceived("up", packed("10.0.1.254"), Query(3, ANY, 10.0))
        self.instance.upstreams["up"].receive(query)
        self.join("d1", HOST, TO_EX, G1)
        self.clock.advance(3)
        [row] = self.rows(upstreams.rows, group_address="*")
        self.assertEqual((row["querier-address"], row["querier-version"]), ("10.0.1.254", 3))
        self.assertEqual((row["last-query-heard"], row["state"]), (3.0, "up"))
        self.assertLessEqual(row["last-report-sent"], 3.0)

    def test_group_tells_who_wants_it(self) -> None:
        self.configure(
            InstanceConfig("a", ("up",), ("d1", "d2"), static_group=("239.1.1.1",)), UP, D1, D2
        )
        self.join("d1", HOST, TO_EX, G1)
        self.join("d2", OTHER, ALLOW, SSM, S1)
        self.clock.advance(3)
        _, ssm, any_source = self.rows(upstreams.rows)
        self.assertEqual(ssm["source-address"], ["198.51.100.1"])
        self.assertEqual((ssm["filter-mode"], ssm["up-time"]), ("include", 3.0))
        hosts_of = [(one["interface"], one["host-address"]) for one in any_source["wanted-by"]]
        self.assertEqual(hosts_of, [("d1", "10.0.2.9"), ("static", None)])
        self.assertEqual([one["static"] for one in any_source["wanted-by"]], [False, True])

    def test_group_filter_keeps_the_upstream_s_own_row(self) -> None:
        self.join("d1", HOST, TO_EX, G1)
        self.join("d1", HOST, TO_EX, G2)
        rows = self.rows(upstreams.rows, "group=239.1.1.2")
        self.assertEqual([row["group-address"] for row in rows], ["*", "239.1.1.2"])


class SourceTests(ViewTestCase):
    def test_observed_source_has_arrival_and_outputs(self) -> None:
        self.configure(InstanceConfig("a", ("up",), ("d1", "d2"), forwarding="per-source"))
        self.join("d1", HOST, TO_EX, G1)
        self.instance.receive(CacheMiss("up", S1, G1))
        self.clock.advance(2)
        [row] = self.rows(sources.rows)
        self.assertEqual((row["state"], row["source-address"]), ("observed", "198.51.100.1"))
        self.assertEqual(row["incoming-interface"], "up")
        self.assertEqual((row["outgoing-interface"], row["last-seen"]), (["d1"], 2.0))

    def test_source_that_hosts_differ_about_has_an_entry(self) -> None:
        self.join("d1", HOST, ALLOW, SSM, S1, S2)
        rows = self.rows(sources.rows)
        self.assertEqual([row["source-address"] for row in rows], ["198.51.100.1", "198.51.100.2"])
        self.assertEqual({row["state"] for row in rows}, {"installed"})
        self.assertEqual(len(self.rows(sources.rows, "source=198.51.100.2&interface=d1")), 1)
