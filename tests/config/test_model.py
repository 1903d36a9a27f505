"""Which settings an interface has."""

from __future__ import annotations

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


class DownstreamSettingsTests(ConfigurationTestCase):
    def setUp(self) -> None:
        self.config = self.instance(TEXT)

    def most(self, name: str) -> int | None:
        settings = self.config.downstream_settings(name)
        assert settings is not None
        self.assertEqual(settings.robustness_variable, 3)
        return settings.max_groups

    def test_a_name_comes_before_patterns(self) -> None:
        self.assertEqual(self.most("lan7"), 3)

    def test_of_patterns_the_first_counts(self) -> None:
        self.assertEqual(self.most("lan1"), 1)
        self.assertEqual(self.most("lan10"), 2)

    def test_without_a_table_of_its_own_it_has_the_defaults(self) -> None:
        self.assertIsNone(self.most("eth1"))
        self.assertIsNone(self.most("ppp3"))

    def test_others_are_no_downstreams(self) -> None:
        for name in ("lan0", "eth2", "xlan1", "lo", ""):
            self.assertIsNone(self.config.downstream_settings(name))

    def test_a_name_that_a_pattern_with_a_table_means_has_its_settings(self) -> None:
        text = '[instance.a]\nupstream = "up"\ndownstream = ["eth1", "eth*"]\n'
        config = self.instance(text + '[instance.a.interface."eth*"]\nmax-groups = 5\n')
        settings = config.downstream_settings("eth1")
        assert settings is not None
        self.assertEqual(settings.max_groups, 5)

    def test_loopback_is_never_meant_by_a_pattern(self) -> None:
        config = self.instance('[instance.a]\nupstream = "up"\ndownstream = ["*"]\n')
        self.assertIsNone(config.downstream_settings("lo"))
        self.assertIsNotNone(config.downstream_settings("x"))
        config = self.instance('[instance.a]\nupstream = "up"\ndownstream = ["lo"]\n')
        self.assertIsNotNone(config.downstream_settings("lo"))
