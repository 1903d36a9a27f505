"""The doctor finds addresses that are missing or cannot be used."""

from __future__ import annotations

from mcproxy.lab.waiting import wait_until

from .doctoring import CONFIG, DoctorTestCase


class AddressTests(DoctorTestCase):
    def set_link_local(self, options: str = "") -> None:
        """Give down1 the link-local address fe80::1 and no other."""
        self.ip("link set dev down1 addrgenmode none")
        self.ip("-6 address flush dev down1 scope link")
        if options:
            self.ip(f"address add fe80::1/64 dev down1 {options}")

    def flags(self) -> str:
        """What the kernel says of the link-local address of down1."""
        return self.ip("-6 address show dev down1 scope link")

    def test_downstream_without_ipv4_address_is_found(self) -> None:
        self.proxy.delete_address("down1", "10.0.2.1/24")
        self.assert_finds("no-address", "down1 has no IPv4 address", shown=True)

    def test_query_address_replaces_the_address(self) -> None:
        self.proxy.delete_address("down1", "10.0.2.1/24")
        self.assert_healthy(CONFIG + '[instance.tv.interface.down1]\nquery-address = "192.0.2.1"\n')

    def test_upstream_without_ipv4_address_is_a_warning(self) -> None:
        self.proxy.delete_address("up", "10.0.1.1/24")
        self.assert_finds("no-address", "up has no IPv4 address", severity="warning")

    def test_missing_link_local_address_is_found(self) -> None:
        self.set_link_local()
        self.assert_finds("no-address", "down1 has no IPv6 link-local address")

    def test_duplicate_address_is_found(self) -> None:
        self.ip("address add fe80::1/64 dev eth0 nodad", self.home)
        for name in ("all", "down1"):
            self.proxy.sysctl(f"ipv6/conf/{name}/accept_dad", 1)
        self.set_link_local("scope link")
        wait_until(lambda: "dadfailed" in self.flags(), 10, "no duplicate seen")
        self.assert_finds("address-duplicate", "uses the address fe80::1 too", shown=True)

    def test_tentative_address_is_a_warning(self) -> None:
        for name in ("all", "down1"):
            self.proxy.sysctl(f"ipv6/conf/{name}/accept_dad", 1)
        self.proxy.sysctl("ipv6/conf/down1/dad_transmits", 100)
        self.set_link_local("scope link")
        self.assertIn("tentative", self.flags())
        self.assert_finds(
            "address-tentative", "fe80::1 on down1 is still", severity="warning", shown=True
        )

    def test_disabled_ipv6_is_found(self) -> None:
        self.proxy.sysctl("ipv6/conf/down1/disable_ipv6", 1)
        self.assert_finds("ipv6-disabled", "IPv6 is disabled on down1", shown=True)

    def test_family_without_any_address_is_a_warning(self) -> None:
        for name in ("up", "down1"):
            self.proxy.sysctl(f"ipv6/conf/{name}/disable_ipv6", 1)
        found = self.assert_finds(
            "family-unused", "No interface of instance tv", severity="warning", shown=True
        )
        self.assertIn("set mld-version = 0", found["cure"])
        self.assert_healthy(CONFIG + "mld-version = 0\n")
