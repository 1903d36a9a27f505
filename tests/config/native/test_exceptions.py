"""Patterns of downstreams with exceptions: ``downstream = ["lan*", "!lan7"]``."""

from __future__ import annotations

from mcproxy.config.edit import move_downstream
from mcproxy.config.native.document import document
from mcproxy.instance.plan.downstream import plan_downstreams
from mcproxy.protocol.family import IPV4

from ..meaning import downstream_settings
from ..support import ConfigurationTestCase

TEXT = """
[instance.a]
upstream = "eth0"
downstream = ["lan*", "!lan7", "!lan?x"]
"""


class ExceptionTests(ConfigurationTestCase):
    def test_pattern_does_not_match_an_exception(self) -> None:
        """PX-04: names and patterns after "!"."""
        one = self.instance(TEXT)
        plan = plan_downstreams(one, IPV4, 3)
        for name, expected in (("lan1", True), ("lan7", False), ("lan8x", False), ("lan77", True)):
            self.assertEqual(downstream_settings(one, name) is not None, expected, name)
            self.assertEqual(plan.settings(name) is not None, expected, name)
        self.assertEqual(plan.names, ("lan*",))

    def test_configuration_is_written_with_its_exceptions(self) -> None:
        written = document(self.good(TEXT))["instance"]["a"]
        self.assertEqual(written["downstream"], ["lan*", "!lan7", "!lan?x"])

    def test_exception_of_one_instance_is_a_downstream_of_another(self) -> None:
        for text in ('["lan7*"]', '["lan7"]'):
            exceptions = TEXT.replace("!lan7", "!lan7*") if "*" in text else TEXT
            self.good(f'{exceptions}[instance.b]\nupstream = "eth0"\ndownstream = {text}\n')
        self.refuses(
            f'{TEXT}[instance.b]\nupstream = "eth0"\ndownstream = ["lan7*"]\n',
            'instance.b.downstream (line 7): "lan7*" can match the same interface as "lan*",'
            " downstream of instance a; give each interface one role in one instance",
        )

    def test_excepted_interface_cannot_be_moved(self) -> None:
        text = f'{TEXT}[instance.b]\nupstream = "eth0"\ndownstream = ["eth9"]\n'
        moved = move_downstream(self.good(text), "lan1", "b")
        self.assertEqual(moved.instances[1].downstream, ("eth9", "lan1"))
        with self.assertRaisesRegex(Exception, '"lan7" is not a downstream'):
            move_downstream(self.good(text), "lan7", "b")

    def test_useless_exception_is_refused(self) -> None:
        for names, expected in (
            (
                '["lan*", "!eth7"]',
                '"!eth7" excepts nothing: no pattern of the list matches it;'
                " remove it, or add a pattern",
            ),
            ('["lan7", "!lan7"]', '"lan7" is listed, and "!lan7" excepts it; remove one of them'),
            ('["lan*", "!"]', "an interface name is empty; write the name as `ip link` shows it"),
        ):
            text = f'[instance.a]\nupstream = "eth0"\ndownstream = {names}\n'
            self.refuses(text, f"instance.a.downstream (line 3): {expected}")
