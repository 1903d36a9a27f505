"""Filters: named ones, those of instances, and what is wrong in them."""

from __future__ import annotations

import time

from mcproxy.config.model import FilterConfig
from mcproxy.config.rules import read_rule

from ..meaning import filter_for
from ..support import ConfigurationTestCase

INSTANCE = """\
[instance.split]
upstream = ["up1", "up2"]
downstream = ["down1", "lan*"]
"""


def use(rules: str, role: str = "upstream", direction: str = "out", interface: str = "*") -> str:
    """A filter of the instance; ``rules`` is ``allow = ...`` or ``deny = ...``."""
    return (
        f'[[instance.split.filter]]\ninterface = "{interface}"\nrole = "{role}"\n'
        f'direction = "{direction}"\n{rules}\n'
    )


class FilterTests(ConfigurationTestCase):
    def rules(self, text: str) -> list[str]:
        """The rules of the one filter in ``text``, with the interface that data came from."""
        (one,) = self.instance(INSTANCE + text).filters
        return [
            f"{rule.came_from or ''}({rule.group and len(rule.group.first)})" for rule in one.rules
        ]

    def test_rules_are_in_the_filter_or_in_a_named_one(self) -> None:
        named = '[filter.local]\nrules = ["239.0.0.0/8 | 192.168.123.0/24"]\n'
        text = (
            named
            + INSTANCE
            + use('allow = "local"')
            + use('deny = ["232.0.0.0/8"]', direction="in")
        )
        configuration = self.good(text)
        local = (read_rule("239.0.0.0/8 | 192.168.123.0/24"),)
        self.assertEqual(configuration.filters, {"local": local})
        self.assertEqual(
            configuration.instances[0].filters,
            (
                FilterConfig("*", "upstream", "out", True, local, "local"),
                FilterConfig("*", "upstream", "in", False, (read_rule("232.0.0.0/8"),)),
            ),
        )

    def test_reference_stands_for_the_rules_of_another_filter(self) -> None:
        text = """
[filter.b]
rules = ["239.0.0.2", { filter = "a" }, "239.0.0.1"]
[filter.c]
rules = [{ filter = "b" }, { filter = "a" }, "ff3e::1"]
[filter.a]
rules = ["239.0.0.1"]
"""
        configuration = self.good(text + INSTANCE + use('allow = [{ filter = "c" }, "* | *"]'))
        one, two, six, any_ = map(read_rule, ("239.0.0.1", "239.0.0.2", "ff3e::1", "*"))
        self.assertEqual(
            configuration.filters, {"b": (two, one), "c": (two, one, six), "a": (one,)}
        )
        self.assertEqual(configuration.instances[0].filters[0].rules, (two, one, six, any_))

    def test_from_limits_a_rule_to_one_interface(self) -> None:
        for role, names in (
            ("upstream", ("down1", "lan7")),
            ("downstream", ("down1", "lan7", "up1")),
        ):
            for name in names:
                rules = f'allow = [{{ rule = "* | *", from = "{name}" }}]'
                self.assertEqual(self.rules(use(rules, role)), [f"{name}(None)"])

    def test_empty_list_of_rules_is_accepted(self) -> None:
        self.assertEqual(self.rules(use("allow = []")), [])

    def test_filter_by_name_has_priority_over_patterns(self) -> None:
        filters = "".join(
            use(f'allow = ["239.0.0.{number}"]', "downstream", "in", name)
            for number, name in enumerate(("lan*", "lan7", "*"))
        )
        instance = self.instance(INSTANCE + filters)
        for name, expected in (("lan7", 1), ("lan1", 0), ("down1", 2)):
            held = filter_for(instance, name, "downstream", "in")
            self.assertEqual(held, instance.filters[expected], name)
        self.assertIsNone(filter_for(instance, "lan7", "downstream", "out"))
        self.assertIsNone(filter_for(instance, "lan7", "upstream", "in"))

    def test_many_rules_are_read_in_time(self) -> None:
        rules = "".join(f'"232.1.{n >> 8}.{n & 255} | 192.0.2.1",\n' for n in range(10_000))
        before = time.process_time()
        configuration = self.good(
            f"[filter.many]\nrules = [\n{rules}]\n" + INSTANCE + use('deny = "many"')
        )
        self.assertEqual(len(configuration.filters["many"]), 10_000)
        self.assertLess(time.process_time() - before, 3)


class MistakeTests(ConfigurationTestCase):
    def refuses_use(self, text: str, *expected: str) -> None:
        """``text`` follows the instance and has these mistakes in its filter."""
        self.refuses(INSTANCE + text, *(f"instance.split.filter[1]{line}" for line in expected))

    def test_item_that_is_not_a_rule_is_refused(self) -> None:
        how = 'write "GROUP | SOURCE", { rule = "...", from = "IF" } or { filter = "NAME" }'
        self.refuses_use(
            use(
                """allow = [
  7,
  "239.0.0.1",
  "10.0.0.1",
  { filter = 3 },
  { rule = "*" },
  { rule = "*", from = "a/b" },
]"""
            ),
            f".allow[1] (line 9): 7 is not a rule; {how}",
            '.allow[3] (line 11): "10.0.0.1" is not a multicast group; groups are in 224.0.0.0/4',
            f".allow[4] (line 12): a table is not a rule; {how}",
            f".allow[5] (line 13): a table is not a rule; {how}",
            ".allow[6] (line 14): no interface can be named \"a/b\": it contains '/';"
            " write the name as `ip link` shows it",
        )
        self.refuses_use(use("allow = 3"), f".allow (line 8): 3 is not a list of rules; {how}")

    def test_unknown_key_of_a_rule_is_refused_by_its_name(self) -> None:
        known = "there are rule, from, filter"
        self.refuses_use(
            use('allow = ["*", { rul = "*" }, { rule = "*", via = "eth0", x = 1 }]'),
            '.allow[2] (line 8): unknown key "rul"; did you mean rule?',
            f'.allow[3] (line 8): unknown key "via"; {known}',
            f'.allow[3] (line 8): unknown key "x"; {known}',
        )

    def test_wrong_named_filter_is_refused(self) -> None:
        self.refuses(
            '[filter.a]\n[filter."b c"]\nrules = "239.0.0.1"\n' + INSTANCE,
            "filter.a (line 1): rules is missing; write rules ="
            ' ["239.255.0.0/16", "ff15::/16 | *", "239.1.1.1 - 239.1.1.9"]',
            'filter."b c" (line 2): a filter cannot be named "b c"; use at most 64 letters,'
            " digits and . _ -, beginning with a letter or digit",
            'filter."b c".rules (line 3): "239.0.0.1" is not a list of rules;'
            ' write "GROUP | SOURCE", { rule = "...", from = "IF" } or { filter = "NAME" }',
        )

    def test_unknown_filter_name_is_refused(self) -> None:
        self.refuses_use(
            use('allow = "local"'),
            '.allow (line 8): there is no filter "local"; write [filter.local]',
        )
        text = '[filter.local]\nrules = [\n"*",\n{ filter = "b" }]\n[filter.a]\nrules = []\n'
        self.refuses(
            text + INSTANCE + use('allow = ["*", { filter = "locl" }]'),
            'filter.local.rules[2] (line 4): there is no filter "b"; there are local, a',
            "instance.split.filter[1].allow[2] (line 14): there is no filter"
            ' "locl"; did you mean local?',
        )

    def test_circle_of_filters_is_refused(self) -> None:
        text = "".join(
            f'[filter.{name}]\nrules = [{{ filter = "{other}" }}]\n'
            for name, other in ("ab", "bc", "ca", "da")
        )
        (mistake,) = self.mistakes(text + INSTANCE + use('allow = "d"'))
        self.assertRegex(
            mistake,
            r'filter\.[abc]\.rules \(line [246]\): this filter contains itself: "." contains'
            r' "." contains "." contains "."; remove one of these references',
        )
        (mistake,) = self.mistakes('[filter.a]\nrules = [{ filter = "a" }]\n' + INSTANCE)
        self.assertIn('"a" contains "a"', mistake)

    def test_incomplete_filter_is_refused(self) -> None:
        self.refuses_use(
            "[[instance.split.filter]]\n",
            ' (line 4): interface is missing; write interface = "*"',
            ' (line 4): role is missing; write role = "upstream"',
            ' (line 4): direction is missing; write direction = "in"',
            " (line 4): allow and deny are missing; write one of them",
        )
        self.refuses_use(
            use("allow = []\ndeny = []", "up", "inward", "a b").replace("direction", "drection"),
            ' (line 4): direction is missing; write direction = "in"',
            " (line 4): both allow and deny are given; write one of them",
            '.interface (line 5): no interface can be named "a b": it contains a space;'
            " write the name as `ip link` shows it",
            '.role (line 6): "up" is not a valid value (expected: upstream, downstream)',
            ".drection (line 7): unknown key; did you mean direction?",
        )

    def test_filter_that_is_not_a_list_of_tables_is_refused(self) -> None:
        self.refuses(
            INSTANCE + '[instance.split.filter]\nallow = "a"\n',
            "instance.split.filter (line 4): a table is not a list of tables;"
            " write [[instance.NAME.filter]]",
        )
        self.refuses(
            INSTANCE + "filter = [3]\n",
            "instance.split.filter[1] (line 4): 3 is not a table; write [instance.split.filter[1]]",
        )

    def test_filter_for_an_unknown_interface_is_refused(self) -> None:
        self.refuses_use(
            use("allow = []", interface="down1"),
            '.interface (line 5): this instance has no upstream "down1"; there are up1, up2',
        )
        self.refuses_use(
            use("allow = []", "downstream", interface="dwn1"),
            '.interface (line 5): this instance has no downstream "dwn1"; did you mean down1?',
        )
        self.refuses(
            INSTANCE.replace('"up1", "up2"', "") + use("allow = []"),
            "instance.split.filter[1].role (line 6): this instance has no upstream",
        )

    def test_second_filter_for_the_same_place_is_refused(self) -> None:
        self.refuses(
            INSTANCE + use("allow = []") + use("deny = []") + use("allow = []", direction="in"),
            'instance.split.filter[2] (line 9): a second filter for "*" as upstream, out;'
            " put their rules into one filter",
        )

    def from_(self, name: str, **where: str) -> list[str]:
        rules = f'allow = [{{ rule = "*", from = "{name}" }}]'
        return self.mistakes(INSTANCE + use(rules, **where))

    def test_rule_from_an_impossible_interface_is_refused(self) -> None:
        place = "instance.split.filter[1].allow[1] (line 8): "
        for name, where, expected in (
            ("up2", {}, 'instance split has no downstream "up2"; there are down1, lan*'),
            ("down2", {}, 'instance split has no downstream "down2"; there are down1, lan*'),
            (
                "up3",
                {"role": "downstream"},
                'instance split has no interface "up3"; there are up1, up2, down1, lan*',
            ),
            (
                "up1",
                {"role": "upstream", "direction": "in"},
                '"up1" cannot be given as "from": data of direction "in" comes from the'
                ' filter\'s own interface; leave "from" out',
            ),
            (
                "down1",
                {"role": "downstream", "interface": "down1"},
                'data from "down1" is never sent back there; leave "from" out',
            ),
        ):
            self.assertEqual(self.from_(name, **where), [place + expected])

    def test_rule_of_a_disabled_family_is_refused(self) -> None:
        text = INSTANCE + "mld-version = 0\n" + use('allow = ["* | 2001:db8::1", "239.0.0.1"]')
        self.refuses(
            text,
            "instance.split.filter[1].allow[1] (line 9): IPv6 is disabled in instance split;"
            " leave this rule out",
        )

    def test_rule_of_a_named_filter_must_match_in_one_place(self) -> None:
        """So one list can serve instances of two families."""
        other = INSTANCE.replace("split", "other").replace("1", "3").replace("up2", "up4")
        named = '[filter.a]\nrules = ["239.0.0.1", "ff3e::1"]\n'
        both = other.replace("lan", "wlan") + "igmp-version = 0\n"
        both += use('allow = "a"').replace("split", "other")
        text = named + INSTANCE + "mld-version = 0\n" + use('allow = "a"')
        self.good(text + both)
        self.refuses(
            text,
            "filter.a.rules[2] (line 2): IPv6 is disabled in instance split; leave this rule out",
        )
