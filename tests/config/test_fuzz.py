"""Any input gives a Configuration or a ConfigurationError, and nothing else."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.cli.convert import converted
from mcproxy.config.errors import ConfigurationError
from mcproxy.config.files import language
from mcproxy.config.foreign import igmpproxy
from mcproxy.config.foreign import mcproxy_1_1 as classic
from mcproxy.config.foreign.draft import CLASSIC, IGMPPROXY, NATIVE, Reading
from mcproxy.config.model import (
    Configuration,
    HttpConfig,
    InstanceConfig,
    InterfaceSettings,
    ManholeConfig,
)
from mcproxy.config.native.lines import key_lines
from mcproxy.config.native.reader import Mistakes
from mcproxy.config.native.toml import build, parse
from mcproxy.config.origin import Origin
from mcproxy.config.save import write
from mcproxy.config.schema.filters import FilterTable
from mcproxy.config.schema.option import options_of

from .meaning import downstream_settings

KEYS = sorted(
    {
        key
        for kind in (
            Configuration,
            InstanceConfig,
            InterfaceSettings,
            ManholeConfig,
            HttpConfig,
            FilterTable,
        )
        for key in options_of(kind)
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
setting_tables = st.dictionaries(
    st.sampled_from(list(options_of(InterfaceSettings))) | key_texts, scalars
)
RULES = ["*", "239.0.0.0/8 | 192.0.2.1", "ff3e::1 - ff3e::9", "10.0.0.0/7", "239.1.1.1/8", "::|::"]
rule_lists = st.lists(
    st.sampled_from(RULES)
    | st.fixed_dictionaries({"filter": key_texts})
    | st.fixed_dictionaries({"rule": st.sampled_from(RULES), "from": st.sampled_from(NAMES)})
    | values,
    max_size=4,
)
filter_tables = st.fixed_dictionaries(
    {
        "interface": st.sampled_from(NAMES) | values,
        "role": st.sampled_from(["upstream", "downstream"]) | values,
        "direction": st.sampled_from(["in", "out"]) | values,
    },
    optional={"allow": key_texts | rule_lists, "deny": key_texts | rule_lists | values},
)
instances = st.fixed_dictionaries(
    {},
    optional={
        "upstream": st.sampled_from(NAMES) | NAME_LISTS | values,
        "downstream": NAME_LISTS | values,
        "igmp-version": st.integers(-1, 4) | values,
        "mld-version": st.integers(-1, 4) | values,
        "table": st.integers() | values,
        "interface": st.dictionaries(key_texts, setting_tables | values, max_size=3) | values,
        "filter": st.lists(filter_tables | values, max_size=3) | values,
    },
)
documents = st.dictionaries(key_texts, values, max_size=6) | st.fixed_dictionaries(
    {"instance": st.dictionaries(key_texts, instances | values, max_size=3) | values},
    optional={
        "defaults": setting_tables | values,
        "manhole": setting_tables | values,
        "http": setting_tables | values,
        "filter": st.dictionaries(
            key_texts, st.fixed_dictionaries({"rules": rule_lists | values}) | values, max_size=3
        ),
    },
)
LINES = st.sampled_from(
    [
        "[instance.a]",
        "[instance.a.interface.eth1]",
        "[[x]]",
        "[[instance.a.filter]]",
        "[filter.x]",
        'rules = ["*", { filter = "x" },',
        'allow = ["239.1.1.1"]',
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
OLD_WORDS = """
protocol IGMPv3 MLDv2 igmpv9 pinstance table disable upstream downstream in out whitelist blacklist
rulematching all first mutex a b "a" "b-1" eth0 " * * ( ) { } | ; ; : ==> / - 3 99999 239.0.0.0/8
239.1.1.1/7 239.1.1.9-239.1.1.1 ff3e::1 10.0.0.1 :: # phyint quickleave defaultdown hashtablesize
user chroot rescanvif disabled altnet whitelist ratelimit threshold
"""
OLD_PARTS = """
protocol MLDv1;
pinstance a(7): eth0 eth1 ==> eth2 eth3;
table t {(*|*)};
pinstance a upstream * in whitelist table t;
(239.0.0.0/8 | *)
eth2(* | 10.0.0.1)
(table t)
(table {
})
pinstance a upstream eth0 out rulematching first;
pinstance a upstream * in rulematching mutex 100;
pinstance a downstream eth2 out blacklist table { eth0(* | *) };
phyint eth0 upstream
phyint eth1 downstream
altnet 10.0.0.0/8
whitelist 239.0.0.0/8
threshold 5
"""
old_parts = st.sampled_from(["\n", *OLD_WORDS.split(), *OLD_PARTS.splitlines()])
old_texts = st.lists(old_parts | st.text(max_size=5), max_size=30).map(" ".join)


class OldFilesTests(SynchronousTestCase):
    """What is read from files of other programs can be written as a native one."""

    def check(self, read: Callable[[str], Reading], text: str) -> None:
        try:
            reading = read(text)
        except ConfigurationError as error:
            check_error(self, error)
            return
        before = reading.configuration
        self.assertEqual(parse(converted(reading, "x")), before)
        self.assertEqual(parse(write(before)), before)

    @settings(max_examples=500)
    @given(old_texts)
    def test_any_text_of_mcproxy_1_1_is_converted_or_refused(self, text: str) -> None:
        self.check(classic.read, text)

    @settings(max_examples=200)
    @given(old_texts)
    def test_any_statements_after_an_instance_are_converted_or_refused(self, text: str) -> None:
        self.check(classic.read, f"pinstance a: eth0 eth1 ==> eth2 eth3; {text}")

    @settings(max_examples=300)
    @given(old_texts)
    def test_any_text_of_igmpproxy_is_converted_or_refused(self, text: str) -> None:
        self.check(igmpproxy.read, text)

    @given(old_texts)
    def test_any_words_after_interfaces_are_converted_or_refused(self, text: str) -> None:
        self.check(igmpproxy.read, f"phyint eth0 upstream phyint eth1 downstream {text}")

    @given(old_texts | st.text())
    def test_any_text_has_a_language(self, text: str) -> None:
        self.assertIn(language(text), (NATIVE, CLASSIC, IGMPPROXY))


def check_error(case: SynchronousTestCase, error: ConfigurationError) -> None:
    case.assertTrue(error.mistakes)
    lines = str(error).split("\n")
    case.assertEqual(len(lines), len(error.mistakes))
    for line in lines:
        case.assertTrue(line.isprintable(), repr(line))
        case.assertLess(len(line), 700)


class FuzzTests(SynchronousTestCase):
    def check_text(self, text: str | bytes) -> None:
        try:
            self.assertIsInstance(parse(text), Configuration)
        except ConfigurationError as error:
            check_error(self, error)

    @given(st.binary(max_size=200))
    def test_any_bytes_are_read_or_refused(self, content: bytes) -> None:
        self.check_text(content)

    @given(st.text(max_size=200))
    def test_any_text_is_read_or_refused(self, text: str) -> None:
        self.check_text(text)

    @given(st.lists(LINES | st.text(max_size=10), max_size=12).map("\n".join))
    def test_any_lines_are_read_or_refused(self, text: str) -> None:
        self.check_text(text)
        key_lines(text)

    @settings(max_examples=300)
    @given(documents)
    def test_any_document_is_read_or_refused(self, document: dict[str, Any]) -> None:
        try:
            configuration = build(document, Mistakes(Origin("x")))
        except ConfigurationError as error:
            check_error(self, error)
            return
        self.assertEqual(parse(write(configuration), "x"), configuration)
        for instance in configuration.instances:
            for name in ("eth0", "lan1", *instance.downstream):
                self.assertIn(
                    type(downstream_settings(instance, name)), (InterfaceSettings, type(None))
                )
