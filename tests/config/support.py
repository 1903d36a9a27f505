"""Reading configurations in tests."""

from __future__ import annotations

import tomllib
from functools import cache
from typing import Any

from jsonschema import Draft7Validator
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.errors import ConfigurationError
from mcproxy.config.model import Configuration, InstanceConfig
from mcproxy.config.native.toml import decode, parse
from mcproxy.config.reference.json_schema import json_schema

FILE = "mcproxy.toml"

SMALLEST = """
[instance.a]
upstream = "eth0"
downstream = ["eth1", "eth2"]
"""


def values_of(text: str | bytes) -> Any:
    """What TOML says, and nothing else."""
    if isinstance(text, bytes):
        text = decode(text, FILE)
    return tomllib.loads(text.removeprefix("\ufeff"))


@cache
def _validator() -> Draft7Validator:
    return Draft7Validator(json_schema())


def schema_mistakes(values: Any) -> list[str]:
    """What the JSON Schema has against a document: key and reason."""
    errors = _validator().iter_errors(values)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in errors]


class ConfigurationTestCase(SynchronousTestCase):
    """Texts, and what comes of them."""

    def good(self, text: str | bytes) -> Configuration:
        """The configuration in a text without mistakes; the JSON Schema accepts it too."""
        try:
            configuration = parse(text, FILE)
        except ConfigurationError as error:
            self.fail(f"unexpected mistakes:\n{error}")
        self.assertEqual(schema_mistakes(values_of(text)), [])
        return configuration

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
