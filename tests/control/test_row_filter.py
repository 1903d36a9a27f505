"""Which rows a request asks for, and requests that are refused."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control.requests import BadRequestError
from mcproxy.control.row_filter import KEYS, RowFilter

GROUP = {
    "instance": "tv/ipv4",
    "family": "ipv4",
    "interface": "eth1",
    "group-address": "239.1.1.1",
    "filter-mode": "include",
    "source": [{"source-address": "192.0.2.1"}, {"source-address": "192.0.2.9"}],
}
ROUTE = {
    "instance": "tv/ipv6",
    "family": "ipv6",
    "source-address": "2001:db8::1",
    "group-address": "ff1e::1",
    "incoming-interface": "eth0",
    "outgoing-interface": ["eth1", "eth2"],
}


class MatchTests(SynchronousTestCase):
    def found(self, query: str) -> str:
        """Which of the two rows match: "g", "r", both or none."""
        asked = RowFilter.parse(query)
        return ("g" if asked.matches(GROUP) else "") + ("r" if asked.matches(ROUTE) else "")

    def test_each_key_selects_rows(self) -> None:
        for query, expected in (
            ("", "gr"),
            ("family=4", "g"),
            ("family=ipv6", "r"),
            ("instance=tv", "gr"),
            ("instance=tv/ipv4", "g"),
            ("interface=eth0", "r"),
            ("interface=eth1", "gr"),
            ("interface=eth2", "r"),
            ("group=239.1.1.1", "g"),
            ("group=239.1.0.0/16", "g"),
            ("group=FF1E:0::1", "r"),
            ("group=ff00::/8", "r"),
            ("source=192.0.2.9", "g"),
            ("source=192.0.2.8/31", "g"),
            ("source=2001:db8::/32", "r"),
            ("source=198.51.100.1", ""),
        ):
            self.assertEqual(self.found(query), expected, query)

    def test_values_of_a_key_add_up_and_keys_restrict(self) -> None:
        self.assertEqual(self.found("group=239.1.1.1&group=ff1e::1"), "gr")
        self.assertEqual(self.found("interface=eth1&family=6"), "r")

    def test_any_group_and_any_source_match_every_address(self) -> None:
        asked = RowFilter.parse("group=239.1.1.1&source=10.0.0.1")
        self.assertTrue(asked.matches({"group-address": "*", "source-address": "*"}))
        any_source = {"group-address": "239.1.1.1", "filter-mode": "exclude", "source": []}
        self.assertTrue(asked.matches(any_source))

    def test_host_row_matches_by_each_of_its_groups(self) -> None:
        row = {"group-address": ["239.1.1.1", "239.1.1.2"]}
        self.assertTrue(RowFilter.parse("group=239.1.1.2").matches(row))
        self.assertFalse(RowFilter.parse("group=239.1.1.3").matches(row))

    def test_rows_that_do_not_match_are_pauses(self) -> None:
        asked = RowFilter.parse("family=4")
        self.assertEqual(list(asked.select([GROUP, None, ROUTE])), [GROUP, None, None])


class RefusalTests(SynchronousTestCase):
    def test_unknown_key_or_bad_value_is_refused(self) -> None:
        for query, keys, text in (
            ("colour=red", KEYS, "unknown filter 'colour' for this view; its filters are family,"),
            ("group=239.1.1.1", ("family",), "unknown filter 'group'"),
            ("group=239.1.1.1", (), "this view has no filters"),
            ("family=5", KEYS, "family: '5' is not a family (expected: 4, 6)"),
            ("group=tv", KEYS, "group: 'tv' does not appear to be"),
            ("group=239.1.1.1/8", KEYS, "group: 239.1.1.1/8 has host bits set (expected: an addr"),
            ("source=", KEYS, "source: "),
            ("interface=", KEYS, "interface: a name is missing"),
            ("family", KEYS, "the query string is malformed: "),
            ("family=4&&", KEYS, "the query string is malformed: "),
        ):
            error = self.assertRaises(BadRequestError, RowFilter.parse, query, keys)
            self.assertIn(text, str(error))
