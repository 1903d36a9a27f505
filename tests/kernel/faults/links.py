"""Faults of interfaces, queriers and policy."""

from __future__ import annotations

from mcproxy.protocol.family import IPV4

from ..explaining import ExplainTestCase, Words
from .fault import fault

FILTER = """
[[instance.tv.filter]]
interface = "{}"
role = "{}"
direction = "{}"
deny = ["{}"]
"""


@fault("The downstream is down.", "Downstream down1 is not used: administratively down")
def link_down(case: ExplainTestCase) -> None:
    case.start()
    case.join()
    case.proxy.set_link("down1", state="down")
    case.await_state("down1", "down")


@fault("The downstream has lost its cable.", "Downstream down1 is not used: no carrier")
def no_carrier(case: ExplainTestCase) -> None:
    case.start()
    case.home.set_link("eth0", state="down")
    case.await_state("down1", "down")


@fault("The downstream has no address.", "Downstream down1 is not used: no IPv4 address", IPV4)
def no_address(case: ExplainTestCase) -> None:
    case.proxy.delete_address("down1", "10.0.2.1/24")
    case.start()


@fault(
    "The downstream has lost its address at run time.",
    "Downstream down1 cannot ask its hosts: no IPv4 address",
    IPV4,
)
def address_lost(case: ExplainTestCase) -> None:
    case.start()
    case.proxy.delete_address("down1", "10.0.2.1/24")
    case.await_reason("down1", "no IPv4 address")


@fault("The downstream is a port of a bridge.", "Downstream down1 is not used: port of bridge br0")
def bridge_port(case: ExplainTestCase) -> None:
    case.proxy.run("ip", "link", "add", "br0", "type", "bridge")
    case.proxy.run("ip", "link", "set", "br0", "up")
    case.proxy.run("ip", "link", "set", "down1", "master", "br0")
    case.start()


@fault("The downstream does not exist.", "Downstream down9 is not used: absent")
def absent(case: ExplainTestCase) -> Words:
    case.start(downstream='["down1", "down9"]')
    return case.group, "--interface", "down9"


@fault(
    "The interface is in no instance.",
    "Downstream down2 is not used: it is no downstream of instance tv",
)
def no_downstream(case: ExplainTestCase) -> Words:
    case.start()
    return case.group, "--interface", "down2"


@fault(
    "Another router is the querier of the link.",
    "is the IGMP querier on down1, so that this proxy forwards nothing there",
)
def other_querier(case: ExplainTestCase) -> None:
    case.start()
    case.join()
    case.router_query(case.home, "10.0.2.0" if case.is_ipv4 else "fe80::1")
    case.await_querier("other")


@fault(
    "A filter of the downstream denies the group.",
    '239.1.1.1 is not passed to down1: the filter of downstream down1, direction "out", denies it',
)
def filter_below(case: ExplainTestCase) -> None:
    case.start(tables=FILTER.format("down1", "downstream", "out", case.group))
    case.join()


@fault(
    "A filter of the upstream denies the group.",
    '239.1.1.1 is not passed to down1: the filter of upstream up, direction "in", denies it',
)
def filter_above(case: ExplainTestCase) -> None:
    case.start(tables=FILTER.format("up", "upstream", "in", case.group))
    case.join()


@fault("The group is within the boundary.", "the group stays within the boundary")
def boundary(case: ExplainTestCase) -> None:
    case.start('boundary = ["239.1.0.0/16", "ff15::/64"]')
    case.join()


@fault(
    "The upstream does not exist.",
    "No upstream of instance tv can be used: nosuch (absent)",
)
def upstream_absent(case: ExplainTestCase) -> None:
    case.start(upstream='"nosuch"', querier=False)
    case.join()


@fault(
    "The upstream is down.", "No upstream of instance tv can be used: up (administratively down)"
)
def upstream_down(case: ExplainTestCase) -> None:
    case.start()
    case.join()
    case.proxy.set_link("up", state="down")
    case.await_state("up", "down")


@fault(
    "The router upstream speaks an old version, and the group is source-specific.",
    "the router upstream speaks an older version, which cannot name sources",
)
def old_router(case: ExplainTestCase) -> Words:
    case.start(querier=False)
    case.query(version=2 if case.is_ipv4 else 1)
    case.home.join(case.ssm, include=[case.at(1, 2)])
    case.await_group(case.ssm)
    return (case.ssm,)
