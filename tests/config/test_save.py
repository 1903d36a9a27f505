"""Configurations written to files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st

from mcproxy.config.files import load
from mcproxy.config.native.reader import Mistakes
from mcproxy.config.native.toml import build
from mcproxy.config.origin import Origin
from mcproxy.config.save import Replacement, write

from .native.test_document import EVERYTHING
from .support import FILE, SMALLEST, ConfigurationTestCase

RULES = st.sampled_from(
    ["*", "239.1.0.0/16", "232.0.0.1 - 232.0.0.9 | *", "* | 192.0.2.1", "ff3e::/32 | 2001:db8::1"]
)
ROLES = st.sampled_from(["upstream", "downstream"])
FILTER_NAMES = ["a", "b-1", "c.d"]


@st.composite
def rule_lists(draw: st.DrawFn, names: Sequence[str], senders: Sequence[str] = ()) -> list[Any]:
    """Rules, those of the filters with ``names``, and data that came from ``senders``."""
    kinds: list[st.SearchStrategy[Any]] = [RULES]
    if names:
        kinds.append(st.builds(lambda name: {"filter": name}, st.sampled_from(names)))
    if senders:
        sender = st.sampled_from(senders)
        kinds.append(st.builds(lambda rule, name: {"rule": rule, "from": name}, RULES, sender))
    return draw(st.lists(st.one_of(kinds), max_size=4))


@st.composite
def instances(draw: st.DrawFn, prefix: str) -> dict[str, Any]:
    """An instance whose interfaces begin with ``prefix``."""
    ups = draw(st.lists(st.sampled_from(["up", "u2", "peer"]), unique=True))
    downs = draw(st.lists(st.sampled_from(["d1", "lan*", "peer"]), min_size=1, unique=True))
    downs = downs if downs != ups else [*downs, "d9"]
    table: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {
                "upstream": st.just([prefix + name for name in ups]),
                "downstream": st.just([prefix + name for name in downs]),
            },
            optional={
                "table": st.integers(0, 9),
                "igmp-version": st.integers(1, 3),
                "mld-version": st.integers(1, 2),
                "upstream-join": st.sampled_from(["first", "mutex"]),
                "mutex-time": st.floats(0.1, 3600),
                "upstream-data": st.sampled_from(["all", "first"]),
                "upstream-hold-time": st.just("never") | st.floats(0, 86400),
                "report-interval": st.sampled_from(["auto", "never"]) | st.floats(10, 86400),
                "ssm-fallback": st.booleans(),
                "boundary": st.just(["239.255.0.0/16"]),
                "interface": st.just({prefix + downs[0]: {"max-groups": 7}}),
            },
        )
    )
    filters = []
    for role in draw(st.lists(ROLES, unique=True)):
        if not table[role]:
            continue
        direction = draw(st.sampled_from(["in", "out"]))
        senders = [f"{prefix}d1"] if direction == "out" and "d1" in downs else []
        rules = rule_lists(FILTER_NAMES, senders) | st.sampled_from(FILTER_NAMES)
        filters.append(
            {
                "interface": draw(st.sampled_from(["*", f"{table[role][0][:2]}*"])),
                "role": role,
                "direction": direction,
                draw(st.sampled_from(["allow", "deny"])): draw(rules),
            }
        )
    return table | ({"filter": filters} if filters else {})


documents = st.fixed_dictionaries(
    {
        "instance": st.fixed_dictionaries({"x": instances("x")}, optional={"y": instances("y")}),
        "filter": st.fixed_dictionaries(
            {
                name: st.fixed_dictionaries({"rules": rule_lists(FILTER_NAMES[:position])})
                for position, name in enumerate(FILTER_NAMES)
            }
        ),
    },
    optional={"defaults": st.just({"query-interval": 60, "immediate-leave": True})},
)


class WriteTests(ConfigurationTestCase):
    @given(documents)
    def test_written_configuration_is_read_as_the_same_for_any_document(
        self, document: dict[str, Any]
    ) -> None:
        configuration = build(document, Mistakes(Origin(FILE)))
        self.assertEqual(self.good(write(configuration)), configuration)

    def test_written_configuration_is_read_as_the_same(self) -> None:
        for text in (SMALLEST, EVERYTHING):
            configuration = self.good(text)
            self.assertEqual(self.good(write(configuration)), configuration)


class ReplacementTests(ConfigurationTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.path = self.folder / "mcproxy.toml"
        self.path.write_text(SMALLEST, encoding="utf-8")
        self.path.chmod(0o640)

    def files(self) -> list[str]:
        return sorted(os.listdir(self.folder))

    def test_replaced_file_is_kept_with_a_tilde(self) -> None:
        before = load(str(self.path))
        for count in (1, 2):
            Replacement(str(self.path), write(before) + f"# {count}\n").commit()
        self.assertEqual(load(str(self.path)), before)
        self.assertEqual(self.files(), ["mcproxy.toml", "mcproxy.toml~"])
        kept = load(str(self.path) + "~")
        self.assertEqual(attrs.evolve(kept, path=before.path), before)
        self.assertTrue((self.folder / "mcproxy.toml~").read_text("utf-8").endswith("# 1\n"))
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o640)

    def test_discarded_replacement_leaves_no_file(self) -> None:
        replacement = Replacement(str(self.path), "")
        self.assertEqual(len(self.files()), 3)
        replacement.discard()
        self.assertEqual(self.files(), ["mcproxy.toml"])
        self.assertEqual(self.path.read_text("utf-8"), SMALLEST)

    def test_replaced_symbolic_link_stays_a_link(self) -> None:
        link = self.folder / "link"
        link.symlink_to("mcproxy.toml")
        Replacement(str(link), "new").commit()
        self.assertTrue(link.is_symlink())
        self.assertEqual(self.path.read_text("utf-8"), "new")

    def test_replacement_of_a_missing_file_fails_at_once(self) -> None:
        self.assertRaises(OSError, Replacement, str(self.folder / "gone.toml"), "")
        self.assertEqual(self.files(), ["mcproxy.toml"])
