"""The query string of a scrape."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control.metrics.request import MOST_GROUPS, asked_groups
from mcproxy.control.requests import BadRequestError
from mcproxy.protocol.family import packed


class AskedGroupsTests(SynchronousTestCase):
    def assert_refused(self, query: str, text: str) -> None:
        error = self.assertRaises(BadRequestError, asked_groups, query)
        self.assertIn(text, str(error))

    def test_groups_of_both_families_are_read_once_each(self) -> None:
        found = asked_groups("group=239.1.1.1&group=ff15%3A%3A1&group=239.1.1.1")
        self.assertEqual(found, [packed("239.1.1.1"), packed("ff15::1")])
        self.assertEqual(asked_groups(""), [])

    def test_what_is_no_group_is_refused_with_its_text(self) -> None:
        for value in ("", "tv", "10.0.0.1", "239.1.1.0/24"):
            self.assert_refused(f"group={value}", f"group: {value!r} is not a multicast address")

    def test_group_with_an_interface_is_refused(self) -> None:
        self.assert_refused("group=ff15::1%25eth0", "group: 'ff15::1%eth0' names an interface")

    def test_unknown_key_is_refused_with_the_known_one(self) -> None:
        self.assert_refused("interface=d1", "unknown key 'interface'; /metrics accepts only group")

    def test_more_groups_than_allowed_are_refused_with_the_limit(self) -> None:
        query = "&".join(f"group=239.1.1.{number}" for number in range(MOST_GROUPS + 1))
        self.assert_refused(query, f"{MOST_GROUPS + 1} groups are too many for one scrape")
        self.assertEqual(len(asked_groups(query.rpartition("&")[0])), MOST_GROUPS)
