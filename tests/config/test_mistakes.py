"""What is wrong in a file, where, and what to do: each kind of mistake, and all at once."""

from __future__ import annotations

from .support import SMALLEST, ConfigurationTestCase

ROLE = "give each interface one role, in one instance"


class UnknownKeyTests(ConfigurationTestCase):
    def test_the_nearest_known_key_is_named_at_every_level(self) -> None:
        self.refuses(
            """\
defalts = 1
[defaults]
query_interval = 30
[instance.a]
upstream = "eth0"
downstream = ["eth1"]
igmp_version = 3
downstreams = ["eth2"]
[instance.a.interface.eth1]
Max-Groups = 3
[manhole]
listen = "[::1]:22"
authorized-keys = "/k"
hostkey = "/h"
""",
            "defalts (line 1): unknown key; did you mean defaults?",
            "defaults.query_interval (line 3): unknown key; did you mean query-interval?",
            "instance.a.igmp_version (line 7): unknown key; did you mean igmp-version?",
            "instance.a.downstreams (line 8): unknown key; did you mean downstream?",
            "instance.a.interface.eth1.Max-Groups (line 10): unknown key; did you mean max-groups?",
            "manhole.hostkey (line 14): unknown key; did you mean host-key?",
        )

    def test_without_a_near_one_all_are_named(self) -> None:
        self.refuses(
            "zzz = 1\n" + SMALLEST,
            "zzz (line 1): unknown key; there are instance, filter, defaults, manhole, control",
        )

    def test_keys_in_the_wrong_table_are_sent_to_theirs(self) -> None:
        self.refuses(
            'upstream = "eth0"\n' + SMALLEST + "query-interval = 3\n",
            "upstream (line 1): unknown key; write it in [instance.NAME]",
            "instance.a.query-interval (line 6): unknown key;"
            " write it in [defaults], or in [instance.NAME.interface.IF]",
        )

    def test_a_name_with_a_dot_and_no_quotes(self) -> None:
        self.refuses(
            SMALLEST + "[instance.a.interface.eth1.7]\n",
            "instance.a.interface.eth1.7 (line 5): unknown key;"
            ' a name with a dot in it needs quotes, as in "eth0.7"',
        )

    def test_keys_are_quoted_where_toml_would(self) -> None:
        self.refuses(
            '"a\\nb" = 1\n"c d" = 2\n' + SMALLEST,
            '"a\\nb" (line 1): unknown key; there are instance, filter, defaults, manhole, control',
            '"c d" (line 2): unknown key; there are instance, filter, defaults, manhole, control',
        )


class ValueTests(ConfigurationTestCase):
    def of_default(self, line: str) -> str:
        """The one mistake that a line in [defaults] makes."""
        (mistake,) = self.mistakes(f"[defaults]\n{line}\n{SMALLEST}")
        return mistake.removeprefix("defaults.")

    def of_instance(self, line: str) -> str:
        (mistake,) = self.mistakes(f"{SMALLEST}{line}\n")
        return mistake.removeprefix("instance.a.")

    def test_types(self) -> None:
        for line, expected in (
            ("robustness-variable = true", "true is not a whole number"),
            ("robustness-variable = 2.0", "2 is not a whole number"),
            ("robustness-variable = 1979-05-27", "1979-05-27 is not a whole number"),
            ("query-interval = true", "true is not a number"),
            ('query-interval = "60"', '"60" is not a number'),
            ("query-interval = 07:32:00", "07:32:00 is not a number"),
            ("immediate-leave = 1", "1 is not true or false"),
            ('immediate-leave = "yes"', '"yes" is not true or false'),
            ("max-groups = []", "an empty list is not a whole number"),
            ("max-groups = [1]", "a list is not a whole number"),
            ("max-groups = {a = 1}", "a table is not a whole number"),
        ):
            key = line.split(" ")[0]
            mistake = self.of_default(line)
            self.assertTrue(mistake.startswith(f"{key} (line 2): {expected}; write"), mistake)

    def test_ranges(self) -> None:
        """TM-04: robustness, intervals and limits."""
        for line, shown, allowed in (
            ("query-interval = 0.9", "0.9", "from 1 to 31744"),
            ("query-interval = 31745", "31745", "from 1 to 31744"),
            ("query-interval = nan", "nan", "from 1 to 31744"),
            ("query-interval = inf", "inf", "from 1 to 31744"),
            ("query-max-response-time = 0.09", "0.09", "from 0.1 to 3174.4"),
            ("query-max-response-time = -1", "-1", "from 0.1 to 3174.4"),
            ("last-member-query-interval = 3174.5", "3174.5", "from 0.1 to 3174.4"),
            ("last-member-query-interval = -nan", "nan", "from 0.1 to 3174.4"),
            ("robustness-variable = 0", "0", "from 1 to 7"),
            ("robustness-variable = 8", "8", "from 1 to 7"),
            ("max-groups = 0", "0", "from 1 to 4294967295"),
            ("max-groups = 0x" + "f" * 6000, "a very large number", "from 1 to 4294967295"),
            ("query-interval = 0x" + "f" * 6000, "a very large number", "from 1 to 31744"),
        ):
            expected = f"(line 2): {shown} is out of range; use a number {allowed}"
            self.assertEqual(self.of_default(line).split(" ", 1)[1], expected)

    def test_the_ends_of_the_ranges_are_good(self) -> None:
        for line in (
            "query-interval = 31744\nquery-max-response-time = 3174.4",
            "query-interval = 1\nquery-max-response-time = 0.1",
            "robustness-variable = 1\nmax-groups = 1",
            "robustness-variable = 7\nmax-groups = 4294967295",
            "last-member-query-interval = 3174.4",
            "last-member-query-interval = 0.1",
        ):
            self.assertTrue(self.good(f"[defaults]\n{line}\n{SMALLEST}").instances)

    def test_versions(self) -> None:
        for line, expected in (
            ("igmp-version = 4", "there is no IGMPv4; use 1, 2 or 3, or 0 for no IPv4"),
            ("igmp-version = -3", "there is no IGMPv-3; use 1, 2 or 3, or 0 for no IPv4"),
            ("mld-version = 3", "there is no MLDv3; use 1 or 2, or 0 for no IPv6"),
        ):
            self.assertEqual(self.of_instance(line).split(": ")[1], expected)

    def test_no_family_is_left(self) -> None:
        self.assertIn(
            "neither IPv4 nor IPv6 is left", self.of_instance("igmp-version = 0\nmld-version = 0")
        )

    def test_tables(self) -> None:
        for number in (252, 253, 254, 255):
            self.assertEqual(
                self.of_instance(f"table = {number}").split(": ")[1],
                f"table {number} is the system's own; use 0 for the default table",
            )
        for number in (-1, 10**9):
            self.assertIn("from 0 to 999999999", self.of_instance(f"table = {number}"))
        for number in (1, 251, 256, 999_999_999):
            self.assertEqual(self.instance(f"{SMALLEST}table = {number}").table, number)

    def test_what_is_not_a_table(self) -> None:
        for text, where in (
            ("instance = 3", "instance (line 1): 3"),
            ("[[instance]]", "instance (line 1): a list"),
            ("instance.a = 3", "instance.a (line 1): 3"),
            ("[[instance.a]]", "instance.a (line 1): a list"),
            (f"defaults = []\n{SMALLEST}", "defaults (line 1): an empty list"),
            (f"manhole = false\n{SMALLEST}", "manhole (line 1): false"),
            (f'{SMALLEST}interface = "eth1"', 'instance.a.interface (line 5): "eth1"'),
            (f"{SMALLEST}interface.eth1 = 1", "instance.a.interface.eth1 (line 5): 1"),
        ):
            (mistake,) = self.mistakes(text)
            self.assertTrue(mistake.startswith(f"{where} is not a table; write ["), mistake)


class TimesTests(ConfigurationTestCase):
    MESSAGE = (
        "query-max-response-time, {}, is not smaller than query-interval, {}; change one of them"
    )

    def test_a_response_must_be_due_before_the_next_query(self) -> None:
        """GQ-04, TM-04."""
        self.refuses(
            "[defaults]\nquery-interval = 10\nquery-max-response-time = 10.0\n" + SMALLEST,
            "defaults.query-max-response-time (line 3): " + self.MESSAGE.format(10, 10),
        )

    def test_against_the_default_of_the_other(self) -> None:
        self.refuses(
            "[defaults]\nquery-interval = 10\n" + SMALLEST,
            "defaults.query-interval (line 2): " + self.MESSAGE.format(10, 10),
        )

    def test_together_from_defaults_and_an_interface(self) -> None:
        self.refuses(
            "[defaults]\nquery-max-response-time = 50\n"
            + SMALLEST
            + "[instance.a.interface.eth1]\nquery-interval = 20.5\n",
            "instance.a.interface.eth1.query-interval (line 8): " + self.MESSAGE.format(50, 20.5),
        )

    def test_a_mistake_of_the_defaults_is_told_once(self) -> None:
        lines = self.mistakes(
            "[defaults]\nquery-interval = 5\nrobustness-variable = 9\n"
            + SMALLEST
            + "[instance.a.interface.eth1]\nmax-groups = 2\n"
        )
        self.assertEqual(
            [line.split(" (")[0] for line in lines],
            [
                "defaults.query-interval",
                "defaults.robustness-variable",
            ],
        )

    def test_a_value_that_is_wrong_itself_is_not_compared(self) -> None:
        (mistake,) = self.mistakes(
            '[defaults]\nquery-interval = "x"\nquery-max-response-time = 500\n' + SMALLEST
        )
        self.assertIn("is not a number", mistake)


class InterfaceTests(ConfigurationTestCase):
    def refuses_lists(self, upstream: str, downstream: str, *expected: str) -> None:
        text = f"[instance.a]\nupstream = {upstream}\ndownstream = {downstream}\n"
        self.refuses(text, *(f"instance.a{line}" for line in expected))

    def test_names_that_no_interface_can_have(self) -> None:
        hint = "write the name as `ip link` shows it"
        for name, what in (
            ("", "an interface name is empty"),
            ("a/b", "no interface can be named \"a/b\": it has '/' in it"),
            ("eth0:1", "no interface can be named \"eth0:1\": it has ':' in it"),
            ("a b", 'no interface can be named "a b": it has a space in it'),
            ("a\\tb", 'no interface can be named "a\\tb": it has a control character in it'),
            ("a\\u0000", 'no interface can be named "a\\u0000": it has a control character in it'),
        ):
            self.refuses_lists(
                f'"{name}"',
                f'["{name}"]',
                f".upstream (line 2): {what}; {hint}",
                f".downstream (line 3): {what}; {hint}",
            )

    def test_long_and_reserved_names(self) -> None:
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

    def test_upstreams_are_names(self) -> None:
        """PX-01."""
        for value, what in (
            ("3", "3 is neither a name nor a list; write names in quotes"),
            ("[true]", "true is not text; write it in quotes"),
            ("{}", "a table is neither a name nor a list; write names in quotes"),
            ('"eth*"', '"eth*" is a pattern; name one interface here'),
            ('["eth0", "eth2", "eth0"]', '"eth0" stands here twice; leave one out'),
        ):
            self.refuses_lists(value, '["eth1"]', f".upstream (line 2): {what}")

    def test_downstreams_are_a_list_of_names(self) -> None:
        """PX-01, PX-04."""
        for value, what in (
            ("3", "3 is neither a name nor a list; write names in quotes"),
            ("{}", "a table is neither a name nor a list; write names in quotes"),
            ('""', "an interface name is empty; write the name as `ip link` shows it"),
            ('["eth1", 3]', "3 is not text; write it in quotes"),
            ('["eth1", "eth1"]', '"eth1" stands here twice; leave one out'),
            ('["eth*", "eth*"]', '"eth*" stands here twice; leave one out'),
            ('["eth0"]', '"eth0" is upstream and downstream, and alone; name another one'),
        ):
            self.refuses_lists('"eth0"', value, f".downstream (line 3): {what}")

    def test_patterns_that_are_none(self) -> None:
        for value, what in (
            ("eth[0", "\"eth[0\" has a '[' without its ']'; write sets as in eth[0-3]"),
            (
                "e/*",
                "no interface can be named \"e/*\": it has '/' in it;"
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

    def test_an_instance_has_a_downstream(self) -> None:
        """PX-01."""
        self.refuses(
            "[instance.a]\n",
            'instance.a (line 1): no downstream; write downstream = ["IF"]',
        )

    def test_settings_of_an_interface_that_is_not_of_the_instance(self) -> None:
        where = "instance.a.interface"
        for name, expected in (
            ("eth3", "eth3 (line 5): no such downstream in this instance; did you mean eth2?"),
            ("wlan", "wlan (line 5): no such downstream in this instance; there are eth1, eth2"),
            ("eth0", "eth0 (line 5): these settings are for downstreams, and this is the upstream"),
        ):
            self.refuses(f"{SMALLEST}[instance.a.interface.{name}]\n", f"{where}.{expected}")

    def test_settings_for_a_part_of_a_pattern_are_good(self) -> None:
        text = SMALLEST.replace("eth2", "lan*")
        for name in ("lan1", "lan*", "lan[0-3]", "*"):
            self.instance(f'{text}[instance.a.interface."{name}"]\nmax-groups = 3\n')


class InstanceNameTests(ConfigurationTestCase):
    def test_names_that_are_not_usable(self) -> None:
        for name in ("", "a b", "a/b", "-a", ".a", "ü", "a\\nb", "x" * 65):
            (mistake,) = self.mistakes(SMALLEST.replace("instance.a", f'instance."{name}"'))
            self.assertIn("an instance cannot be named", mistake)

    def test_names_that_are(self) -> None:
        for name in ("a", "iptv-2", "home.tv", "7", "A_b", "x" * 64):
            instance = self.instance(SMALLEST.replace("instance.a", f'instance."{name}"'))
            self.assertEqual(instance.name, name)


class RolesTests(ConfigurationTestCase):
    """Two instances: ``a`` from eth0 to eth1 and eth2, and another."""

    def second(self, upstream: str, downstream: str, more: str = "") -> str:
        names = ", ".join(f'"{name}"' for name in downstream.split())
        return f'{SMALLEST}[instance.b]\nupstream = "{upstream}"\ndownstream = [{names}]\n{more}'

    def test_a_downstream_of_both(self) -> None:
        """PX-04."""
        for table in ("", "table = 5\n"):
            self.refuses(
                self.second("eth9", "eth3 eth2", table),
                f'instance.b.downstream (line 7): "eth2" is downstream of instance a too; {ROLE}',
            )

    def test_upstream_of_one_and_downstream_of_the_other(self) -> None:
        """PX-04."""
        self.refuses(
            self.second("eth2", "eth0"),
            f'instance.b.upstream (line 6): "eth2" is downstream of instance a too; {ROLE}',
            f'instance.b.downstream (line 7): "eth0" is upstream of instance a too; {ROLE}',
        )

    def test_patterns_that_may_mean_the_same(self) -> None:
        self.refuses(
            self.second("wan", "lan1*").replace("eth2", "lan*"),
            'instance.b.downstream (line 7): "lan1*" may mean the same interface as "lan*",'
            f" downstream of instance a; {ROLE}",
        )

    def test_patterns_apart(self) -> None:
        self.good(self.second("wan", "lan2*").replace("eth2", "lan1*"))

    def test_a_pattern_means_nothing_that_another_instance_names(self) -> None:
        a, b = self.good(self.second("lan0", "eth*").replace("eth2", "lan*")).instances
        self.assertIsNone(a.downstream_settings("lan0"))
        self.assertIsNotNone(a.downstream_settings("lan1"))
        for name in ("eth0", "eth1"):
            self.assertIsNone(b.downstream_settings(name))
        self.assertIsNotNone(b.downstream_settings("eth2"))

    def test_nor_has_it_settings_for_such(self) -> None:
        more = "[instance.b.interface.eth1]\n[instance.b.interface.eth7]\n"
        self.refuses(
            self.second("lan0", "eth*", more),
            "instance.b.interface.eth1 (line 8): another instance names this interface;"
            " write its settings there",
        )

    def test_but_in_another_family_it_does(self) -> None:
        text = self.second("wan", "eth*", "mld-version = 0\n")
        a, b = self.good(text.replace("[instance.b]", "igmp-version = 0\n[instance.b]")).instances
        self.assertIsNotNone(a.downstream_settings("eth1"))
        self.assertIsNotNone(b.downstream_settings("eth1"))

    def test_a_shared_upstream_needs_one_table(self) -> None:
        self.refuses(
            self.second("eth0", "eth3", "table = 5\n"),
            'instance.b.upstream (line 6): "eth0" is upstream of instance a too, on another table;'
            " give both instances the same table",
        )
        self.good(self.second("eth0", "eth3"))

    def test_families_do_not_concern_each_other(self) -> None:
        text = self.second("eth2", "eth1", "igmp-version = 0\n")
        self.assertEqual(len(self.mistakes(text)), 2)
        self.good(text.replace("[instance.b]", "mld-version = 0\n[instance.b]"))

    def test_an_instance_with_another_mistake_is_compared_too(self) -> None:
        self.assertEqual(len(self.mistakes(self.second("eth9", "eth1", "tabel = 3\n"))), 2)


class RoomTests(ConfigurationTestCase):
    def text(self, count: int, more: str = "") -> str:
        names = ", ".join(f'"d{number}"' for number in range(count))
        return f'[instance.a]\nupstream = "up"\ndownstream = [{names}]\n{more}'

    def test_a_kernel_table_has_room_for_32(self) -> None:
        self.good(self.text(31))
        self.good(self.text(31).replace('"d0"', '"d*"'))
        self.refuses(
            self.text(32),
            "instance.a.downstream (line 3): table 0 would have 33 interfaces and the kernel has"
            " room for 32; put some into an instance with another upstream and another table",
        )

    def test_counted_over_the_instances_of_a_table(self) -> None:
        second = '[instance.b]\nupstream = "{}"\ndownstream = ["x"]\n'
        self.assertEqual(len(self.mistakes(self.text(31) + second.format("up"))), 1)
        self.good(self.text(30) + second.format("up"))
        self.good(self.text(31) + second.format("other") + "table = 2\n")

    def test_counted_by_family(self) -> None:
        second = '[instance.b]\nupstream = "other"\ndownstream = ["x"]\nigmp-version = 0\n'
        self.good(self.text(31, "mld-version = 0\n") + second)


class ManholeTests(ConfigurationTestCase):
    def manhole(self, *lines: str) -> list[str]:
        return self.mistakes("[manhole]\n" + "\n".join(lines) + SMALLEST)

    def test_where_it_may_listen(self) -> None:
        for listen in ("/run/mcproxy/manhole", "127.0.0.1:1", "[::1]:65535"):
            text = f'[manhole]\nlisten = "{listen}"\nauthorized-keys = "/k"\n{SMALLEST}'
            manhole = self.good(text).manhole
            assert manhole is not None
            self.assertEqual(manhole.listen, listen)
        for listen in (
            "", "22", ":22", "0.0.0.0:22", "[::]:22", "::1:22", "localhost:22", "127.0.0.1",
            "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:²",
            "run/mcproxy", "/" + "x" * 107, "/a\\u0000",
        ):  # fmt: skip
            (mistake,) = self.manhole(f'listen = "{listen}"', 'authorized-keys = "/k"')
            self.assertTrue(mistake.startswith("manhole.listen (line 2): "), mistake)

    def test_what_it_needs(self) -> None:
        self.assertEqual(
            self.manhole(),
            [
                'manhole (line 1): no listen; write listen = "127.0.0.1:4022"',
                'manhole (line 1): no authorized-keys; write authorized-keys = "/PATH"',
            ],
        )

    def test_files_by_absolute_paths(self) -> None:
        self.assertEqual(
            self.manhole('listen = "/s"', 'authorized-keys = "keys"', 'host-key = ""'),
            [
                'manhole.authorized-keys (line 3): "keys" is no absolute path; begin it with /',
                'manhole.host-key (line 4): "" is no absolute path; begin it with /',
            ],
        )


class AllAtOnceTests(ConfigurationTestCase):
    def test_the_order_is_that_of_the_file(self) -> None:
        lines = self.mistakes("""\
[manhole]
listen = 3
[instance.b]
upstream = "eth0"
downstream = ["lan0"]
tabel = 7
[instance.b.interface.lan1]
max-groups = 0
[defaults]
query-interval = false
[instance.c]
upstream = "lan0"
downstream = ["lan2", "lan2", "x/y"]
""")
        places = [line.split(": ")[0] for line in lines]
        self.assertEqual(
            places,
            [
                "manhole (line 1)",
                "manhole.listen (line 2)",
                "instance.b.tabel (line 6)",
                "instance.b.interface.lan1 (line 7)",
                "instance.b.interface.lan1.max-groups (line 8)",
                "defaults.query-interval (line 10)",
                "instance.c.upstream (line 12)",
                "instance.c.downstream (line 13)",
            ],
        )
