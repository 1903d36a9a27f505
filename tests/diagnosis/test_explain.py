"""The explanation as a pure function of the evidence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.diagnosis.evidence import Arrived, Capture, Evidence, Heard, Leave, LinkEvidence
from mcproxy.diagnosis.evidence import UpstreamEvidence as Upstream
from mcproxy.diagnosis.explain import Explanation, explain
from mcproxy.diagnosis.findings import problem
from mcproxy.protocol.family import IPV4

GROUP, SOURCE = "239.1.1.1", "10.0.1.2"

DOWN: dict[str, Any] = {
    "interface": "lan",
    "state": "up",
    "reason": None,
    "cure": None,
    "address": "10.0.2.1",
    "version": 3,
    "querier": "local",
    "querier-address": "10.0.2.1",
    "last-query-sent": 3.0,
}
JOINED: dict[str, Any] = {
    "state": "joined",
    "filter-mode": "exclude",
    "source": [],
    "up-time": 8.0,
    "last-reporter": "10.0.2.2",
    "refused": None,
}
UP: dict[str, Any] = {
    "interface": "wan",
    "state": "up",
    "reason": None,
    "cure": None,
    "querier-address": "10.0.1.254",
    "querier-version": 3,
    "last-query-heard": 20.0,
    "last-report-sent": 4.0,
}
ASKED: dict[str, Any] = {
    "filter-mode": "exclude",
    "source-address": [],
    "up-time": 8.0,
    "reported": True,
}
FLOW: dict[str, Any] = {
    "source-address": "*",
    "group-address": GROUP,
    "incoming-interface": "wan",
    "outgoing-interface": ["lan"],
    "packets": 500,
    "wrong-interface": 0,
    "packet-rate": 100.0,
    "bit-rate": 800000.0,
    "last-seen": 0.1,
    "state": "forwarding",
    "reason": "forwarding",
}
SILENT = FLOW | {"state": "silent", "packets": 0, "packet-rate": 0.0, "bit-rate": 0.0}

LAN = LinkEvidence(DOWN, JOINED)
HEALTHY = Evidence(
    "tv/ipv4",
    IPV4,
    GROUP,
    links=(LAN,),
    upstreams=(Upstream(UP, ASKED),),
    flows=(FLOW,),
    roles={"wan": "upstream of tv/ipv4", "lan": "downstream of tv/ipv4"},
    entries=1,
)


def arrived(interface: str = "wan", source: str = SOURCE, **more: Any) -> Arrived:
    """Fifty packets."""
    known: dict[str, Any] = {"hops": 8, "packets": 50, "rate": 100.0, "length": 200}
    return Arrived(interface, source, **(known | more))


class ExplainTests(SynchronousTestCase):
    def assert_cause(self, expected: str, evidence: Evidence) -> Explanation:
        found = explain([evidence])
        self.assertFalse(found.flows)
        self.assertIn(expected, found.verdict)
        self.assertTrue(found.verdict.startswith("Cause: "))
        return found

    def with_link(self, **changes: Any) -> Evidence:
        """The evidence with another downstream, on which nothing flows."""
        return replace(HEALTHY, links=(replace(LAN, **changes),), flows=(SILENT,))

    def test_stream_that_flows_has_no_problem_and_says_so(self) -> None:
        found = explain([HEALTHY])
        self.assertTrue(found.flows)
        self.assertEqual(found.verdict, "It flows: 239.1.1.1 to lan.")
        self.assertFalse(any(step.is_problem for step in found.links[0].steps))

    def test_finding_is_no_problem_where_the_stream_flows(self) -> None:
        trap = problem("firewall-data", "A rule drops it.", "", "Remove it.")
        trap = replace(trap, interface="lan")
        found = explain([replace(HEALTHY, findings=(trap,))])
        self.assertTrue(found.flows)
        self.assertNotIn("A rule drops it", found.verdict)

    def test_capture_that_sees_nothing_leave_outweighs_counters(self) -> None:
        evidence = replace(HEALTHY, capture=Capture(0.5, (arrived(),)))
        self.assert_cause("arrives at wan and is dropped after routing", evidence)

    def test_capture_that_sees_data_leave_outweighs_a_silent_counter(self) -> None:
        seen = Capture(0.5, (arrived(), arrived("lan", hops=7, is_leaving=True)))
        self.assertTrue(explain([replace(HEALTHY, flows=(SILENT,), capture=seen)]).flows)

    def test_stream_that_only_counters_have_seen_is_said_to_be_that(self) -> None:
        found = explain([replace(HEALTHY, capture=Capture(0.5))])
        told = [step.text for step in found.links[0].steps if step.name == "data"]
        self.assertTrue(found.flows)
        self.assertIn("by the kernel's counters; no packet was seen to leave in 0.5 s", told[0])

    def test_stream_that_ended_while_counters_were_read_does_not_flow(self) -> None:
        evidence = replace(HEALTHY, flows=(FLOW | {"last-seen": 9.0},))
        self.assert_cause("No data of 239.1.1.1 arrives at wan", evidence)

    def test_kernel_that_refused_the_entry_is_the_cause(self) -> None:
        evidence = replace(
            HEALTHY, flows=(SILENT,), entries=0, kernel_refused={"entry": 3, "vif": 0}
        )
        self.assert_cause("no entry for 239.1.1.1, and refused changes: entry (3 times)", evidence)

    def test_instance_without_upstream_is_the_cause(self) -> None:
        evidence = replace(HEALTHY, upstreams=(), flows=(SILENT,))
        found = self.assert_cause("Instance tv has no upstream", evidence)
        self.assertIn("(mcproxy add upstream IF --to tv)", found.verdict)

    def test_link_with_a_fault_is_the_cause_before_a_link_where_nobody_asks(self) -> None:
        down = {"state": "down", "reason": "port of bridge br0", "cure": "configure br0"}
        quiet = LinkEvidence(DOWN | {"interface": "lan2"}, None)
        broken = LinkEvidence(DOWN | down, None)
        for links in (quiet, broken), (broken, quiet):
            evidence = replace(HEALTHY, links=links, flows=(SILENT,))
            self.assert_cause("Downstream lan is not used: port of bridge br0", evidence)

    def test_first_link_is_the_cause_where_nobody_asks_on_any(self) -> None:
        links = tuple(LinkEvidence(DOWN | {"interface": name}, None) for name in ("lan", "lan2"))
        evidence = replace(HEALTHY, links=links, flows=(SILENT,))
        self.assert_cause("No host on lan has asked", evidence)

    def test_data_for_a_link_that_cannot_be_served_is_not_blamed_on_the_firewall(self) -> None:
        other = DOWN | {"querier": "other", "querier-address": "10.0.2.0"}
        down = DOWN | {"state": "down", "reason": "no carrier", "cure": "check the cable"}
        for row, cause in (other, "10.0.2.0 is the IGMP querier"), (down, "no carrier"):
            evidence = replace(self.with_link(interface=row), capture=Capture(0.5, (arrived(),)))
            found = self.assert_cause(cause, evidence)
            [step] = [one for one in found.links[0].steps if one.name == "data"]
            self.assertFalse(step.is_problem, step)
            self.assertIn("Data arrives at wan, and nothing is forwarded to lan", step.text)

    def test_data_that_no_host_has_asked_for_is_not_blamed_on_the_firewall(self) -> None:
        unwanted = FLOW | {"outgoing-interface": [], "state": "not-wanted"}
        evidence = replace(self.with_link(group=None), flows=(unwanted,))
        found = self.assert_cause(
            "No host on lan has asked", replace(evidence, capture=Capture(0.5, (arrived(),)))
        )
        [step] = [one for one in found.links[0].steps if one.name == "data"]
        self.assertFalse(step.is_problem, step)
        self.assertIn("Data arrives at wan, and no host on lan has asked for it", step.text)

    def test_host_that_stopped_reporting_is_told_with_the_time(self) -> None:
        evidence = self.with_link(group=None, left=Leave(30.4))
        self.assert_cause("the last one left, or stopped reporting it, 30 s ago", evidence)

    def test_report_in_the_capture_that_breaks_a_rule_is_told_with_its_host(self) -> None:
        seen = Capture(5.0, (), (Heard("lan", "10.0.2.7", "IGMPv3 report", 3, "checksum"),))
        evidence = replace(self.with_link(group=None), capture=seen)
        self.assert_cause("IGMPv3 reports of 10.0.2.7 on lan are dropped", evidence)

    def test_report_in_the_capture_that_is_not_accepted_is_told(self) -> None:
        seen = Capture(5.0, (), (Heard("lan", "10.0.2.7", "IGMPv3 report"),))
        evidence = replace(self.with_link(group=None), capture=seen)
        self.assert_cause("The IGMPv3 report of 10.0.2.7 for 239.1.1.1 arrived on lan", evidence)

    def test_leave_in_the_capture_is_no_report(self) -> None:
        seen = Capture(5.0, (), (Heard("lan", "10.0.2.7", "IGMPv3 leave"),))
        evidence = replace(self.with_link(group=None), capture=seen)
        self.assert_cause("No host on lan has asked", evidence)

    def test_source_on_the_downstream_itself_is_told(self) -> None:
        seen = Capture(0.5, (arrived("lan"),))
        evidence = replace(HEALTHY, flows=(SILENT,), capture=seen)
        self.assert_cause("The source of 239.1.1.1 is on lan itself", evidence)

    def test_first_problem_of_the_chain_is_the_cause(self) -> None:
        down = DOWN | {"state": "down", "reason": "no carrier", "cure": "check its cable"}
        found = self.assert_cause("lan is not used: no carrier", self.with_link(interface=down))
        self.assertIn("what to do: Check its cable.", found.verdict)
        found = self.assert_cause("No host on lan has asked", self.with_link(group=None))
        self.assertGreater(sum(step.is_problem for step in found.links[0].steps), 1)

    def test_one_link_that_it_does_not_reach_is_named(self) -> None:
        other = LinkEvidence(DOWN | {"interface": "wifi"}, JOINED)
        found = explain([replace(HEALTHY, links=(LAN, other))])
        self.assertEqual([one.flows for one in found.links], [True, False])
        self.assertFalse(found.flows)
        self.assertIn("wifi", found.verdict)

    def test_capture_that_is_not_permitted_is_a_note(self) -> None:
        evidence = replace(HEALTHY, capture=Capture(0.0, failure="Operation not permitted"))
        found = explain([evidence])
        self.assertTrue(found.flows)
        texts = [step.text for step in found.links[0].steps]
        self.assertIn("The links could not be listened to: Operation not permitted.", texts)

    def test_answer_has_all_steps(self) -> None:
        answer: Any = explain([HEALTHY]).as_answer()
        self.assertEqual((answer["flows"], answer["group-address"]), (True, GROUP))
        [link] = answer["links"]
        names = [step["step"] for step in link["steps"]]
        expected = ["group", "link", "querier", "hosts", "policy", "upstream", "kernel", "data"]
        self.assertEqual(names, expected)
