"""The language of mcproxy 1.1."""

from __future__ import annotations

from mcproxy.config.errors import ConfigurationError
from mcproxy.config.foreign.mcproxy_1_1 import read
from mcproxy.config.model import InstanceConfig
from mcproxy.config.rules import read_rule

from ..meaning import filter_for
from ..samples import EVERYTHING, MOBILE, SMALLEST, SPLIT
from ..support import ConfigurationTestCase

FILE = "mcproxy.conf"
TWO = "pinstance a: u1 u2 ==> d1 d2;\n"


class MeaningTests(ConfigurationTestCase):
    def instances(self, text: str) -> dict[str, InstanceConfig]:
        return {one.name: one for one in read(text, FILE).configuration.instances}

    def test_smallest_file_is_read(self) -> None:
        (one,) = self.instances(SMALLEST).values()
        self.assertEqual((one.name, one.table), ("myProxy", 0))
        self.assertEqual((one.upstreams, one.downstream), (("eth0",), ("eth1", "eth2")))
        self.assertEqual((one.igmp_version, one.mld_version), (3, 0))
        self.assertEqual(read(SMALLEST, FILE).configuration.path, FILE)

    def test_file_without_a_protocol_has_igmpv3_only(self) -> None:
        (one,) = self.instances("pinstance a: ==> b").values()
        self.assertEqual((one.igmp_version, one.mld_version), (3, 0))

    def test_instance_has_its_table_and_may_have_no_upstream(self) -> None:
        both = self.instances(MOBILE)
        self.assertEqual((both["lma"].table, both["lma"].upstreams), (1, ()))
        self.assertEqual(both["lma"].downstream, ("lma-eth0", "lma-eth1"))
        self.assertEqual((both["mag1"].table, both["mag1"].upstreams), (2, ("mag1-eth0",)))
        self.assertEqual((both["lma"].igmp_version, both["lma"].mld_version), (0, 2))

    def test_tables_become_filters(self) -> None:
        (one,) = self.instances(SPLIT).values()
        self.assertEqual((one.table, one.upstreams), (10, ("tunU1", "tunU2")))
        self.assertEqual((one.upstream_join, one.mutex_time), ("mutex", 2.0))
        self.assertEqual(one.upstream_data, "all")
        up = filter_for(one, "tunU1", "upstream", "out")
        assert up is not None
        self.assertTrue(up.allow)
        self.assertEqual(up.rules, (read_rule("*")._replace(came_from="tunD1"),))
        self.assertIsNone(filter_for(one, "tunU2", "upstream", "out"))
        down = filter_for(one, "tunD1", "downstream", "in")
        assert down is not None
        self.assertFalse(down.allow)
        self.assertEqual(down.name, "local")
        self.assertEqual(
            down.rules,
            (read_rule("239.0.0.0/8 | 192.168.123.0/24"), read_rule("232.1.1.0 - 232.1.1.9")),
        )

    def test_file_with_every_statement_is_read(self) -> None:
        reading = read(EVERYTHING, FILE)
        instances = self.instances(EVERYTHING)
        one, peers = instances["a-1"], instances["peers"]
        self.assertEqual((one.igmp_version, one.mld_version), (2, 1))
        self.assertEqual(one.upstreams, ("eth0.7", "up_2"))
        self.assertEqual(one.downstream, ("upstream", "in"))
        self.assertEqual((peers.upstreams, peers.downstream), (("p1",), ("p1", "p2")))
        self.assertEqual((one.upstream_join, one.upstream_data), ("first", "first"))
        inner = (read_rule("232.0.0.0 - 232.0.0.9"), read_rule("*")._replace(came_from="in"))
        named = reading.configuration.filters
        self.assertEqual(list(named), ["t-1", "named", "inner", "mine"])
        self.assertEqual(
            named["t-1"],
            (
                read_rule("239.0.0.0/8"),
                read_rule("ff3e::1 | 2001:db8::/32")._replace(came_from="up_2"),
                *inner,
                read_rule("232.0.0.1 | 192.0.2.1"),
                read_rule("* | 10.0.0.0/8"),
                read_rule("232.0.0.2"),
            ),
        )
        self.assertEqual(
            [(f.interface, f.role, f.direction, f.allow, f.name) for f in one.filters],
            [
                ("*", "upstream", "in", True, ""),
                ("in", "downstream", "out", False, "inner"),
                ("upstream", "downstream", "out", False, "t-1"),
                ("*", "upstream", "out", True, "mine"),
            ],
        )
        self.assertEqual(
            reading.notes,
            (
                "line 6: 239.1.1.1/8 is 239.0.0.0/8",
                "line 18: rulematching applies to all upstreams",
            ),
        )

    def test_order_of_statements_does_not_matter(self) -> None:
        statements = SPLIT.strip().split("\n")
        turned = read("\n".join(reversed(statements)), FILE).configuration
        plain = read(SPLIT, FILE).configuration
        self.assertEqual(turned.filters, plain.filters)
        ((one,), (other,)) = (turned.instances, plain.instances)
        self.assertEqual(set(one.filters), set(other.filters))

    def test_prefix_of_all_bits_is_one_address(self) -> None:
        text = TWO + "pinstance a upstream * in whitelist table { (232.1.1.1/32 | *) };"
        (one,) = self.instances(text).values()
        self.assertEqual(one.filters[0].rules, (read_rule("232.1.1.1"),))

    def test_disable_has_its_position(self) -> None:
        self.assertIsNone(read(SMALLEST).disabled_at)
        self.assertEqual(str(read(SMALLEST + "  disable;").disabled_at), "line 4, column 3")


SYNTAX_ERRORS = (
    (
        "protocol IGMPv4;",
        'line 1, column 10: "IGMPv4" is not expected here; write IGMPv1 to IGMPv3, MLDv1 or MLDv2',
    ),
    ("pinstance a: b\n ==> ;", 'line 2, column 6: ";" is not expected here; write a name'),
    (
        "pinstance a eth0;",
        'line 1, column 13: "eth0" is not expected here;'
        ' write "(", ":", "downstream" or "upstream"',
    ),
    (
        "pinstance a: ==> b\n#\npinstance c: ==> d;\n",
        'line 3, column 1: "pinstance" is not expected here; write ";", a name'
        " or the end of the file",
    ),
    (
        "table t { (239.0.0.1) }",
        'line 1, column 21: ")" is not expected here; write "|"',
    ),
    (
        "table t { ( | *) }",
        'line 1, column 13: "|" is not expected here; write "table" or an address',
    ),
    (
        "table t {\n (* | *)\n\n",
        'line 2, column 9: the file ends too early; write "(", "}" or a name',
    ),
    (
        "pinstance a up",
        'line 1, column 13: "up" is not expected here; write "(", ":", "downstream" or "upstream"',
    ),
    (
        "pinstance a: eth-0 ==> b;",
        'line 1, column 17: "-0" is not expected here; write "==>" or a name',
    ),
    (
        'pinstance "a: ==> b;',
        'line 1, column 11: "\\"" is not expected here; write a name',
    ),
)
"""Texts, and the message that each gives."""


class MistakeTests(ConfigurationTestCase):
    def refuses(self, text: str | bytes, *expected: str) -> None:
        error = self.assertRaises(ConfigurationError, read, text, FILE)
        self.assertEqual(str(error).split("\n"), [f"{FILE}: {line}" for line in expected])

    def test_syntax_error_names_what_is_expected(self) -> None:
        for text, expected in SYNTAX_ERRORS:
            self.refuses(text, expected)

    def test_file_without_an_instance_is_refused(self) -> None:
        self.refuses(
            "protocol MLDv1", "no instance; write pinstance NAME: UPSTREAM ==> DOWNSTREAM;"
        )

    def test_unknown_name_is_refused(self) -> None:
        self.refuses(
            TWO + "pinstance A upstream * in rulematching first;",
            'line 2, column 11: there is no instance "A"; did you mean a?',
        )
        self.refuses(
            TWO + "pinstance a upstream * in\n whitelist table local;",
            'line 3, column 12: there is no filter "local"; write [filter.local]',
        )
        self.refuses(
            TWO + "pinstance a upstream d1 in whitelist table {};",
            'line 2, column 22: this instance has no upstream "d1"; there are u1, u2',
        )
        self.refuses(
            TWO + "pinstance a upstream u3 in rulematching first;",
            'line 2, column 22: this instance has no upstream "u3"',
        )

    def test_repeated_statement_is_refused(self) -> None:
        self.refuses(
            TWO + "pinstance a: x ==> y; protocol MLDv1; protocol MLDv2; table t {}; table t {};"
            "pinstance a upstream * in rulematching first; "
            "pinstance a upstream * in rulematching mutex 1000",
            'line 2, column 1: there is an instance "a" already',
            "line 2, column 39: MLD has a version already; remove one of the statements",
            'line 2, column 73: there is a table "t" already',
            "line 2, column 163: rulematching is given twice; remove one",
        )
        filtering = "pinstance a upstream * in whitelist table {};"
        self.refuses(
            TWO + filtering + filtering,
            'line 2, column 46: a second filter for "*" as upstream, in;'
            " put their rules into one filter",
        )

    def test_mutex_time_that_is_too_short_is_lengthened(self) -> None:
        """The example of mcproxy 1.1 has 10 ms."""
        reading = read(TWO + "pinstance a upstream * in rulematching mutex 10;", FILE)
        self.assertEqual(reading.configuration.instances[0].mutex_time, 0.1)
        self.assertEqual(reading.notes, ("line 2: mutex 10: the shortest time is 0.1 s",))

    def test_rulematching_of_the_wrong_kind_is_refused(self) -> None:
        for binding, expected in (
            (
                "upstream * in rulematching all",
                '40: "all" is not possible for in; write "first" or "mutex"',
            ),
            (
                "upstream * out rulematching mutex 9",
                '41: "mutex" is not possible for out; write "all" or "first"',
            ),
            ("downstream * in rulematching first", "13: rulematching is for upstreams"),
            (
                "upstream * in rulematching mutex 3600001",
                "46: 3600.001 is out of range; use a number from 0.1 to 3600",
            ),
        ):
            self.refuses(TWO + f"pinstance a {binding};", f"line 2, column {expected}")

    def test_rule_that_never_matches_is_refused(self) -> None:
        self.refuses(
            TWO + "pinstance a upstream * in whitelist table {\n"
            " (10.0.0.1 | *)\n (239.0.0.9-239.0.0.1 | *)\n u1(* | *)\n (ff3e::1 | *)\n"
            " (x|y)\n (239.0.0/8 | *) };",
            'line 3, column 2: "10.0.0.1" is not a multicast group; groups are in 224.0.0.0/4',
            'line 4, column 2: "239.0.0.9-239.0.0.1" ends before it starts;'
            ' write "239.0.0.1 - 239.0.0.9"',
            'line 7, column 2: "x" is not an address; write an address, a prefix, "A - B" or "*"',
            'line 8, column 2: "239.0.0" is not an address;'
            ' write an address, a prefix, "A - B" or "*"',
            'line 5, column 2: "u1" cannot be given as "from": data of direction "in" comes from'
            ' the filter\'s own interface; leave "from" out',
            "line 6, column 2: IPv6 is disabled in instance a; leave this rule out",
        )

    def test_shared_downstream_is_refused(self) -> None:
        """Version 1.1 would forward twice."""
        self.refuses(
            TWO + "pinstance b(2): u3 ==> d1;",
            'line 2, column 24: "d1" is also downstream of instance a;'
            " give each interface one role in one instance",
        )

    def test_circle_of_tables_is_refused(self) -> None:
        self.refuses(
            TWO + "table a { (table b) }; table b { (table a) };",
            'line 2, column 7: this filter contains itself: "a" contains "b" contains "a";'
            " remove one of these references",
        )

    def test_deeply_nested_tables_are_refused(self) -> None:
        depth = 20_000
        text = TWO + "table a {" + "(table {" * depth + "})" * depth + "};"
        self.refuses(text, "tables are nested too deeply; give the inner ones names")

    def test_huge_number_is_refused(self) -> None:
        self.refuses(
            f"pinstance a ({'9' * 5000}): ==> b;",
            "line 1, column 14: 999999999999999999 is out of range;"
            " use a number from 0 to 999999999",
        )
