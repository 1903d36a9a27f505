"""The metrics of a running daemon, against what happens on its links."""

from __future__ import annotations

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from mcproxy.cli import client
from mcproxy.control.metrics.groups import METRICS as OF_GROUPS
from mcproxy.control.metrics.metrics import METRICS
from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import IPV4, packed
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.packets import Report

from ..prometheus.programs import promtool
from .messages import TO_EX, record
from .running import ONE_INSTANCE, RunningTestCase
from .scraping import Scraped
from .site import ADDRESS_PLANS, SLACK, UP

HTTP = "[http]\n"
OPEN_METRICS = "application/openmetrics-text; version=1.0.0"

HISTOGRAMS = ("join_report", "join_entry", "leave_report", "leave_entry")


class MetricsTests(RunningTestCase):
    """One stream of each family goes to one host on down1, which then leaves."""

    def scrape(self, query: str = "", accept: str = "") -> Scraped:
        return Scraped(self.proxy, query, accept)

    def await_value(self, least: float, name: str, **labels: str) -> None:
        def is_there() -> bool:
            return (self.scrape().value(name, **labels) or 0) >= least

        wait_until(is_there, 10, f"{name} {labels} does not become {least}")

    def run_one_stream_each(self) -> None:
        """Start the daemon with [http], and a stream of each family."""
        self.run_daemon(HTTP + ONE_INSTANCE)
        self.members = []
        for plan in ADDRESS_PLANS.values():
            member = self.home.join(plan.group.format(1))
            source = plan.at(UP, 2)
            self.members.append((member, self.server.stream(plan.group.format(1), source=source)))
        self.await_stream_packets(50)

    def test_figures_are_those_of_what_happened(self) -> None:
        self.run_one_stream_each()
        for family, version in (("ipv4", "3"), ("ipv6", "2")):
            place = {"proxy": "tv", "family": family}
            self.await_value(1, "join_entry_seconds_count", family=family)
            scraped = self.scrape()
            expected = {
                ("instances", None): 1,
                ("groups", "down1"): 1,
                ("querier", "down1"): 1,
                ("interface_up", "up"): 1,
                ("impairments", None): 0,
                ("upstream_groups", "up"): 1,
                ("upstream_joins_total", "up"): 1,
                ("join_report_seconds_count", None): 1,
                ("join_entry_seconds_count", None): 1,
                ("leave_report_seconds_count", None): None,
            }
            for (name, interface), value in expected.items():
                labels = {"family": family} | ({"interface": interface} if interface else {})
                self.assertEqual(scraped.value(name, **labels), value, (name, labels))
            self.assertEqual(scraped.value("groups", **place), 1)
            report = scraped.value("messages_received_total", type="report", version=version)
            self.assertGreaterEqual(report or 0, 1)
            sent = scraped.value("data_sent_packets_total", family=family, interface="down1")
            self.assertGreaterEqual(sent or 0, 50)
        self.members[0][0].close()
        self.await_value(1, "leave_entry_seconds_count", family="ipv4")
        scraped = self.scrape()
        self.assertEqual(scraped.value("groups", family="ipv4"), 0)
        self.assertEqual(scraped.value("upstream_leaves_total", family="ipv4"), 1)
        for what in ("report", "entry"):
            seconds = scraped.value(f"leave_{what}_seconds_sum", family="ipv4") or 0
            self.assertTrue(0.2 <= seconds < 0.4 + 5 * SLACK, seconds)
            seconds = scraped.value(f"join_{what}_seconds_sum", family="ipv4") or 0
            self.assertTrue(0 < seconds < SLACK, seconds)

    def test_promtool_and_the_parser_of_open_metrics_find_nothing_wrong(self) -> None:
        self.run_one_stream_each()
        for family, kind in (("ipv4", "join"), ("ipv6", "join")):
            self.await_value(1, f"{kind}_entry_seconds_count", family=family)
        self.send_damaged_report()
        self.await_value(1, "messages_dropped_total", reason="checksum")
        query = "?group=239.1.0.1&group=ff15::1&group=239.9.9.9"
        scraped = self.scrape(query)
        self.assertEqual(promtool("check", "metrics", text=scraped.text), (0, ""))
        scraped = self.scrape("?group=239.1.0.1", OPEN_METRICS)
        self.assertIn("application/openmetrics-text", scraped.content_type)
        found = {family.name for family in text_string_to_metric_families(scraped.text)}
        self.assertLessEqual({"mcproxy_groups", "mcproxy_data_sent_bytes"}, found)
        known = {metric.family for metric in METRICS}
        self.assertEqual({name for name in found if name.startswith("mcproxy")} - known, set())

    def test_single_groups_are_there_only_for_those_who_ask(self) -> None:
        self.run_one_stream_each()
        names = {metric.name for metric in OF_GROUPS}
        self.assertFalse(names & {name for name, _, _ in self.scrape().samples()})
        scraped = self.scrape("?group=239.1.0.1&group=239.1.0.9")
        one = {"group": "239.1.0.1", "proxy": "tv"}
        self.assertEqual(scraped.value("group_interfaces", **one), 1)
        self.assertEqual(scraped.value("group_joined", **one, interface="up"), 1)
        self.assertGreaterEqual(scraped.value("group_packets_total", **one, source="*") or 0, 50)
        for name, value in (("interfaces", 0), ("joined", 0), ("packets_total", None)):
            self.assertEqual(scraped.value(f"group_{name}", group="239.1.0.9"), value, name)
        refused = self.scrape("?group=tv")
        self.assertEqual(refused.status, 400)
        self.assertIn("'tv' is not a multicast address", refused.text)

    def test_nothing_is_measured_without_http_and_reloads_are_counted(self) -> None:
        self.run_daemon(ONE_INSTANCE)
        answer = self.over_the_control_socket()
        self.assertIn("mcproxy_groups{", answer)
        self.home.join(self.group)
        wait_until(lambda: self.rows("groups"), 5, "the join does not arrive")
        self.assertNotIn("mcproxy_join", self.over_the_control_socket())
        self.reload(HTTP + ONE_INSTANCE)
        self.assert_refused_file()
        self.home.join(self.groups[1])
        self.await_value(1, "join_entry_seconds_count", family="ipv4")
        scraped = self.scrape()
        changes = "configuration_changes_total"
        self.assertEqual(scraped.value(changes, change="reload", result="applied"), 1)
        self.assertEqual(scraped.value(changes, change="reload", result="refused"), 1)
        self.assertEqual(scraped.value("configuration_last_change_successful"), 0)
        self.reload(ONE_INSTANCE)
        self.assertNotIn("mcproxy_join", self.over_the_control_socket())

    def over_the_control_socket(self) -> str:
        connection, response = client.request(str(self.daemon.socket), "GET", "/metrics")
        try:
            return response.read().decode()
        finally:
            connection.close()

    def send_damaged_report(self) -> None:
        """A report whose checksum is wrong."""
        packet = Report((record(TO_EX, self.group),))
        to = datagram.destination(IPV4, packet)
        data = bytearray(datagram.encode(IPV4, packed(self.plan.raw_host), to, packet))
        data[-1] ^= 1
        self.home.raw_host().send(bytes(data))

    def assert_refused_file(self) -> None:
        """A reload of a file with a mistake is refused."""
        self.write_config("[instance.tv]\nupstream = 5\n")
        self.assert_refused("/reload")

    def test_restart_in_place_is_counted_and_keeps_measuring(self) -> None:
        self.run_one_stream_each()
        self.assertEqual(self.scrape().value("restarts_total"), 0)
        self.daemon.command("restart")
        self.await_value(1, "restarts_total")
        self.home.join(self.groups[1])
        self.await_value(1, "join_entry_seconds_count", family="ipv4")
