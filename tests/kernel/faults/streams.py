"""Faults of the data, its source, and the way through the kernel."""

from __future__ import annotations

import time

from mcproxy.protocol.family import IPV4

from ..explaining import ExplainTestCase, Words
from .fault import fault
from .links import FILTER

STRANGER = "10.77.0.5"
"""A source that no route of the proxy leads to."""


@fault(
    "The source does not send.",
    "No data of 239.1.1.1 arrives at up, although it is asked for; its querier",
    "Check that the source sends, and that the router upstream receives it",
)
def no_source(case: ExplainTestCase) -> None:
    case.start()
    case.join()


@fault(
    "The source has stopped.",
    "No data of 239.1.1.1 arrives at up, although it is asked for; its querier",
    "Check that the source sends, and that the router upstream receives it",
)
def source_stopped(case: ExplainTestCase) -> None:
    stream = case.watch()
    case.assert_flows(case.group)
    stream.stop()
    time.sleep(4)


@fault(
    "The router upstream never asks.",
    "No data of 239.1.1.1 arrives at up, although it is asked for; no IGMP querier has been heard",
    "Check that the source sends, and that IGMP is enabled on the router upstream "
    "(and a querier, where a switch snoops)",
)
def no_router(case: ExplainTestCase) -> None:
    case.start(querier=False)
    case.join()


@fault(
    "The firewall drops the daemon's reports (output).",
    "drops the daemon's own IGMP reports on up",
    "Accept them before that rule",
)
def firewall_drops_own_reports(case: ExplainTestCase) -> None:
    rule = "ip protocol igmp drop" if case.is_ipv4 else "meta l4proto ipv6-icmp drop"
    case.chain("output", f'oifname "up" {rule}')
    case.start()
    case.join()


@fault(
    "The source sends with TTL 1.",
    "Data of 239.1.1.1 arrives at up with TTL 1",
    "Have the source send with a higher TTL, such as 16",
)
def ttl(case: ExplainTestCase) -> None:
    case.watch(ttl=1)


@fault(
    "The stream's TTL is below ttl-threshold.",
    "Data of 239.1.1.1 arrives at up with TTL 8, and ttl-threshold of down1 is 16",
    "Lower ttl-threshold, or have the source send with a TTL above 17",
    IPV4,
)
def ttl_threshold(case: ExplainTestCase) -> None:
    case.watch(settings="ttl-threshold = 16")


@fault(
    "rp_filter is strict, and no route to the source leads over the upstream.",
    "rp_filter is strict (1) on up, and source 10.77.0.5 has no route",
    "Add a route to the source over up, or switch rp_filter off (also for all)",
    IPV4,
)
def rp_filter(case: ExplainTestCase) -> None:
    case.proxy.sysctl("ipv4/conf/all/rp_filter", 1)
    case.server.add_address("eth0", f"{STRANGER}/32")
    case.watch(source=STRANGER)


@fault(
    "The firewall drops the data before routing (prerouting).",
    "The rule with handle 2 of chain preroutings (nftables, table inet fw) drops data of 239.1.1.1"
    " from up to down1",
    "Accept them before that rule",
)
def firewall_before(case: ExplainTestCase) -> None:
    case.chain("prerouting", f"{case.ip} daddr {case.group} drop")
    case.watch()


@fault(
    "The firewall drops the data in the forward chain.",
    "The rule with handle 2 of chain forwards (nftables, table inet fw) drops data of 239.1.1.1"
    " from up to down1",
    "Accept them before that rule",
)
def firewall_forward(case: ExplainTestCase) -> None:
    case.chain("forward", f"{case.ip} daddr {case.group} drop")
    case.watch()


@fault(
    "The firewall drops the data by its UDP port.",
    "The rule with handle 2 of chain forwards (nftables, table inet fw) drops data of 239.1.1.1"
    " from up to down1",
    "Accept them before that rule",
)
def firewall_port(case: ExplainTestCase) -> None:
    case.chain("forward", "udp dport 1024-65535 drop")
    case.watch()


@fault(
    "The firewall's forward chain accepts nothing by default.",
    "The policy of chain forwards (nftables, table inet fw) drops data of 239.1.1.1 from up to"
    " down1",
    "Accept them in this chain",
)
def firewall_policy(case: ExplainTestCase) -> None:
    case.chain("forward", policy="drop")
    case.watch()


@fault(
    "The firewall drops the data after routing (postrouting).",
    "The rule with handle 2 of chain postroutings (nftables, table inet fw) drops data of 239.1.1.1"
    " from up to down1",
    "Accept them before that rule",
)
def firewall_after(case: ExplainTestCase) -> None:
    case.chain("postrouting", f"{case.ip} daddr {case.group} drop")
    case.watch()


@fault(
    "The firewall drops the data at the interface (ingress).",
    "The rule with handle 2 of chain ingress_up (nftables, table netdev fw) drops data of 239.1.1.1"
    " from up to down1",
    "Accept them before that rule",
)
def firewall_ingress(case: ExplainTestCase) -> None:
    head = 'type filter hook ingress device "up" priority filter; policy accept;'
    rule = f"{case.ip} daddr {case.group} drop"
    case.nft(f"table netdev fw {{\n chain ingress_up {{\n {head}\n {rule}\n }}\n}}\n")
    case.watch()


@fault(
    "The source is on an interface of no instance.",
    "Data of 239.1.1.1 arrives at down2 (in no instance), and the kernel accepts it from up only",
    "Connect the source to the link of up, or make the interface where it arrives an "
    "upstream of this instance",
)
def source_elsewhere(case: ExplainTestCase) -> None:
    case.start()
    case.join()
    case.send(node=case.other)


@fault(
    "The source is on the upstream that is not chosen.",
    "Data of 239.1.1.1 arrives at down2 (upstream of tv ... , and the kernel accepts it from up"
    " only",
    "Connect the source to the link of up, or make the interface where it arrives an "
    "upstream of this instance",
)
def other_upstream(case: ExplainTestCase) -> None:
    case.start(upstream='["up", "down2"]')
    case.join()
    case.send(node=case.other)


@fault(
    "The packets are larger than the downstream's MTU.",
    "are larger than the MTU 1300 of down1",
    "Raise the MTU of down1, or have the source send smaller packets",
)
def mtu(case: ExplainTestCase) -> None:
    case.proxy.set_link("down1", mtu=1300)
    case.start()
    case.join()
    case.send_large()


@fault(
    "Hosts ask for another source than the one that sends.",
    "Hosts on down1 ask for source 10.0.1.3 of 239.1.1.1, and data of 10.0.1.2 arrives at up",
    "Have the hosts join the source that sends, or correct the source's address",
)
def other_source(case: ExplainTestCase) -> None:
    case.start()
    case.include(case.at(1, 3))
    case.send()


@fault(
    "The source that --source names does not send, and others do.",
    "Source 10.0.1.3 sends nothing to up; data of 10.0.1.2 arrives there",
    "Check the source's address, and whether it sends",
)
def named_source_silent(case: ExplainTestCase) -> Words:
    case.watch()
    return case.group, "--source", case.at(1, 3)


@fault(
    "A filter denies this source of the group, and passes others.",
    "10.0.1.3 to 239.1.1.1 is not forwarded to down1: arrives, denied by the filter of up (in)",
    "Allow it there; mcproxy show filters lists the rules that denied",
)
def source_denied(case: ExplainTestCase) -> Words:
    source = case.at(1, 3)
    case.start(tables=FILTER.format("up", "upstream", "in", f"{case.group} | {source}"))
    case.join()
    case.send()
    case.send(source=source)
    return case.group, "--source", source


@fault(
    "A policy rule of another program sends the data to another table.",
    "A policy rule sends IPv4 multicast from up to table 100, and instance tv uses table 0",
    "Delete the rule, or set table to the same number",
)
def policy_rule(case: ExplainTestCase) -> None:
    case.hold_table(100)
    flags = [] if case.is_ipv4 else ["-6"]
    case.proxy.run("ip", *flags, "mrule", "add", "iif", "up", "lookup", "100")
    case.watch()
