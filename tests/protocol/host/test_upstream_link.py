"""A host whose link comes and goes."""

from __future__ import annotations

from ..families import ALLOW, BLOCK, IS_EX, TO_EX, TO_IN, both_families, group
from .simulated_host import HostTests


@both_families
class UpstreamLinkTests(HostTests):
    """The upstream link comes and goes, and the daemon ends."""

    def test_rejoin_reports_all_groups_again(self) -> None:
        """HR-07: as often as any change."""
        self.has_reported(self.excluding(1), self.including(2))
        self.receives_general_query()
        self.host.cancel_pending()
        self.assertIsNone(self.host.next_deadline())
        self.note(self.host.rejoin(self.now))
        self.pass_time(10)
        joins = (self.record(TO_EX, 1), self.record(ALLOW, 2, group_number=2))
        self.assertEqual(self.sent_records(), [joins, joins])

    def test_rejoin_and_leave_without_groups_send_nothing(self) -> None:
        """There is nothing to report."""
        self.assertEqual(list(self.host.rejoin(self.now)), [])
        self.assertEqual(list(self.host.leave(self.now)), [])

    def test_silence_cancels_repeats_and_answers(self) -> None:
        """HR-07: the wanted groups stay known."""
        self.wants(self.excluding(1))
        self.receives_general_query()
        self.receives_query()
        self.host.cancel_pending()
        self.sent.clear()
        self.pass_time(20)
        self.assertEqual(self.sent_messages(), [])
        self.assertEqual(self.host.groups, {group(self.family, 1): self.excluding(1)})
        self.receives_general_query()
        self.pass_time(20)
        self.assertEqual(self.sent_records(), [(self.record(IS_EX, 1),)])

    def test_leave_reports_the_end_of_every_group_once(self) -> None:
        """HS-11: no group is wanted then."""
        self.wants(self.excluding(), self.including(1), self.excluding(1))
        self.sent.clear()
        self.note(self.host.leave(self.now))
        leaves = (
            self.record(TO_IN),
            self.record(BLOCK, 1, group_number=2),
            self.record(TO_IN, group_number=3),
        )
        self.assertEqual(self.sent_records(), [leaves])
        self.assertIsNone(self.host.next_deadline())
        self.assertEqual(self.host.groups, {})
