"""What is different between configurations, and single changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given

from mcproxy.config.diff import compare
from mcproxy.config.edit import (
    add_instance,
    add_link,
    move_downstream,
    remove_instance,
    remove_link,
)
from mcproxy.config.errors import ConfigurationError
from mcproxy.config.model import DOWNSTREAM, UPSTREAM, Configuration
from mcproxy.config.native.reader import Mistakes
from mcproxy.config.native.toml import build
from mcproxy.config.origin import Origin

from .meaning import downstream_settings
from .support import FILE, ConfigurationTestCase
from .test_save import documents

TWO = """
[instance.a]
upstream = "up"
downstream = ["eth1", "ppp*"]
[instance.a.interface.eth1]
max-groups = 3
[instance.b]
upstream = "up"
downstream = "eth2"
"""


class CompareTests(ConfigurationTestCase):
    def differences(self, old: str, new: str, text: str = TWO) -> list[str]:
        """The differences that a replacement of ``old`` by ``new`` in the text makes."""
        self.assertIn(old, text)
        before, after = self.good(text), self.good(text.replace(old, new))
        return list(map(str, compare(before, after)))

    def test_equal_configurations_have_no_difference(self) -> None:
        self.assertEqual(self.differences("\n", "\n\n# a comment\n"), [])

    def test_instance_is_added_or_removed_as_a_whole(self) -> None:
        added = self.good(TWO + '[instance.c]\nupstream = "x"\ndownstream = "y"\n')
        before = self.good(TWO)
        self.assertEqual(list(map(str, compare(before, added))), ["instance.c: added"])
        self.assertEqual(list(map(str, compare(added, before))), ["instance.c: removed"])

    @given(documents, documents)
    def test_any_difference_is_found(self, one: dict[str, Any], other: dict[str, Any]) -> None:
        before, after = (build(written, Mistakes(Origin(FILE))) for written in (one, other))
        self.assertEqual(compare(before, after) == [], before == after)
        self.assertEqual(compare(before, before), [])

    def test_differences_of_filters_are_named(self) -> None:
        table = '[[instance.b.filter]]\ninterface = "*"\nrole = "upstream"\ndirection = '
        one, two = f'{table}"in"\nallow = ["239.0.0.1"]\n', f'{table}"out"\ndeny = "x"\n'
        text = f'{TWO}{one}{two}[filter.x]\nrules = ["*"]\n'
        of_one = 'instance.b.filter."upstream * in"'
        for old, new, *expected in (
            ("0.1", "0.2", f"{of_one}.allow: 239.0.0.2 added, 239.0.0.1 removed"),
            ('["239.0.0.1"]', '"x"', f'{of_one}.allow: 239.0.0.1 -> "x"'),
            (one, "", f"{of_one}: removed"),
            (
                one,
                one.replace("*", "up"),
                'instance.b.filter."upstream up in": added',
                f"{of_one}: removed",
            ),
            (one + two, two + one, "instance.b.filter: in another order"),
            (
                '"*"]',
                '{ rule = "*", from = "eth2" }]',
                "filter.x.rules: * from eth2 added, * removed",
            ),
            (
                '"*"]',
                ", ".join(f'"239.1.0.{n}"' for n in range(30)) + "]",
                "filter.x.rules: "
                + "".join(f"239.1.0.{n} added, " for n in range(20))
                + "and 11 more",
            ),
        ):
            self.assertEqual(sorted(self.differences(old, new, text)), sorted(expected))

    def test_differences_of_interfaces_are_named(self) -> None:
        self.assertEqual(
            self.differences('"ppp*"', '"eth7", "eth8"'),
            ["instance.a.downstream: eth7 added, eth8 added, ppp* removed"],
        )
        self.assertEqual(
            self.differences('["eth1", "ppp*"]', '["ppp*", "eth1"]'),
            ["instance.a.downstream: in another order"],
        )

    def test_differences_of_settings_are_named(self) -> None:
        self.assertEqual(
            self.differences("max-groups = 3", "max-groups = 4"),
            ["instance.a.interface.eth1.max-groups: 3 -> 4"],
        )
        self.assertEqual(
            self.differences("max-groups = 3", "query-interval = 30.5"),
            [
                "instance.a.interface.eth1.max-groups: 3 -> default",
                "instance.a.interface.eth1.query-interval: default -> 30.5",
            ],
        )
        self.assertEqual(
            self.differences("[instance.b]", "[defaults]\nmax-hosts = 5\n[instance.b]"),
            ["defaults.max-hosts: default -> 5"],
        )
        self.assertEqual(
            self.differences("[instance.b]", "[instance.b]\nmld-version = 0"),
            ["instance.b.mld-version: default -> 0"],
        )
        static = "static-group = ['239.1.1.1', '232.1.1.1 | 192.0.2.1']"
        self.assertEqual(
            self.differences("[instance.b]", f"[instance.b]\n{static}"),
            ["instance.b.static-group: default -> 239.1.1.1, 232.1.1.1 | 192.0.2.1"],
        )

    def test_differences_of_services_are_named(self) -> None:
        self.assertEqual(
            self.differences("[instance.a]", "[control]\nmode = '0660'\n[instance.a]"),
            ["control: added"],
        )
        text = "[control]\nmode = '0660'\n" + TWO
        self.assertEqual(self.differences("0660", "0666", text), ['control.mode: "0660" -> "0666"'])


class ChangeTests(ConfigurationTestCase):
    def setUp(self) -> None:
        self.before = self.good(TWO)

    def check(self, after: Configuration, *expected: str) -> Configuration:
        self.assertEqual(list(map(str, compare(self.before, after))), list(expected))
        self.assertEqual(after.path, self.before.path)
        return after

    def refused(self, text: str, change: Callable[..., Any], *arguments: object) -> None:
        error = self.assertRaises(ConfigurationError, change, self.before, *arguments)
        self.assertIn(text, str(error))

    def test_instances_are_added_and_removed(self) -> None:
        table = {"upstream": "up", "downstream": ["eth3"]}
        after = self.check(add_instance(self.before, "c", table), "instance.c: added")
        self.assertEqual(after.instances[2].downstream, ("eth3",))
        self.assertEqual(remove_instance(after, "c"), self.before)
        self.refused(
            "instance.a: an instance of this name exists already", add_instance, "a", table
        )
        self.refused("instance.xyz: no such instance; there are a, b", remove_instance, "xyz")
        self.refused("no instance", remove_all)

    def test_added_instance_is_checked_like_a_file(self) -> None:
        table = {"upstream": "up", "downstream": ["eth3"]}
        for change, text in (
            ({"downstream": ["eth2"]}, '"eth2" is also downstream of instance b'),
            ({"downstream": ["eth2", "a/b"]}, 'no interface can be named "a/b"'),
            ({"tabel": 3}, "instance.c.tabel: unknown key; did you mean table?"),
            ({"table": 3}, '"up" is also upstream of instance a, on another table'),
        ):
            self.refused(text, add_instance, "c", table | change)
        self.refused("instance.c: downstream is missing", add_instance, "c", {"upstream": "x"})

    def test_downstreams_are_added_and_removed(self) -> None:
        after = add_link(self.before, "b", DOWNSTREAM, "eth3")
        self.check(after, "instance.b.downstream: eth3 added")
        self.assertEqual(remove_link(after, "b", DOWNSTREAM, "eth3"), self.before)
        for arguments, text in (
            (("a", DOWNSTREAM, "eth1"), '"eth1" is listed twice'),
            (("b", DOWNSTREAM, "eth1"), '"eth1" is also downstream of instance a'),
            (("x", DOWNSTREAM, "eth3"), "instance.x: no such instance"),
            (("a", DOWNSTREAM, "e 3"), "it contains a space"),
        ):
            self.refused(text, add_link, *arguments)
        self.refused('the instance has no downstream "eth9"', remove_link, "a", DOWNSTREAM, "eth9")
        self.assertEqual(
            remove_link(self.before, "b", DOWNSTREAM, "eth2").instances[1].downstream, ()
        )
        self.refused('the instance has no upstream "eth9"', remove_link, "a", UPSTREAM, "eth9")

    def test_removed_downstream_takes_its_settings_along(self) -> None:
        after = remove_link(self.before, "a", DOWNSTREAM, "eth1")
        self.check(
            after,
            "instance.a.downstream: eth1 removed",
            "instance.a.interface.eth1.max-groups: 3 -> default",
        )

    def test_added_downstream_has_the_defaults(self) -> None:
        before = self.good("[defaults]\nmax-groups = 9\n" + TWO)
        after = add_link(before, "b", DOWNSTREAM, "eth3")
        settings = downstream_settings(after.instances[1], "eth3")
        assert settings is not None
        self.assertEqual(settings.max_groups, 9)

    def test_moved_downstream_keeps_its_settings(self) -> None:
        after = move_downstream(self.before, "eth1", "b")
        self.assertEqual(after.instances[0].downstream, ("ppp*",))
        self.assertEqual(after.instances[1].downstream, ("eth2", "eth1"))
        settings = downstream_settings(after.instances[1], "eth1")
        assert settings is not None
        self.assertEqual(settings.max_groups, 3)
        back = move_downstream(after, "eth1", "a")
        self.assertEqual(set(back.instances[0].downstream), {"eth1", "ppp*"})
        self.assertEqual(move_downstream(self.before, "eth1", "a"), self.before)

    def test_moved_downstream_keeps_its_filters(self) -> None:
        table = '[[instance.a.filter]]\ninterface = "{}"\nrole = "{}"\ndirection = "in"\n'
        text = TWO + "".join(
            table.format(*where) + "deny = []\n"
            for where in (("eth1", "downstream"), ("*", "downstream"), ("up", "upstream"))
        )
        before = self.good(text)
        a, b = move_downstream(before, "eth1", "b").instances
        one, *others = before.instances[0].filters
        self.assertEqual((a.filters, b.filters), (tuple(others), (one,)))
        a, b = remove_link(before, "a", DOWNSTREAM, "eth1").instances
        self.assertEqual((a.filters, b.filters), (tuple(others), ()))
        a, _ = remove_link(before, "a", UPSTREAM, "up").instances
        self.assertEqual(a.filters, before.instances[0].filters[:2])

    def test_moved_interface_of_a_pattern_is_named_in_the_new_instance(self) -> None:
        after = move_downstream(self.before, "ppp3", "b")
        self.check(after, "instance.b.downstream: ppp3 added")
        self.assertIsNone(downstream_settings(after.instances[0], "ppp3"))
        self.assertIsNotNone(downstream_settings(after.instances[1], "ppp3"))

    def test_instance_may_lose_its_last_downstream(self) -> None:
        after = move_downstream(self.before, "eth2", "a")
        self.assertEqual(after.instances[1].downstream, ())
        self.assertEqual(move_downstream(after, "eth2", "b"), self.before)

    def test_impossible_move_is_refused(self) -> None:
        self.refused('"eth9" is not a downstream; add it', move_downstream, "eth9", "b")
        self.refused("instance.z: no such instance", move_downstream, "eth1", "z")


def remove_all(configuration: Configuration) -> Configuration:
    for instance in configuration.instances:
        configuration = remove_instance(configuration, instance.name)
    return configuration
