"""Whatever is read: a Configuration or a ConfigurationError, and nothing else."""

from __future__ import annotations

import datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.errors import ConfigurationError
from mcproxy.config.model import Configuration, InterfaceSettings
from mcproxy.config.places import key_lines
from mcproxy.config.structure import Mistakes, keys_of
from mcproxy.config.tables import Document, InstanceTable, ManholeTable
from mcproxy.config.toml import build, parse

KEYS = sorted(
    {
        key
        for kind in (Document, InstanceTable, InterfaceSettings, ManholeTable)
        for key in keys_of(kind)
    }
)
NAMES = ["eth0", "eth1", "lan*", "eth[0-9]", "a/b", "", "lo", "x" * 16, "127.0.0.1:22", "/a"]

key_texts = st.sampled_from([*KEYS, *NAMES, "igmp_version"]) | st.text(max_size=8)
scalars = (
    st.sampled_from([*NAMES, 0, 1, 2, 3, 254, True, 0.5, 125, 1e400, -1, 10**9])
    | st.text(max_size=20)
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.dates()
    | st.times()
    | st.datetimes(timezones=st.just(datetime.UTC))
)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(key_texts, inner, max_size=5),
)
NAME_LISTS = st.lists(st.sampled_from(NAMES) | scalars, max_size=4)
setting_tables = st.dictionaries(st.sampled_from(keys_of(InterfaceSettings)) | key_texts, scalars)
instances = st.fixed_dictionaries(
    {},
    optional={
        "upstream": st.sampled_from(NAMES) | NAME_LISTS | values,
        "downstream": NAME_LISTS | values,
        "igmp-version": st.integers(-1, 4) | values,
        "mld-version": st.integers(-1, 4) | values,
        "table": st.integers() | values,
        "interface": st.dictionaries(key_texts, setting_tables | values, max_size=3) | values,
    },
)
documents = st.dictionaries(key_texts, values, max_size=6) | st.fixed_dictionaries(
    {"instance": st.dictionaries(key_texts, instances | values, max_size=3) | values},
    optional={"defaults": setting_tables | values, "manhole": setting_tables | values},
)
LINES = st.sampled_from(
    [
        "[instance.a]",
        "[instance.a.interface.eth1]",
        "[[x]]",
        "[defaults]",
        'upstream = "eth0"',
        'downstream = ["eth1", "lan*"]',
        "downstream = [",
        "]",
        '"""',
        "'''",
        "a = 0xffffffffffffffff",
        "table = 1e999",
        "x.y.z = {a = 1}",
        "# comment",
        "",
        "=",
        "query-interval = nan",
    ]
)


class FuzzTests(SynchronousTestCase):
    def check_text(self, text: str | bytes) -> None:
        try:
            self.assertIsInstance(parse(text), Configuration)
        except ConfigurationError as error:
            self.check_error(error)

    def check_error(self, error: ConfigurationError) -> None:
        self.assertTrue(error.mistakes)
        lines = str(error).split("\n")
        self.assertEqual(len(lines), len(error.mistakes))
        for line in lines:
            self.assertTrue(line.isprintable(), repr(line))
            self.assertLess(len(line), 700)

    @given(st.binary(max_size=200))
    def test_bytes(self, content: bytes) -> None:
        self.check_text(content)

    @given(st.text(max_size=200))
    def test_text(self, text: str) -> None:
        self.check_text(text)

    @given(st.lists(LINES | st.text(max_size=10), max_size=12).map("\n".join))
    def test_lines(self, text: str) -> None:
        self.check_text(text)
        key_lines(text)

    @settings(max_examples=300)
    @given(documents)
    def test_documents(self, document: dict[str, Any]) -> None:
        try:
            configuration = build(document, Mistakes("x"), dict)
        except ConfigurationError as error:
            self.check_error(error)
            return
        for instance in configuration.instances:
            for name in ("eth0", "lan1", *instance.downstream):
                self.assertIn(
                    type(instance.downstream_settings(name)), (InterfaceSettings, type(None))
                )
