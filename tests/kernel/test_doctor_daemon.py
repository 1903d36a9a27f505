"""The doctor asks the running daemon about queriers, and for its configuration."""

from __future__ import annotations

from mcproxy.diagnosis.checks import queriers
from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import packed
from mcproxy.protocol.wire.packets import Query

from .doctoring import CONFIG, DoctorTestCase
from .messages import query, send_message

IPV4_ONLY = CONFIG + "mld-version = 0\n"


class QuerierTests(DoctorTestCase):
    def test_other_querier_on_a_downstream_is_found(self) -> None:
        self.proxy.delete_address("down1", "10.0.2.1/24")
        self.proxy.add_address("down1", "10.0.2.9/24")
        self.start(IPV4_ONLY)
        send_message(self.home.raw_host(), "10.0.2.2", query("0.0.0.0", 1.0))
        wait_until(self.findings, 5, "the daemon is still the querier")
        self.assert_finds("other-querier", "10.0.2.2 is the IGMP querier on down1", shown=True)

    def test_upstream_that_never_queries_is_a_warning(self) -> None:
        self.start(IPV4_ONLY)
        self.assert_healthy()
        self.patch(queriers, "PATIENCE", -1.0)
        found = self.assert_finds(
            "upstream-silent", "on upstream up since", severity="warning", shown=True
        )
        self.assertIn("report-interval = 60", found["cure"])

    def test_upstream_that_queries_no_longer_is_a_warning(self) -> None:
        self.start(IPV4_ONLY)
        send_message(self.server.raw_host(), "10.0.1.2", query("0.0.0.0", 1.0))
        self.patch(queriers, "PATIENCE", -1.0)
        wait_until(lambda: "seconds" in self.findings()[0]["found"], 5, "no query was heard")
        self.assert_finds("upstream-silent", "on upstream up for", severity="warning")

    def test_router_of_an_older_version_is_a_warning(self) -> None:
        self.start(IPV4_ONLY)
        older = Query(2, packed("0.0.0.0"), 1.0)
        send_message(self.server.raw_host(), "10.0.1.2", older)
        wait_until(self.findings, 5, "no query was heard")
        self.assert_finds("older-querier", "speaks IGMPv2", severity="warning", shown=True)

    def test_querier_that_asks_too_seldom_is_a_warning(self) -> None:
        self.start(IPV4_ONLY)
        seldom = Query(3, packed("0.0.0.0"), 1.0, robustness=2, interval=576)
        send_message(self.server.raw_host(), "10.0.1.2", seldom)
        wait_until(self.findings, 5, "no query was heard")
        self.assert_finds(
            "slow-querier", "up asks every 576 seconds", severity="warning", shown=True
        )

    def test_reports_too_rare_for_a_silent_upstream_are_found(self) -> None:
        self.start(IPV4_ONLY + "report-interval = 1000\n")
        self.patch(queriers, "PATIENCE", -1.0)
        found = self.assert_finds("upstream-silent")
        self.assertIn("only every 1000 seconds", found["effect"])

    def test_configuration_is_that_of_the_daemon(self) -> None:
        self.start(CONFIG.replace("down1", "down9"))
        self.assert_finds("interface-missing", "down9 does not exist", config="broken")
