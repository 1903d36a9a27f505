"""Each state that the kernel can put an interface into, in the view and in the log."""

from __future__ import annotations

from typing import Any

from pyroute2 import IPRoute

from mcproxy.lab.waiting import wait_until

from .running import ONE_INSTANCE, RunningTestCase

WITH_ALL = ONE_INSTANCE.replace('["down1"]', '["down1", "down2", "lan9"]')


class LinkStateTests(RunningTestCase):
    def reason(self, name: str, family: str) -> str | None:
        """Why a downstream is not used, by the view."""
        rows: list[Any] = client_rows(self, name, family)
        self.assertEqual(len(rows), 1, rows)
        reason: str | None = rows[0]["reason"]
        return reason

    def await_reason(self, name: str, family: str, reason: str | None) -> None:
        """Wait until the view tells this reason; the log must tell it, too."""
        wait_until(
            lambda: self.reason(name, family) == reason,
            message=f"{name} {family}: {self.reason(name, family)!r} and not {reason!r}",
        )
        if reason not in (None, "absent"):
            self.await_log(f"tv/{family} {name}", f"downstream {name} cannot be used: {reason};")

    def test_states_of_a_downstream_have_their_reasons(self) -> None:
        self.start(WITH_ALL)
        self.await_reason("lan9", "ipv4", "absent")
        self.await_reason("down1", "ipv4", None)
        self.proxy.set_link("down1", state="down")
        self.await_reason("down1", "ipv4", "administratively down")
        self.proxy.set_link("down1", state="up")
        self.await_reason("down1", "ipv4", None)
        self.lan.set_link("proxy", state="down")
        self.await_reason("down1", "ipv4", "no carrier")
        self.lan.set_link("proxy", state="up")
        self.await_reason("down1", "ipv6", None)

    def test_address_lost_at_run_time_and_port_of_a_bridge_are_told(self) -> None:
        self.start(WITH_ALL)
        self.await_reason("down2", "ipv4", None)
        with self.proxy.namespace, IPRoute() as ip:
            index = self.proxy.index("down2")
            ip.flush_addr(index=index, family=2)
            self.await_reason("down2", "ipv4", "no IPv4 address")
            ip.flush_addr(index=index, family=10)
            self.await_reason("down2", "ipv6", "no link-local address")
            ip.link("add", ifname="br0", kind="bridge")
            [bridge] = ip.link_lookup(ifname="br0")
            ip.link("set", index=index, master=bridge)
        self.await_reason("down2", "ipv4", "port of bridge br0")

    def test_duplicate_link_local_address_is_told(self) -> None:
        self.start(WITH_ALL)
        address = "fe80::dead/64"
        self.other.add_address("eth0", address)
        self.proxy.namespace.sysctl("ipv6/conf/down2/accept_dad", 1)
        self.proxy.namespace.sysctl("ipv6/conf/down2/dad_transmits", 1)
        with self.proxy.namespace, IPRoute() as ip:
            index = self.proxy.index("down2")
            ip.flush_addr(index=index, family=10)
            ip.addr("add", index=index, address="fe80::dead", prefixlen=64)
        self.await_reason("down2", "ipv6", "link-local address duplicate")


def client_rows(case: RunningTestCase, name: str, family: str) -> list[dict[str, Any]]:
    """The rows of one interface, which the daemon selects."""
    found = case.ask("GET", f"/interfaces?family={family[-1]}&interface={name}")["interfaces"]
    return [row for row in found if row["role"] == "downstream"]
