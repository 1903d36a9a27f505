"""Reading configurations in tests."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.errors import ConfigurationError
from mcproxy.config.model import Configuration, InstanceConfig
from mcproxy.config.native.toml import parse

FILE = "mcproxy.toml"

SMALLEST = """
[instance.a]
upstream = "eth0"
downstream = ["eth1", "eth2"]
"""


class ConfigurationTestCase(SynchronousTestCase):
    """Texts, and what comes of them."""

    def good(self, text: str | bytes) -> Configuration:
        """The configuration in a text without mistakes."""
        try:
            return parse(text, FILE)
        except ConfigurationError as error:
            self.fail(f"unexpected mistakes:\n{error}")

    def instance(self, text: str) -> InstanceConfig:
        """The one instance of a text without mistakes."""
        (instance,) = self.good(text).instances
        return instance

    def mistakes(self, text: str | bytes) -> list[str]:
        """The lines that a bad text gives, without the file's name."""
        error = self.assertRaises(ConfigurationError, parse, text, FILE)
        lines = str(error).split("\n")
        self.assertEqual(len(lines), len(error.mistakes))
        for line in lines:
            self.assertTrue(line.startswith(f"{FILE}: "), line)
            self.assertTrue(line.isprintable(), line)
        return [line.removeprefix(f"{FILE}: ") for line in lines]

    def refuses(self, text: str | bytes, *expected: str) -> None:
        """The text has exactly these mistakes, in the order of the file."""
        self.assertEqual(self.mistakes(text), list(expected))
