"""Faults of hosts and their reports: nobody asks, or the daemon does not hear it."""

from __future__ import annotations

from mcproxy.protocol.family import IPV4, IPV6
from mcproxy.protocol.wire.packets import Leave, OldReport

from ..explaining import ExplainTestCase, Words
from .fault import fault


@fault(
    "No host has joined.",
    "No host on down1 has asked for 239.1.1.1",
    "Start the receiver; if it runs, see whether a switch before down1 keeps its IGMP "
    "reports to itself (try --capture 30; router-discovery helps)",
)
def no_host_asked(case: ExplainTestCase) -> None:
    case.start()
    case.send()


@fault(
    "The last host has left.",
    "No host on down1 wants 239.1.1.1 any more",
    "Start the receiver again; if it still runs, see why it does not answer queries",
)
def host_left(case: ExplainTestCase) -> None:
    case.start()
    case.join().leave()
    case.await_end(case.group)


@fault(
    'One host leaves while another still watches, with immediate-leave = "always".',
    "left 239.1.1.1 on down1 ... and that ended it at once",
    "Start the receiver again; if another host still watches, do without immediate-leave there",
)
def another_host_left(case: ExplainTestCase) -> None:
    case.start(settings='immediate-leave = "always"')
    case.report(OldReport(2 if case.is_ipv4 else 1, case.packed_group))
    case.await_group(case.group)
    case.report(Leave(case.packed_group))
    case.await_end(case.group)


@fault(
    "A host joins a group of the SSM range without a source.",
    "was refused: the group is source-specific, and the host named no source (see ssm-range)",
    "Have the host name its source, name one with ssm-map, or change ssm-range",
)
def ssm_without_source(case: ExplainTestCase) -> Words:
    case.start()
    case.home.join(case.ssm)
    case.await_group(case.ssm, "refused")
    return (case.ssm,)


@fault(
    "The link has as many groups as max-groups allows.",
    "was refused: the link has as many groups as it may have (see max-groups)",
    "Raise max-groups for this interface",
)
def too_many_groups(case: ExplainTestCase) -> None:
    case.start(settings="max-groups = 1")
    case.join(case.neighbour_group)
    case.home.join(case.group)
    case.await_group(case.group, "refused")


@fault(
    "A host sends more reports than max-host-report-rate allows.",
    "was refused: more reports came than one host may send per second (see max-host-report-rate)",
    "Find out why the host floods the link, or raise max-host-report-rate",
)
def host_floods(case: ExplainTestCase) -> None:
    case.start(settings="max-host-report-rate = 1")
    for _ in range(10):
        case.report(case.current_report_of(case.neighbour_group))
    case.report(case.current_report)
    case.await_group(case.group, "refused")


@fault(
    "A host's address is of another subnet, with check-subnet.",
    "The join of 10.9.9.9 for 239.1.1.1 was refused: the host is in no subnet of the link",
    "Give the host an address of the link's subnet, or set check-subnet = false",
    IPV4,
)
def other_subnet(case: ExplainTestCase) -> None:
    case.start(settings="check-subnet = true")
    case.report(case.current_report, source="10.9.9.9")
    case.await_group(case.group, "refused")


@fault(
    "A host reports in a version that the link does not accept.",
    "was refused: the host's version is not accepted on the link",
    "Have the host use a newer version, or lower the minimum version of this interface",
)
def wrong_version(case: ExplainTestCase) -> None:
    case.start(settings="minimum-igmp-version = 3\nminimum-mld-version = 2")
    case.report(OldReport(2 if case.is_ipv4 else 1, case.packed_group))
    case.await_group(case.group, "refused")


@fault(
    "A host's reports lack the Router Alert option, with require-router-alert.",
    "IGMP messages on down1 are dropped: they lack the Router Alert option",
    "Correct the host",
)
def no_router_alert(case: ExplainTestCase) -> None:
    case.start(settings="require-router-alert = true")
    case.report(case.current_report, alert=False)
    case.await_dropped("router-alert")


@fault(
    "A host's reports have TTL 2.",
    "IGMP messages on down1 are dropped: they were sent with more than one hop left",
    "Have the host send them with one hop left",
)
def report_with_hops(case: ExplainTestCase) -> None:
    case.start()
    case.report(case.current_report, hops=2)
    case.await_dropped("ttl")


@fault(
    "A host's reports do not come from its link-local address.",
    "MLD messages on down1 are dropped: they come from an address that is not link-local",
    "Have the host report from its link-local address, as RFC 9777 says",
    IPV6,
)
def report_from_elsewhere(case: ExplainTestCase) -> None:
    case.start()
    case.report(case.current_report, source=case.at(2, 2))
    case.await_dropped("source")


@fault(
    "The firewall drops the reports of hosts (input).",
    "The rule with handle 2 of chain inputs (nftables, table inet fw) drops IGMP reports that"
    " arrive on down1",
    "Accept them before that rule",
)
def firewall_drops_reports(case: ExplainTestCase) -> None:
    rule = "ip protocol igmp drop" if case.is_ipv4 else "meta l4proto ipv6-icmp drop"
    case.chain("input", f'iifname "down1" {rule}')
    case.start()
    case.home.join(case.group)


@fault(
    "Hosts ask for another source than --source.",
    "No host on down1 asks for source 10.0.1.3 of 239.1.1.1",
    "Have the host join this source too",
)
def source_not_asked(case: ExplainTestCase) -> Words:
    case.start()
    case.include(case.at(1, 2))
    return case.group, "--source", case.at(1, 3)


@fault(
    "A switch keeps the reports of hosts to itself.",
    "No host on down1 has asked for 239.1.1.1",
    "Start the receiver; if it runs, see whether a switch before down1 keeps its IGMP "
    "reports to itself (try --capture 30; router-discovery helps)",
)
def switch_keeps_reports(case: ExplainTestCase) -> None:
    case.put_switch_before_home()
    case.start()
    case.home.join(case.group)


@fault(
    "The group is of link-local scope.",
    "224.0.0.99 is of link-local scope",
    "Have source and hosts use a group of wider scope",
)
def link_local_group(case: ExplainTestCase) -> Words:
    case.start()
    return ("224.0.0.99" if case.is_ipv4 else "ff02::99",)


@fault(
    "The group is of interface-local scope.",
    "ff01::1 is of link-local scope",
    "Have source and hosts use a group of wider scope",
    IPV6,
)
def interface_local_group(case: ExplainTestCase) -> Words:
    case.start()
    return ("ff01::1",)
