"""The doctor finds interfaces that are missing, down, or not what they seem."""

from __future__ import annotations

from mcproxy.lab.waiting import wait_until

from .doctoring import CONFIG, DoctorTestCase


class InterfaceTests(DoctorTestCase):
    def test_missing_downstream_is_found(self) -> None:
        config = CONFIG.replace("down1", "down9")
        found = self.assert_finds(
            "interface-missing", "down9 does not exist", config=config, shown=True
        )
        self.assertEqual((found["interface"], found["instance"]), ("down9", "tv"))

    def test_pattern_without_interface_is_a_warning(self) -> None:
        config = CONFIG.replace("down1", "ppp*")
        self.assert_finds("interface-missing", "matches ppp*", config=config, severity="warning")

    def test_interface_that_is_down_is_found(self) -> None:
        self.proxy.set_link("down1", state="down")
        found = self.assert_finds("interface-down", "down1 is administratively down", shown=True)
        self.assertEqual(found["command"], "ip link set dev down1 up")

    def test_interface_without_carrier_is_found(self) -> None:
        self.home.set_link("eth0", state="down")
        wait_until(lambda: "LOWER_UP" not in self.ip("link show dev down1"))
        self.assert_finds("no-carrier", "down1 has no carrier", severity="warning", shown=True)

    def test_upstream_without_carrier_is_a_problem(self) -> None:
        self.server.set_link("eth0", state="down")
        wait_until(lambda: "LOWER_UP" not in self.ip("link show dev up"))
        self.assert_finds("no-carrier", "up has no carrier")

    def test_port_in_place_of_its_bridge_is_found(self) -> None:
        self.ip("link add br0 type bridge")
        self.ip("link set br0 up")
        self.ip("link set down1 master br0")
        found = self.assert_finds("bridge-port", "down1 is a port of bridge br0", shown=True)
        self.assertIn("Write br0 in place of down1", found["cure"])

    def test_two_names_of_one_interface_are_found(self) -> None:
        self.ip("link property add dev up altname enp3s0")
        config = CONFIG.replace('"down1"', '["down1", "enp3s0"]')
        self.assert_finds("same-interface", "up and enp3s0 are names of", config=config, shown=True)

    def test_alternative_name_alone_is_healthy(self) -> None:
        self.ip("link property add dev up altname enp3s0")
        self.assert_healthy(CONFIG.replace('"up"', '"enp3s0"'))

    def test_two_links_with_one_subnet_are_found(self) -> None:
        self.proxy.delete_address("down1", "10.0.2.1/24")
        self.proxy.add_address("down1", "10.0.1.9/24")
        self.assert_finds(
            "same-subnet", "up and down1 have addresses", severity="warning", shown=True
        )

    def test_more_interfaces_than_a_table_holds_are_found(self) -> None:
        for number in range(0, 34, 2):
            pair = f"ip link add v{number} type veth peer name v{number + 1}"
            self.proxy.run(*pair.split())
            for name in (f"v{number}", f"v{number + 1}"):
                self.proxy.set_link(name, state="up")
                self.proxy.add_address(name, f"10.9.{name[1:]}.1/24")
        for name in (f"v{number}" for number in range(34)):
            self.proxy.await_link(name)
        config = CONFIG.replace("down1", "v*")
        self.assert_finds(
            "table-full", "35 interfaces in kernel table 0", config=config, shown=True
        )
