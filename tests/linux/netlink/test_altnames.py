"""Alternative names of links, and the peers of their addresses."""

from __future__ import annotations

from ..messages import address, link
from .support import MonitorTestCase


class AltnameTests(MonitorTestCase):
    """Alternative names, of which those that somebody asks for are used."""

    def test_link_has_the_alternative_name_that_is_asked_for(self) -> None:
        self.monitor.set_asked(["box", "down9"])
        self.start(link(2, "down2", altnames=("other", "box")), link(3, "down9"))
        self.assertEqual(set(self.monitor.links), {"box", "down9"})
        [(before, after)] = self.receive(address(2, b"\x0a\0\0\1"))
        assert before is not None and after is not None
        self.assertEqual((after.name, after.index, len(after.ipv4)), ("box", 2, 1))

    def test_link_whose_name_is_asked_for_keeps_it(self) -> None:
        self.monitor.set_asked(["box", "down2"])
        self.start(link(2, "down2", altnames=("box",)))
        self.assertEqual(set(self.monitor.links), {"down2"})

    def test_link_goes_and_comes_by_another_name_when_other_names_are_asked_for(self) -> None:
        self.start(link(2, "down2", altnames=("box",)))
        self.changes.clear()
        self.monitor.set_asked(["box"])
        names = [(a and a.name, b and b.name) for a, b in self.changes]
        self.assertEqual(names, [("down2", None), (None, "box")])

    def test_altname_that_is_removed_gives_the_link_its_own_name(self) -> None:
        self.monitor.set_asked(["box"])
        self.start(link(2, "down2", altnames=("box",)))
        names = [(a and a.name, b and b.name) for a, b in self.receive(link(2, "down2"))]
        self.assertEqual(names, [("box", None), (None, "down2")])

    def test_peer_of_a_point_to_point_address_is_known(self) -> None:
        """SEC-03."""
        self.start(link(2, "ppp0"), address(2, b"\x0a\0\0\1", 32, peer=b"\x0a\0\0\2"))
        self.assertEqual(self.monitor.links["ppp0"].peers, ((b"\x0a\0\0\2", 32),))
