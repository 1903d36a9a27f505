"""LinkSet: the usable links of an instance, as a value."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.instance.links import DownstreamLink, LinkSet


class LinkSetTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.links = (
            LinkSet()
            .with_downstream("d1", 11, is_querier=True)
            .with_downstream("d2", 12, is_querier=False)
            .with_upstream("up", 1)
        )

    def test_link_of_another_querier_is_foreign_and_not_forwarding(self) -> None:
        """FWD-03."""
        self.assertEqual(dict(self.links.forwarding), {"d1": 11})
        self.assertEqual(self.links.foreign, {"d2"})

    def test_changed_set_is_a_new_value_and_the_old_one_stays(self) -> None:
        before = self.links.forwarding
        after = self.links.with_downstream("d2", 12, is_querier=True).without_downstream("d1")
        self.assertEqual((dict(after.forwarding), after.foreign), ({"d2": 12}, frozenset()))
        self.assertEqual(self.links.downstreams["d2"], DownstreamLink(12, is_querier=False))
        self.assertIs(self.links.forwarding, before)

    def test_set_cannot_be_written_to(self) -> None:
        with self.assertRaises(FrozenInstanceError):
            self.links.refused = frozenset(["d3"])  # type: ignore[misc]

    def test_removed_upstream_is_not_usable_and_an_unknown_one_is_no_error(self) -> None:
        after = self.links.without_upstream("up").without_upstream("elsewhere")
        self.assertEqual((dict(after.upstreams), after.downstreams), ({}, self.links.downstreams))
