"""A snooping bridge finds a proxy that is not the querier by its advertisements (RFC 4286)."""

from __future__ import annotations

import json
import os
import signal
import time

from pyroute2 import IPRoute

from mcproxy.cli import client
from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import IPV4
from mcproxy.protocol.wire.packets import (
    Packet,
    Query,
    RouterAdvertisement,
    RouterSolicitation,
    RouterTermination,
)

from .messages import messages_on, query, send_message
from .running import ONE_INSTANCE, QUIET_TIME, with_defaults
from .site import DOWN1, IPv4TestCase, IPv6TestCase, Scenarios

ON = "router-discovery = true\n"
ADVERTISED = RouterAdvertisement(20, 125, 2)
QUERIERS = {4: "10.0.0.9", 6: "fe80::9"}
"""Lower than the addresses of the proxy, so that it yields."""


class RouterDiscoveryScenarios(Scenarios):
    """The bridge of the downstream link snoops, and ``guest`` is the querier there.

    The daemon proxies one family: the bridge does not tell which family it found a router of.
    """

    def setUp(self) -> None:
        super().setUp()
        with self.lan.namespace, IPRoute() as ip:
            [bridge] = ip.link_lookup(ifname=str(self.lan.bridge))
            ip.link("set", index=bridge, kind="bridge", br_mcast_snooping=1)
        self.querier = QUERIERS[4 if self.family is IPV4 else 6]
        self.raw = self.guest.raw_host()
        self.link = self.guest.capture()
        wait_until(self.has_querier, message="no querier in the bridge")

    def has_querier(self) -> bool:
        """Whether the bridge knows the querier; a query may come before it snoops."""
        self.query()
        return "guest" in self.router_ports()

    def query(self) -> None:
        """Have ``guest`` send a general query; it lets the bridge wait for answers for 0.2 s."""
        general = query("0.0.0.0" if self.family is IPV4 else "::", 0.2)
        send_message(self.raw, self.querier, general)

    def router_ports(self) -> set[str]:
        """The ports where the bridge has found a multicast router."""
        [found] = json.loads(self.lan.run("bridge", "-d", "-j", "mdb", "show"))
        return {port["port"] for ports in found["router"].values() for port in ports}

    def config(self, more: str = "") -> str:
        """An instance of this family alone."""
        other = "mld" if self.family is IPV4 else "igmp"
        return f"{ONE_INSTANCE}{other}-version = 0\n{more}"

    def reload(self, more: str = "") -> None:
        self.daemon.config.write_text(with_defaults(self.config(more)), encoding="utf-8")
        os.kill(self.daemon.pid, signal.SIGHUP)

    def heard(self) -> list[Packet]:
        """What has come from the proxy about routers until now."""
        found = [one.packet for one in messages_on(self.link)]
        return [one for one in found if isinstance(one, RouterAdvertisement | RouterTermination)]

    def test_data_reaches_a_proxy_that_is_not_the_querier(self) -> None:
        """MRD-11, MRD-21: and not a proxy that does not advertise itself."""
        self.start(self.config())
        self.query()
        self.await_log("became the querier on down1", self.family.name)
        at_proxy = self.proxy.capture("down1", data=True)
        source = self.plan.at(DOWN1, 2)
        self.stream(node=self.home, source=source)
        self.await_sources_on(at_proxy, [])
        self.assertEqual((self.router_ports(), self.heard()), ({"guest"}, []))

        self.reload(ON)
        self.await_sources_on(at_proxy, [source])
        self.assertEqual(self.router_ports(), {"guest", "proxy"})
        self.assertEqual(self.heard()[0], ADVERTISED)

        self.reload()
        wait_until(lambda: RouterTermination() in self.heard(), message="no termination")

    def test_reports_reach_a_proxy_that_is_not_the_querier(self) -> None:
        """So it knows the memberships when it becomes the querier.

        The Linux bridge sends reports of older versions to routers alone.
        """
        older = f"force_{self.family.protocol.lower()}_version"
        version = self.family.current_version - 1
        self.home.sysctl(f"{self.family.name}/conf/eth0/{older}", version)
        self.start(self.config())
        self.query()
        self.await_log("became the querier on down1", self.family.name)
        self.home.join(self.groups[0])
        time.sleep(QUIET_TIME)
        self.assertEqual(self.known_groups(), [])
        self.reload(ON)
        wait_until(lambda: "proxy" in self.router_ports(), message="the proxy is not found")
        self.home.join(self.groups[1])
        wait_until(lambda: self.known_groups() == [self.groups[1]], message="no report")

    def known_groups(self) -> list[str]:
        """The groups that the daemon knows of hosts on down1."""
        rows = client.ask(str(self.daemon.socket), "GET", "/groups", None)["groups"]
        return [row["group-address"] for row in rows if row["interface"] == "down1"]

    def test_solicitation_is_answered_within_two_seconds(self) -> None:
        """MRD-14."""
        self.start(self.config(ON))
        wait_until(lambda: self.heard() == [ADVERTISED] * 3, 10, "no first advertisements")
        self.link.clear()
        send_message(self.raw, self.plan.raw_host, RouterSolicitation())
        wait_until(lambda: self.heard() == [ADVERTISED], 3, "no answer")

    def test_stop_is_told(self) -> None:
        """MRD-23."""
        self.start(self.config(ON))
        wait_until(lambda: ADVERTISED in self.heard(), message="no advertisement")
        self.daemon.terminate()
        wait_until(lambda: self.heard()[-1] == RouterTermination(), message="no termination")

    def test_restart_tells_no_end(self) -> None:
        """The next process advertises at once."""
        self.start(self.config(ON))
        wait_until(lambda: self.heard() == [ADVERTISED] * 3, 10, "no first advertisements")
        os.kill(self.daemon.pid, signal.SIGUSR2)
        wait_until(lambda: len(self.heard()) > 3, 10, "no advertisement of the next process")
        self.assertEqual(set(self.heard()), {ADVERTISED})
        self.assertTrue([one for one in messages_on(self.link) if isinstance(one.packet, Query)])


class IPv4RouterDiscoveryTests(RouterDiscoveryScenarios, IPv4TestCase):
    pass


class IPv6RouterDiscoveryTests(RouterDiscoveryScenarios, IPv6TestCase):
    pass
