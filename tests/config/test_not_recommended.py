"""What is allowed in a configuration but not recommended."""

from __future__ import annotations

from mcproxy.config.native.toml import parse
from mcproxy.config.not_recommended import not_recommended

from .support import FILE, SMALLEST, ConfigurationTestCase


class NotRecommendedTests(ConfigurationTestCase):
    def warnings(self, text: str) -> list[str]:
        self.good(text)
        return [str(one) for one in not_recommended(parse(text, FILE))]

    def test_default_settings_cause_no_warning(self) -> None:
        """TM-04, TM-05."""
        self.assertEqual(self.warnings(SMALLEST), [])

    def test_robustness_of_1_is_not_recommended(self) -> None:
        """TM-05: of one interface; the line is that of the setting."""
        text = SMALLEST + "[instance.a.interface.eth1]\nrobustness-variable = 1\n"
        self.assertEqual(
            self.warnings(text),
            [
                f"{FILE}: instance.a.interface.eth1.robustness-variable (line 6): with "
                "robustness-variable 1, a single lost packet can end a stream; use 2 or more"
            ],
        )

    def test_robustness_of_all_interfaces_is_told_once(self) -> None:
        """TM-05: where it is set, not for each interface."""
        [one] = self.warnings(SMALLEST + "[defaults]\nrobustness-variable = 1\n")
        self.assertIn("defaults.robustness-variable (line 6): ", one)

    def test_upstream_whose_version_has_no_source_lists_leaves_groups_out(self) -> None:
        """PSSM-01."""
        table = "[instance.a.interface.eth0]\n"
        for protocol, version in (("IGMP", 3), ("MLD", 2)):
            key = f"{protocol.lower()}-version"
            text = f"{SMALLEST}{table}{key} = {version - 1}\n"
            self.assertEqual(
                self.warnings(text),
                [
                    f"{FILE}: instance.a.interface.eth0.{key} (line 6): {protocol}v{version - 1} "
                    "cannot name sources: source-specific groups, which hosts can join with the "
                    "version of the instance, are left out on the upstream eth0; set ssm-fallback "
                    "= true, which joins them there from any source, or use the version of the "
                    "instance"
                ],
            )
            for good in (
                text.replace(table, f"ssm-fallback = true\n{table}"),
                text.replace(table, f"{key} = {version - 1}\n{table}"),
                text.replace(f"= {version - 1}", f"= {version}"),
            ):
                self.assertEqual(self.warnings(good), [])

    def test_oldest_host_must_not_be_newer_than_the_router(self) -> None:
        """VM-06: all reports would be dropped."""
        for family, version in (("igmp", 2), ("mld", 1)):
            key = f"minimum-{family}-version"
            text = (
                SMALLEST
                + f"{family}-version = {version}\n"
                + f"[instance.a.interface.eth1]\n{key} = {version + 1}\n"
            )
            [one] = self.warnings(text)
            self.assertIn(f"instance.a.interface.eth1.{key} (line 7): all reports are dropped", one)
            self.assertIn(f"above {family}-version {version}", one)
            self.assertEqual(
                self.warnings(text.replace(f"{key} = {version + 1}", f"{key} = {version}")), []
            )
