"""Messages name what is wrong, where, and what to do; all mistakes are reported together."""

from __future__ import annotations

from ..support import SMALLEST, ConfigurationTestCase

TABLES = "instance, manhole, defaults, control, http, filter"


class UnknownKeyTests(ConfigurationTestCase):
    def test_unknown_key_is_refused_with_the_nearest_known_one(self) -> None:
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

    def test_unknown_key_without_a_near_one_lists_all(self) -> None:
        self.refuses(
            "zzz = 1\n" + SMALLEST,
            f"zzz (line 1): unknown key; there are {TABLES}",
        )

    def test_key_in_the_wrong_table_names_the_right_one(self) -> None:
        self.refuses(
            'upstream = "eth0"\n' + SMALLEST + "query-interval = 3\n",
            "upstream (line 1): unknown key; write it in [instance.NAME]",
            "instance.a.query-interval (line 6): unknown key;"
            " write it in [defaults], or in [instance.NAME.interface.IF]",
        )

    def test_misspelt_key_of_another_table_is_found_there(self) -> None:
        self.refuses(
            SMALLEST + "qurey_interval = 3\n",
            "instance.a.qurey_interval (line 5): unknown key; did you mean query-interval?"
            " If so, write it in [defaults], or in [instance.NAME.interface.IF]",
        )

    def test_limit_of_a_range_is_written_without_a_fraction(self) -> None:
        self.refuses(
            SMALLEST + "[defaults]\nmax-report-rate = 0\n",
            "defaults.max-report-rate (line 6): 0 is out of range;"
            " use a number from 1 to 1000000000",
        )

    def test_name_with_a_dot_and_no_quotes_is_explained(self) -> None:
        self.refuses(
            SMALLEST + "[instance.a.interface.eth1.7]\n",
            "instance.a.interface.eth1.7 (line 5): unknown key;"
            ' a name with a dot in it needs quotes, as in "eth0.7"',
        )

    def test_keys_in_messages_are_quoted_as_in_toml(self) -> None:
        self.refuses(
            '"a\\nb" = 1\n"c d" = 2\n' + SMALLEST,
            f'"a\\nb" (line 1): unknown key; there are {TABLES}',
            f'"c d" (line 2): unknown key; there are {TABLES}',
        )


class ValueTests(ConfigurationTestCase):
    def of_default(self, line: str) -> str:
        """The one mistake that a line in [defaults] makes."""
        (mistake,) = self.mistakes(f"[defaults]\n{line}\n{SMALLEST}")
        return mistake.removeprefix("defaults.")

    def of_instance(self, line: str) -> str:
        (mistake,) = self.mistakes(f"{SMALLEST}{line}\n")
        return mistake.removeprefix("instance.a.")

    def test_value_of_the_wrong_type_is_refused(self) -> None:
        for line, expected in (
            ("robustness-variable = true", "true is not a whole number"),
            ("robustness-variable = 2.0", "2 is not a whole number"),
            ("robustness-variable = 1979-05-27", "1979-05-27 is not a whole number"),
            ("query-interval = true", "true is not a number"),
            ('query-interval = "60"', '"60" is not a number'),
            ("query-interval = 07:32:00", "07:32:00 is not a number"),
            ("immediate-leave = 1", "1 is not true or false"),
            ('immediate-leave = "yes"', '"yes" is not true or false'),
            ("query-address = 3", "3 is not text"),
            ('query-address = "fd00::1"', '"fd00::1" is not an IPv4 address'),
            ('query-address = "239.1.1.1"', '"239.1.1.1" is not the address of a host'),
            ("max-groups = []", "an empty list is not a whole number"),
            ("max-groups = [1]", "a list is not a whole number"),
            ("max-groups = {a = 1}", "a table is not a whole number"),
        ):
            key = line.split(" ")[0]
            mistake = self.of_default(line)
            self.assertTrue(mistake.startswith(f"{key} (line 2): {expected}; write"), mistake)

    def test_value_out_of_range_is_refused(self) -> None:
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

    def test_ends_of_ranges_are_accepted(self) -> None:
        for line in (
            "query-interval = 31744\nquery-max-response-time = 3174.4",
            "query-interval = 1\nquery-max-response-time = 0.1",
            "robustness-variable = 1\nmax-groups = 1",
            "robustness-variable = 7\nmax-groups = 4294967295",
            "last-member-query-interval = 3174.4",
            "last-member-query-interval = 0.1",
        ):
            self.assertTrue(self.good(f"[defaults]\n{line}\n{SMALLEST}").instances)

    def test_unknown_version_is_refused(self) -> None:
        for line, expected in (
            ("igmp-version = 4", "there is no IGMPv4; use 1, 2 or 3, or 0 for no IPv4"),
            ("igmp-version = -3", "there is no IGMPv-3; use 1, 2 or 3, or 0 for no IPv4"),
            ("mld-version = 3", "there is no MLDv3; use 1 or 2, or 0 for no IPv6"),
        ):
            self.assertEqual(self.of_instance(line).split(": ")[1], expected)

    def test_instance_with_both_families_disabled_is_refused(self) -> None:
        self.assertIn(
            "both IPv4 and IPv6 are disabled", self.of_instance("igmp-version = 0\nmld-version = 0")
        )

    def test_kernel_table_of_the_system_is_refused(self) -> None:
        for number in (252, 253, 254, 255):
            self.assertEqual(
                self.of_instance(f"table = {number}").split(": ")[1],
                f"table {number} belongs to the system; use 0 for the default table",
            )
        for number in (-1, 10**9):
            self.assertIn("from 0 to 999999999", self.of_instance(f"table = {number}"))
        for number in (1, 251, 256, 999_999_999):
            self.assertEqual(self.instance(f"{SMALLEST}table = {number}").table, number)

    def test_value_in_place_of_a_table_is_refused(self) -> None:
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
        "query-max-response-time ({}) must be smaller than query-interval ({}); change one of them"
    )

    def test_response_time_that_is_not_below_the_query_interval_is_refused(self) -> None:
        """GQ-04, TM-04."""
        self.refuses(
            "[defaults]\nquery-interval = 10\nquery-max-response-time = 10.0\n" + SMALLEST,
            "defaults.query-max-response-time (line 3): " + self.MESSAGE.format(10, 10),
        )

    def test_query_interval_is_compared_with_the_default_response_time(self) -> None:
        self.refuses(
            "[defaults]\nquery-interval = 10\n" + SMALLEST,
            "defaults.query-interval (line 2): " + self.MESSAGE.format(10, 10),
        )

    def test_times_of_defaults_and_interface_are_compared(self) -> None:
        self.refuses(
            "[defaults]\nquery-max-response-time = 50\n"
            + SMALLEST
            + "[instance.a.interface.eth1]\nquery-interval = 20.5\n",
            "instance.a.interface.eth1.query-interval (line 8): " + self.MESSAGE.format(50, 20.5),
        )

    def test_mistake_in_defaults_is_reported_once(self) -> None:
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

    def test_wrong_time_is_not_compared(self) -> None:
        (mistake,) = self.mistakes(
            '[defaults]\nquery-interval = "x"\nquery-max-response-time = 500\n' + SMALLEST
        )
        self.assertIn("is not a number", mistake)


class AllAtOnceTests(ConfigurationTestCase):
    def test_mistakes_are_in_the_order_of_the_file(self) -> None:
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
