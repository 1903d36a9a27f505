"""Changes are written into a file that somebody wrote by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mcproxy.config.diff import compare
from mcproxy.config.edit import (
    add_instance,
    add_link,
    move_downstream,
    remove_instance,
    remove_link,
)
from mcproxy.config.model import DOWNSTREAM, UPSTREAM, Configuration
from mcproxy.config.native.amend import amended
from mcproxy.config.native.reader import Mistakes
from mcproxy.config.native.text import toml_text
from mcproxy.config.native.toml import build
from mcproxy.config.origin import Origin

from ..support import FILE, ConfigurationTestCase
from ..test_save import documents
from .test_document import EVERYTHING

BY_HAND = """\
# What we watch.
[defaults]
query-interval = 125  # as usual

# television
[instance.tv]
downstream = [
    "eth1",  # living room
    "eth2",
]
upstream = "eth0"  # fibre
[instance.tv.interface]
eth1 = { immediate-leave = true }  # one box

[instance.radio]  # the office
upstream = ["eth3"]
downstream = 'wlan*'
[[instance.radio.filter]]
interface = "eth3"
role = "upstream"
direction = "in"
deny = [
  "239.255.0.0/16",  # ours
]

[control]
mode = "0600"  # nobody else
"""

Make = Callable[[Configuration], Configuration]


class AmendTests(ConfigurationTestCase):
    def after(self, make: Make, text: str = BY_HAND) -> str:
        """The text after a change, which must be read as the changed configuration."""
        wanted = make(self.good(text))
        result = amended(text, wanted)
        assert result is not None
        self.assertEqual(compare(self.good(result), wanted), [])
        return result

    def assert_lines(self, result: str, gone: list[str], new: list[str]) -> None:
        """Exactly these lines are gone, and those are new."""
        before, after = BY_HAND.splitlines(), result.splitlines()
        self.assertEqual([line for line in before if line not in after], gone)
        self.assertEqual([line for line in after if line not in before], new)

    def test_text_without_difference_stays(self) -> None:
        for text in (BY_HAND, EVERYTHING):
            self.assertEqual(self.after(lambda configuration: configuration, text), text)

    def test_added_downstream_is_appended(self) -> None:
        result = self.after(partial(add_link, instance="tv", role=DOWNSTREAM, interface="eth5"))
        self.assert_lines(result, [], ['    "eth5",'])

    def test_added_upstream_is_appended(self) -> None:
        result = self.after(partial(add_link, instance="tv", role=UPSTREAM, interface="eth5"))
        self.assert_lines(
            result, ['upstream = "eth0"  # fibre'], ['upstream = ["eth0", "eth5"]  # fibre']
        )

    def test_removed_downstream_is_taken_out(self) -> None:
        result = self.after(partial(remove_link, instance="tv", role=DOWNSTREAM, interface="eth2"))
        self.assert_lines(result, ['    "eth2",'], [])

    def test_moved_downstream_takes_its_settings_along(self) -> None:
        """Settings and filters of the interface are removed at the old place."""
        result = self.after(partial(move_downstream, interface="eth1", to="radio"))
        self.assertNotIn("living room", result)
        for comment in ("# What we watch.", "# as usual", "# television", "# fibre", "# ours"):
            self.assertIn(comment, result)

    def test_added_instance_is_appended(self) -> None:
        table = {"upstream": ["eth8"], "downstream": ["eth9"], "table": 7}
        result = self.after(partial(add_instance, name="more", table=table))
        new = ["[instance.more]", 'upstream = ["eth8"]', 'downstream = ["eth9"]', "table = 7"]
        self.assert_lines(result, [], new)

    def test_removed_instance_is_taken_out(self) -> None:
        result = self.after(partial(remove_instance, name="radio"))
        self.assertNotIn("office", result)
        self.assertEqual(result.split("[control]")[1], BY_HAND.split("[control]")[1])

    def test_manual_change_is_overwritten_where_it_differs(self) -> None:
        """The running configuration counts, not the file."""
        wanted = self.good(BY_HAND)
        text = BY_HAND.replace("125", "60").replace('    "eth2",\n', '    "eth3",\n')
        text = text.replace('["eth3"]', '["eth7"]').replace('"eth3"\nrole', '"eth7"\nrole')
        result = amended(text, wanted)
        assert result is not None
        self.assertEqual(compare(self.good(result), wanted), [])
        self.assertIn("# living room", result)

    def test_text_that_is_not_toml_is_not_amended(self) -> None:
        wanted = self.good(BY_HAND)
        for text in ("", "[instance.tv]\n", "x", "phyint eth0 upstream\n", "\x00"):
            self.assertIsNone(amended(text, wanted))

    def test_order_of_patterns_is_amended(self) -> None:
        """The first pattern that matches counts, so the order matters."""
        text = '[instance.a]\nupstream = "u"\ndownstream = ["l*"]\n'
        first = '[instance.a.interface."la*"]\nmax-groups = 1\n'
        second = '[instance.a.interface."l*"]\nmax-groups = 2\n'
        wanted = self.good(text + first + second)
        self.assertIsNone(amended(text + second + first, wanted))
        self.assertEqual(compare(self.good(amended(text + first, wanted) or ""), wanted), [])

    def test_other_toml_notations_are_amended(self) -> None:
        for text in (
            'instance = { a = { upstream = "u", downstream = "d" } }  # kept\n',
            '[instance]\n[instance.a]\nupstream = "u"\n"downstream" = "d"  # kept\n',
            '[instance.a]\nupstream = "u"\ndownstream = "d"\n[defaults]\nmax-groups = 7\n'
            '[instance.b]\nupstream = "u"\ndownstream = "e"  # kept\n',
        ):
            wanted = add_link(self.good(text), "a", DOWNSTREAM, "new")
            wanted = add_instance(wanted, "z", {"upstream": ["x"], "downstream": ["y"]})
            result = amended(text, wanted)
            assert result is not None
            self.assertEqual(compare(self.good(result), wanted), [])
            self.assertIn("# kept", result)

    @given(documents, documents)
    def test_any_document_is_amended_to_any_other(
        self, one: dict[str, Any], other: dict[str, Any]
    ) -> None:
        wanted = build(other, Mistakes(Origin(FILE)))
        result = amended(toml_text(one), wanted)
        assert result is not None
        self.assertEqual(compare(self.good(result), wanted), [])

    def test_large_list_is_amended_in_time(self) -> None:
        rules = ", ".join(f'"239.0.{n >> 8}.{n & 255}"' for n in range(3000))
        wanted = self.good(BY_HAND + f"[filter.many]\nrules = [{rules}]\n")
        text = BY_HAND + '[filter.many]\nrules = ["232.0.0.1"]  # few\n'
        before = time.process_time()
        result = amended(text, wanted)
        self.assertLess(time.process_time() - before, 5)
        assert result is not None
        self.assertEqual(compare(self.good(result), wanted), [])

    @given(documents, st.data())
    def test_comments_of_unchanged_lines_stay(
        self, written: dict[str, Any], data: st.DataObject
    ) -> None:
        """Each line of the file has a comment; lines that do not change keep theirs."""
        lines = toml_text(written).splitlines()
        text = "".join(f"{line}  # {number}\n" for number, line in enumerate(lines))
        table = {"upstream": ["new1"], "downstream": ["new2"]}
        result = self.after(partial(add_instance, name="new", table=table), text)
        for line in text.splitlines():
            self.assertIn(line, result)
