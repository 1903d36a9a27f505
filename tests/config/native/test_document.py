"""A configuration that is written as a document is read as the same configuration."""

from __future__ import annotations

import attrs
from hypothesis import given
from hypothesis import strategies as st

from mcproxy.config.model import Configuration, InterfaceSettings
from mcproxy.config.native.document import document
from mcproxy.config.native.reader import Mistakes
from mcproxy.config.native.toml import build
from mcproxy.config.origin import Origin

from ..meaning import downstream_settings
from ..support import SMALLEST, ConfigurationTestCase

EVERYTHING = """
[defaults]
query-interval = 60
max-groups = 7
[instance.a]
upstream = "up"
downstream = ["eth1", "lan*"]
igmp-version = 2
table = 5
[instance.a.interface."lan?"]
max-groups = 1
[instance.a.interface."lan*"]
immediate-leave = true
[instance.b]
upstream = ["up2", "up3", "eth2"]
downstream = "eth2"
mld-version = 0
upstream-join = "mutex"
mutex-time = 0.5
[[instance.b.filter]]
interface = "*"
role = "upstream"
direction = "in"
deny = "x"
[[instance.b.filter]]
interface = "up2"
role = "upstream"
direction = "out"
allow = ["232.0.0.0/8 | 192.0.2.1", { rule = "*", from = "eth2" }]
[instance.c]
upstream = []
downstream = "eth7"
[filter.x]
rules = ["239.0.0.1 - 239.0.0.9 | *", { filter = "y" }]
[filter.y]
rules = ["* | 192.0.2.0/24"]
[manhole]
listen = "/run/m"
authorized-keys = "/k"
[control]
mode = "0660"
"""

SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "query-interval": st.sampled_from([30.0, 125.0]),
        "robustness-variable": st.integers(1, 3),
        "immediate-leave": st.sampled_from([False, True, "always"]),
        "max-groups": st.integers(1, 2),
    },
)
NAMES = ["eth1", "lan*", "lan?", "lan7"]


def built(written: dict[str, object]) -> Configuration:
    return build(written, Mistakes(Origin("m")))


class DocumentTests(ConfigurationTestCase):
    def check(self, configuration: Configuration) -> None:
        again = built(document(configuration))
        self.assertEqual(again, attrs.evolve(configuration, path="m"))
        for before, after in zip(configuration.instances, again.instances, strict=True):
            for name in ("eth1", "lan1", "lan7", "lan10"):
                self.assertEqual(
                    downstream_settings(after, name), downstream_settings(before, name)
                )

    def test_smallest_configuration_is_written_and_read(self) -> None:
        configuration = self.good(SMALLEST)
        self.check(configuration)
        self.assertEqual(list(document(configuration)), ["instance"])

    def test_configuration_with_every_table_is_written_and_read(self) -> None:
        self.check(self.good(EVERYTHING))

    def test_defaults_are_written_once(self) -> None:
        written = document(self.good(EVERYTHING))
        self.assertEqual(written["defaults"], {"query-interval": 60.0, "max-groups": 7})
        self.assertEqual(written["instance"]["a"]["interface"]["lan?"], {"max-groups": 1})

    @given(SETTINGS, st.dictionaries(st.sampled_from(NAMES), SETTINGS))
    def test_any_settings_are_written_and_read(
        self, defaults: dict[str, object], own: dict[str, object]
    ) -> None:
        instance = {"upstream": "up", "downstream": ["eth1", "lan*"], "interface": own}
        self.check(built({"instance": {"a": instance}, "defaults": defaults}))

    def test_every_setting_is_written(self) -> None:
        """A new option needs no change here."""
        for field in attrs.fields(InterfaceSettings):
            other = {bool: True, int: 3, float: 3.5}[type(field.default or 1)]
            settings = attrs.evolve(InterfaceSettings(), **{field.name: other})
            table = document(Configuration((), defaults=settings)).get("defaults")
            self.assertEqual(list((table or {}).values()), [other], field.name)
