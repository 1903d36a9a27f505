"""Nodes, links and switches: a small network, made with pyroute2."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from types import TracebackType

from pyroute2 import IPRoute

from .keeper import Keeper
from .namespace import Namespace
from .node import Node
from .tunnel import TunnelEnd

TUNNEL_MTU = 1460

_RESPONSE_INTERVAL = 100
"""Of a switch that is a querier, in hundredths of a second."""


_HOST_LIMITS = {
    # Limits on what a host may join are not what labs test or measure.
    "ipv4/igmp_max_memberships": 100_000,
    "ipv4/igmp_max_msf": 1_000,
    "ipv6/mld_max_msf": 1_000,
    "core/optmem_max": 16 << 20,
}
_PLAIN = {
    "ipv6/conf/all/accept_dad": 0,
    "ipv6/conf/default/accept_dad": 0,
    "ipv4/conf/all/rp_filter": 0,
    "ipv4/conf/default/rp_filter": 0,
    "ipv6/conf/default/router_solicitations": 0,
}


class Lab(Keeper):
    """A network that is removed when it is closed, also after a failure; use it in ``with``."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes: list[Node] = []
        self._numbers = itertools.count(1)

    def __enter__(self) -> Lab:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End everything that runs in it and remove the nodes."""
        super().close()
        self.nodes.clear()

    def node(self, name: str) -> Node:
        """A new machine with nothing but a loopback interface."""
        return self._node(name)

    def _node(self, name: str, bridge: str | None = None) -> Node:
        node = self.keep(Node(name, self, bridge))
        self.nodes.append(node)
        for path, value in _PLAIN.items():
            node.sysctl(path, value)
        for path, value in _HOST_LIMITS.items():
            _try_sysctl(node.namespace, path, value)
        with node.namespace, IPRoute() as ip:
            ip.link("set", index=1, state="up")
        return node

    def switch(self, name: str, snooping: bool = False, querier: bool = False) -> Node:
        """A node with the bridge "br0", whose further interfaces become its ports.

        It sends nothing of its own, except queries as a snooping ``querier``: that one keeps
        IPv6, because MLD queries need a link-local source. A querier sends every group to
        every port until the members had time to answer, which is one second here.
        """
        node = self._node(name, bridge="br0")
        if not querier:
            node.sysctl("ipv6/conf/default/disable_ipv6", 1)
        with node.namespace, IPRoute() as ip:
            ip.link(
                "add",
                ifname=node.bridge,
                kind="bridge",
                br_mcast_snooping=int(snooping),
                br_mcast_query_response_intvl=_RESPONSE_INTERVAL,
                br_forward_delay=0,
            )
            index = ip.link_lookup(ifname=node.bridge)[0]
            ip.link("set", index=index, state="up")
            if querier:  # after the interval, which the kernel reads when the querier begins
                ip.link("set", index=index, kind="bridge", br_mcast_querier=1)
        return node

    def link(
        self,
        one: Node,
        one_name: str,
        other: Node,
        other_name: str,
        one_addresses: Iterable[str] = (),
        other_addresses: Iterable[str] = (),
        mtu: int = 1500,
    ) -> None:
        """A cable between two nodes, ready for use; addresses are text with prefix length."""
        number = next(self._numbers)
        near = f"x{number}"
        with one.namespace, IPRoute() as ip:
            ip.link("add", ifname=near, kind="veth", peer={"ifname": f"y{number}"})
            index = ip.link_lookup(ifname=f"y{number}")[0]
            ip.link("set", index=index, net_ns_fd=other.namespace.descriptor)
        _take_both(
            (one, near, one_name, one_addresses),
            (other, f"y{number}", other_name, other_addresses),
            mtu,
        )

    def tunnel(
        self,
        one: Node,
        one_name: str,
        other: Node,
        other_name: str,
        one_addresses: Iterable[str] = (),
        other_addresses: Iterable[str] = (),
    ) -> None:
        """The same with point-to-point interfaces that have no link layer."""
        near, far = (self.keep(TunnelEnd(node.namespace, "tunnel")) for node in (one, other))
        near.connect(far)
        far.connect(near)
        _take_both(
            (one, "tunnel", one_name, one_addresses),
            (other, "tunnel", other_name, other_addresses),
            TUNNEL_MTU,
        )


_End = tuple[Node, str, str, Iterable[str]]
"""The node, the interface as it was made, its name to be, and its addresses."""


def _take_both(one: _End, other: _End, mtu: int) -> None:
    """Have each node take its end of a connection, and wait until it can be used."""
    for node, made, name, addresses in (one, other):
        node.take_link(made, name, addresses, mtu)
    for node, _, name, _ in (one, other):
        node.await_link(name)


def _try_sysctl(namespace: Namespace, path: str, value: object) -> None:
    """Set it if the namespace has it: older kernels keep some limits for the whole machine."""
    try:
        namespace.sysctl(path, value)
    except OSError:
        return
