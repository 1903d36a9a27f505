"""Interfaces where the kernel's settings force another version on local programs."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.native.toml import parse
from mcproxy.instance.forced_versions import forced_versions
from mcproxy.instance.plan.plan import compile_plan
from mcproxy.linux.forced_versions import ForcedVersion
from mcproxy.protocol.family import Family

TEXT = """
[instance.tv]
upstream = "up"
downstream = ["d1", "lan*"]
[instance.radio]
upstream = "up"
downstream = ["d2"]
"""
LINKS = ("up", "d1", "d2", "lan1", "other")


class ForcedVersionsTests(SynchronousTestCase):
    def found(self, text: str, **forced: int) -> list[str]:
        """The sentences where these interfaces have a forced version, in IGMP and MLD."""

        def forced_on(family: Family, name: str) -> ForcedVersion | None:
            version = forced.get(f"{name}_{family.protocol.lower()}")
            return version and ForcedVersion(f"net.{family.name}.conf.{name}.x", version)

        return forced_versions(compile_plan(parse(text)), LINKS, forced_on)

    def test_each_interface_in_use_is_told_once(self) -> None:
        found = self.found(TEXT, up_igmp=2, lan1_mld=1, d2_igmp=1, other_igmp=1)
        self.assertEqual(
            [one.partition(": ")[0] for one in found],
            [
                "net.ipv4.conf.up.x is 2, but mcproxy uses IGMPv3 on the upstream up",
                "net.ipv6.conf.lan1.x is 1, but mcproxy uses MLDv2 on the downstream lan1",
                "net.ipv4.conf.d2.x is 1, but mcproxy uses IGMPv3 on the downstream d2",
            ],
        )
        self.assertIn(
            "programs on this machine report there in IGMPv2, so other routers hear both versions "
            "from this machine; set net.ipv4.conf.up.x to 0, or igmp-version of up in instance tv "
            "to 2",
            found[0],
        )

    def test_version_that_is_the_planned_one_is_not_told(self) -> None:
        own = "interface.{}.igmp-version = 2\n"
        both = TEXT.replace("[instance.radio]", own.format("up") + own.format("d1") + "$")
        text = both.replace("$", "[instance.radio]") + own.format("up")
        self.assertEqual(self.found(text, up_igmp=2, d1_igmp=2, d2_igmp=3, up_mld=2), [])
        (only,) = self.found(text, up_igmp=3)
        self.assertIn("is 3, but mcproxy uses IGMPv2 on the upstream up", only)

    def test_family_that_is_disabled_is_not_told(self) -> None:
        self.assertEqual(self.found(TEXT + "mld-version = 0", d2_mld=1), [])
