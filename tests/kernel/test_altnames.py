"""Alternative names of interfaces (``ip link property add``) in a configuration."""

from __future__ import annotations

from .running import ONE_INSTANCE, RunningTestCase

BY_ALTNAMES = ONE_INSTANCE.replace('"up"', '"wan-fibre"').replace('"down1"', '"lan-one"')


class AltnameTests(RunningTestCase):
    """The interfaces up and down1 have a second name each."""

    def setUp(self) -> None:
        super().setUp()
        for name, other in (("up", "wan-fibre"), ("down1", "lan-one")):
            self.proxy.run(*f"ip link property add dev {name} altname {other}".split())

    def test_interfaces_are_found_by_their_alternative_names(self) -> None:
        """PX-01: restarts and reloads find them again."""
        self.run_streams(BY_ALTNAMES)
        self.daemon.command("restart")
        self.assert_no_stream_loss()
        names = {row["interface"] for row in self.rows("interfaces")}
        self.assertEqual(names, {"wan-fibre", "lan-one"})
        self.reload(ONE_INSTANCE)
        self.await_stream_packets()
        self.assertEqual(self.vifs(), ["down1", "up"])

    def test_pattern_matches_the_own_name_of_an_interface(self) -> None:
        self.run_streams(ONE_INSTANCE.replace('"down1"', '"down1*"'))
        self.assert_no_stream_loss()

    def test_altname_that_is_added_and_removed_makes_the_link_come_and_go(self) -> None:
        self.run_streams(ONE_INSTANCE + '[instance.b]\nupstream = "wan"\ndownstream = ["box"]\n')
        self.await_log("interface not found", "box")
        self.proxy.run(*["ip", "link", "property", "add", "dev", "down2", "altname", "box"])
        self.await_log("downstream found", "box")
        self.proxy.run(*["ip", "link", "property", "del", "dev", "down2", "altname", "box"])
        self.await_log("downstream lost", "box")
        self.assert_no_stream_loss()
