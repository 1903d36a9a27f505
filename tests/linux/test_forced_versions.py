"""The version that the kernel's settings force, read from files as under /proc/sys/net."""

from __future__ import annotations

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.linux.forced_versions import ForcedVersion, forced_version
from mcproxy.protocol.family import FAMILIES, IPV4, IPV6, Family


class ForcedVersionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.settings = Path(self.mktemp())

    def have(self, family: Family, **versions: object) -> None:
        """Write the setting of each interface, with "all" for all of them."""
        for name, version in versions.items():
            folder = self.settings / family.name / "conf" / name.replace("_", ".")
            folder.mkdir(parents=True, exist_ok=True)
            key = f"force_{family.protocol.lower()}_version"
            (folder / key).write_text(f"{version}\n")

    def forced(self, family: Family, interface: str = "nowhere0") -> tuple[str, int] | None:
        found = forced_version(family, interface, self.settings)
        return None if found is None else tuple(found)

    def test_zero_forces_nothing(self) -> None:
        for family in FAMILIES:
            self.have(family, all=0, nowhere0=0)
            self.assertIsNone(self.forced(family))

    def test_missing_or_unreadable_file_forces_nothing(self) -> None:
        for family in FAMILIES:
            self.assertIsNone(self.forced(family))
            self.have(family, all="?")
            self.assertIsNone(self.forced(family))

    def test_setting_of_the_interface_is_named(self) -> None:
        self.have(IPV4, all=0, nowhere0=2)
        self.have(IPV6, all=0, nowhere0=1)
        self.assertEqual(self.forced(IPV4), ("net.ipv4.conf.nowhere0.force_igmp_version", 2))
        self.assertEqual(self.forced(IPV6), ("net.ipv6.conf.nowhere0.force_mld_version", 1))

    def test_dots_of_a_name_are_slashes_as_sysctl_writes_them(self) -> None:
        self.have(IPV4, eth7_9999=1)
        self.assertEqual(
            self.forced(IPV4, "eth7.9999"),
            ForcedVersion("net.ipv4.conf.eth7/9999.force_igmp_version", 1),
        )

    def test_older_version_of_two_counts_in_igmp(self) -> None:
        for everywhere, own in ((2, 1), (1, 2), (3, 1), (1, 3)):
            self.have(IPV4, all=everywhere, nowhere0=own)
            found = self.forced(IPV4)
            assert found is not None
            self.assertEqual(found[1], 1, (everywhere, own))

    def test_version_for_all_interfaces_counts_in_mld(self) -> None:
        for everywhere, own in ((2, 1), (1, 2)):
            self.have(IPV6, all=everywhere, nowhere0=own)
            self.assertEqual(self.forced(IPV6), ("net.ipv6.conf.all.force_mld_version", everywhere))
