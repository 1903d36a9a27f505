"""Mistakes in interfaces and instances: their names, roles, and how many there are."""

from __future__ import annotations

from ..meaning import downstream_settings
from ..support import SMALLEST, ConfigurationTestCase

ROLE = "give each interface one role in one instance"


class InterfaceTests(ConfigurationTestCase):
    def refuses_lists(self, upstream: str, downstream: str, *expected: str) -> None:
        text = f"[instance.a]\nupstream = {upstream}\ndownstream = {downstream}\n"
        self.refuses(text, *(f"instance.a{line}" for line in expected))

    def test_impossible_interface_name_is_refused(self) -> None:
        hint = "write the name as `ip link` shows it"
        for name, what in (
            ("", "an interface name is empty"),
            ("a/b", "no interface can be named \"a/b\": it contains '/'"),
            ("eth0:1", "no interface can be named \"eth0:1\": it contains ':'"),
            ("a b", 'no interface can be named "a b": it contains a space'),
            ("a\\tb", 'no interface can be named "a\\tb": it contains a control character'),
            ("a\\u0000", 'no interface can be named "a\\u0000": it contains a control character'),
        ):
            self.refuses_lists(
                f'"{name}"',
                f'["{name}"]',
                f".upstream (line 2): {what}; {hint}",
                f".downstream (line 3): {what}; {hint}",
            )

    def test_long_or_reserved_interface_name_is_refused(self) -> None:
        for name, what in (
            (".", 'no interface can be named "."'),
            ("..", 'no interface can be named ".."'),
            (
                "x" * 16,
                f'no interface can be named "{"x" * 16}": it has 16 bytes; names have 15 at most',
            ),
            (
                "ü" * 8,
                f'no interface can be named "{"ü" * 8}": it has 16 bytes; names have 15 at most',
            ),
        ):
            self.refuses_lists('"eth0"', f'["{name}"]', f".downstream (line 3): {what}")
        self.instance(f'[instance.a]\nupstream = "{"x" * 15}"\ndownstream = ["{"ü" * 7}"]\n')

    def test_upstream_that_is_not_a_name_is_refused(self) -> None:
        """PX-01."""
        for value, what in (
            ("3", "3 is neither a name nor a list; write names in quotes"),
            ("[true]", "true is not text; write it in quotes"),
            ("{}", "a table is neither a name nor a list; write names in quotes"),
            ('"eth*"', '"eth*" is a pattern; write the name of one interface'),
            ('["eth0", "eth2", "eth0"]', '"eth0" is listed twice; remove one'),
        ):
            self.refuses_lists(value, '["eth1"]', f".upstream (line 2): {what}")

    def test_list_with_too_many_names_is_refused(self) -> None:
        """It is refused at once: all names are compared with each other."""
        names = ", ".join(f'"n{number}"' for number in range(1001))
        self.refuses_lists(
            '"eth0"',
            f"[{names}]",
            ".downstream (line 3): the list has 1001 names, and 1000 are allowed;"
            " write patterns such as lan*",
        )

    def test_all_wrong_names_of_a_list_are_told(self) -> None:
        for key in ("upstream", "downstream"):
            lines = self.mistakes(f'[instance.a]\n{key} = ["a/b", 3, "", "c d"]\n')
            self.assertEqual(len([one for one in lines if f".{key} (line 2)" in one]), 4, lines)
        lines = self.mistakes('[instance.a]\nupstream = ["a*", "b*"]\ndownstream = "c"\n')
        self.assertEqual(len(lines), 2, lines)

    def test_downstream_that_is_not_a_list_of_names_is_refused(self) -> None:
        """PX-01, PX-04."""
        for value, what in (
            ("3", "3 is neither a name nor a list; write names in quotes"),
            ("{}", "a table is neither a name nor a list; write names in quotes"),
            ('""', "an interface name is empty; write the name as `ip link` shows it"),
            ('["eth1", 3]', "3 is not text; write it in quotes"),
            ('["eth1", "eth1"]', '"eth1" is listed twice; remove one'),
            ('["eth*", "eth*"]', '"eth*" is listed twice; remove one'),
            (
                '["eth0"]',
                '"eth0" is the only upstream and the only downstream; add another interface',
            ),
        ):
            self.refuses_lists('"eth0"', value, f".downstream (line 3): {what}")

    def test_wrong_pattern_is_refused(self) -> None:
        for value, what in (
            ("eth[0", "\"eth[0\" has a '[' without a ']'; write sets such as eth[0-3]"),
            (
                "e/*",
                "no interface can be named \"e/*\": it contains '/';"
                " write the name as `ip link` shows it",
            ),
            (
                "x" * 15 + "?",
                'no interface can have a name that matches "xxxxxxxxxxxxxxx?";'
                " names have 15 bytes at most",
            ),
        ):
            self.refuses_lists('"eth0"', f'["{value}"]', f".downstream (line 3): {what}")
        (mistake,) = self.mistakes(SMALLEST.replace("eth2", "*?" * 40))
        self.assertIn("use 64 characters at most", mistake)

    def test_instance_without_downstream_is_refused(self) -> None:
        """PX-01."""
        self.refuses(
            "[instance.a]\n",
            'instance.a (line 1): downstream is missing; write downstream = ["eth1", "lan*"]',
        )

    def test_settings_of_an_unknown_interface_are_refused(self) -> None:
        where = "instance.a.interface"
        for name, expected in (
            ("eth3", "eth3 (line 5): no such downstream in this instance; there are eth1, eth2"),
            ("wlan", "wlan (line 5): no such downstream in this instance; there are eth1, eth2"),
        ):
            self.refuses(f"{SMALLEST}[instance.a.interface.{name}]\n", f"{where}.{expected}")

    def test_settings_of_an_upstream_that_are_for_downstreams_are_refused(self) -> None:
        table = f"{SMALLEST}[instance.a.interface.eth0]\nrequire-router-alert = true\n"
        self.assertTrue(self.instance(table).upstream_settings("eth0").require_router_alert)
        self.refuses(
            f"{table}max-groups = 3\n",
            'instance.a.interface.eth0.max-groups (line 7): "eth0" is an upstream, and max-groups'
            " is for downstreams",
        )

    def test_versions_of_an_upstream_are_accepted_within_their_range(self) -> None:
        table = f"{SMALLEST}[instance.a.interface.eth0]\n"
        settings = self.instance(f"{table}igmp-version = 2\nmld-version = 1\n")
        upstream = settings.upstream_settings("eth0")
        self.assertEqual((upstream.igmp_version, upstream.mld_version), (2, 1))
        for value in ("0", "4"):
            (mistake,) = self.mistakes(f"{table}igmp-version = {value}\n")
            self.assertIn("instance.a.interface.eth0.igmp-version (line 6): ", mistake)

    def test_settings_for_a_part_of_a_pattern_are_accepted(self) -> None:
        text = SMALLEST.replace("eth2", "lan*")
        for name in ("lan1", "lan*", "lan[0-3]", "*"):
            made = self.instance(f'{text}[instance.a.interface."{name}"]\nmax-groups = 3\n')
            self.assertEqual(made.interface[name].max_groups, 3)


class InstanceNameTests(ConfigurationTestCase):
    def test_wrong_instance_name_is_refused(self) -> None:
        for name in ("", "a b", "a/b", "-a", ".a", "ü", "a\\nb", "x" * 65):
            (mistake,) = self.mistakes(SMALLEST.replace("instance.a", f'instance."{name}"'))
            self.assertIn("an instance cannot be named", mistake)

    def test_instance_names_with_punctuation_are_accepted(self) -> None:
        for name in ("a", "iptv-2", "home.tv", "7", "A_b", "x" * 64):
            instance = self.instance(SMALLEST.replace("instance.a", f'instance."{name}"'))
            self.assertEqual(instance.name, name)


class RolesTests(ConfigurationTestCase):
    """Two instances: ``a`` from eth0 to eth1 and eth2, and another."""

    def second(self, upstream: str, downstream: str, more: str = "") -> str:
        names = ", ".join(f'"{name}"' for name in downstream.split())
        return f'{SMALLEST}[instance.b]\nupstream = "{upstream}"\ndownstream = [{names}]\n{more}'

    def test_shared_downstream_is_refused(self) -> None:
        """PX-04."""
        for table in ("", "table = 5\n"):
            self.refuses(
                self.second("eth9", "eth3 eth2", table),
                f'instance.b.downstream (line 7): "eth2" is also downstream of instance a; {ROLE}',
            )

    def test_interface_with_two_roles_in_two_instances_is_refused(self) -> None:
        """PX-04."""
        self.refuses(
            self.second("eth2", "eth0"),
            f'instance.b.upstream (line 6): "eth2" is also downstream of instance a; {ROLE}',
            f'instance.b.downstream (line 7): "eth0" is also upstream of instance a; {ROLE}',
        )

    def test_overlapping_patterns_are_refused(self) -> None:
        self.refuses(
            self.second("wan", "lan1*").replace("eth2", "lan*"),
            'instance.b.downstream (line 7): "lan1*" can match the same interface as "lan*",'
            f" downstream of instance a; {ROLE}",
        )

    def test_disjoint_patterns_are_accepted(self) -> None:
        self.good(self.second("wan", "lan2*").replace("eth2", "lan1*"))

    def test_pattern_does_not_match_a_name_of_another_instance(self) -> None:
        a, b = self.good(self.second("lan0", "eth*").replace("eth2", "lan*")).instances
        self.assertIsNone(downstream_settings(a, "lan0"))
        self.assertIsNotNone(downstream_settings(a, "lan1"))
        for name in ("eth0", "eth1"):
            self.assertIsNone(downstream_settings(b, name))
        self.assertIsNotNone(downstream_settings(b, "eth2"))

    def test_settings_for_a_name_of_another_instance_are_refused(self) -> None:
        more = "[instance.b.interface.eth1]\n[instance.b.interface.eth7]\n"
        self.refuses(
            self.second("lan0", "eth*", more),
            "instance.b.interface.eth1 (line 8): another instance names this interface;"
            " write its settings there",
        )

    def test_pattern_matches_a_name_of_an_instance_of_the_other_family(self) -> None:
        text = self.second("wan", "eth*", "mld-version = 0\n")
        a, b = self.good(text.replace("[instance.b]", "igmp-version = 0\n[instance.b]")).instances
        self.assertIsNotNone(downstream_settings(a, "eth1"))
        self.assertIsNotNone(downstream_settings(b, "eth1"))

    def test_shared_upstream_on_two_tables_is_refused(self) -> None:
        self.refuses(
            self.second("eth0", "eth3", "table = 5\n"),
            'instance.b.upstream (line 6): "eth0" is also upstream of instance a, on another table;'
            " give both instances the same table",
        )
        self.good(self.second("eth0", "eth3"))

    def test_instances_of_different_families_may_share_interfaces(self) -> None:
        text = self.second("eth2", "eth1", "igmp-version = 0\n")
        self.assertEqual(len(self.mistakes(text)), 2)
        self.good(text.replace("[instance.b]", "mld-version = 0\n[instance.b]"))

    def test_instance_with_another_mistake_is_compared_too(self) -> None:
        self.assertEqual(len(self.mistakes(self.second("eth9", "eth1", "tabel = 3\n"))), 2)


class RoomTests(ConfigurationTestCase):
    def text(self, count: int, more: str = "") -> str:
        names = ", ".join(f'"d{number}"' for number in range(count))
        return f'[instance.a]\nupstream = "up"\ndownstream = [{names}]\n{more}'

    def test_kernel_table_with_33_interfaces_is_refused(self) -> None:
        self.good(self.text(31))
        self.good(self.text(31).replace('"d0"', '"d*"'))
        self.refuses(
            self.text(32),
            "instance.a.downstream (line 3): table 0 would have 33 interfaces, but the kernel"
            " allows 32; move some to an instance with another table, and join the two by a veth"
            ' pair (see "More than 31 downstreams" in docs/reference/configuration.rst)',
        )

    def test_nothing_sent_up_takes_one_place_of_the_table(self) -> None:
        """Its (*,*) entry has a number that no interface may have."""
        self.good(self.text(30, 'upstream-data = "none"\n'))
        (mistake,) = self.mistakes(self.text(31, 'upstream-data = "none"\n'))
        self.assertIn("table 0 would have 33 interfaces, but the kernel allows 32", mistake)

    def test_interfaces_of_all_instances_count_for_the_kernel_table(self) -> None:
        second = '[instance.b]\nupstream = "{}"\ndownstream = ["x"]\n'
        self.assertEqual(len(self.mistakes(self.text(31) + second.format("up"))), 1)
        self.good(self.text(30) + second.format("up"))
        self.good(self.text(31) + second.format("other") + "table = 2\n")

    def test_interfaces_count_for_each_family_separately(self) -> None:
        second = '[instance.b]\nupstream = "other"\ndownstream = ["x"]\nigmp-version = 0\n'
        self.good(self.text(31, "mld-version = 0\n") + second)
