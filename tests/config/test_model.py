"""The settings that an interface has."""

from __future__ import annotations

from mcproxy.config.schema import interface

from .meaning import downstream_settings
from .support import ConfigurationTestCase

TEXT = """
[defaults]
robustness-variable = 3
[instance.a]
upstream = "lan0"
downstream = ["eth1", "lan*", "ppp*"]
[instance.a.interface."lan?"]
max-groups = 1
[instance.a.interface."lan*"]
max-groups = 2
[instance.a.interface.lan7]
max-groups = 3
"""


class ManyDownstreamsTests(ConfigurationTestCase):
    def test_names_are_compared_with_patterns_only(self) -> None:
        compared: list[str] = []

        def matches(name: str, pattern: str) -> bool:
            compared.append(pattern)
            return original(name, pattern)

        original = interface.matches
        self.patch(interface, "matches", matches)
        names = [f"n{number}" for number in range(100)]
        settings = interface.complete({}, [*names, "x*"], interface.InterfaceSettings())
        self.assertEqual(list(settings), [*names, "x*"])
        self.assertEqual(compared, [])


class DownstreamSettingsTests(ConfigurationTestCase):
    def setUp(self) -> None:
        self.config = self.instance(TEXT)

    def most(self, name: str) -> int | None:
        settings = downstream_settings(self.config, name)
        assert settings is not None
        self.assertEqual(settings.robustness_variable, 3)
        return settings.max_groups

    def test_settings_by_name_have_priority_over_patterns(self) -> None:
        self.assertEqual(self.most("lan7"), 3)

    def test_settings_of_the_first_matching_pattern_count(self) -> None:
        self.assertEqual(self.most("lan1"), 1)
        self.assertEqual(self.most("lan10"), 2)

    def test_downstream_without_a_table_has_the_defaults(self) -> None:
        self.assertEqual(self.most("eth1"), 65_536)
        self.assertEqual(self.most("ppp3"), 65_536)

    def test_other_interfaces_have_no_settings(self) -> None:
        for name in ("lan0", "eth2", "xlan1", "lo", ""):
            self.assertIsNone(downstream_settings(self.config, name))

    def test_named_downstream_has_the_settings_of_a_matching_pattern(self) -> None:
        text = '[instance.a]\nupstream = "up"\ndownstream = ["eth1", "eth*"]\n'
        config = self.instance(text + '[instance.a.interface."eth*"]\nmax-groups = 5\n')
        settings = downstream_settings(config, "eth1")
        assert settings is not None
        self.assertEqual(settings.max_groups, 5)

    def test_loopback_is_matched_by_no_pattern(self) -> None:
        config = self.instance('[instance.a]\nupstream = "up"\ndownstream = ["*"]\n')
        self.assertIsNone(downstream_settings(config, "lo"))
        self.assertIsNotNone(downstream_settings(config, "x"))
        config = self.instance('[instance.a]\nupstream = "up"\ndownstream = ["lo"]\n')
        self.assertIsNotNone(downstream_settings(config, "lo"))
