"""``upstream-data = "none"``: data of downstream sources stays among the downstreams."""

from __future__ import annotations

from mcproxy.lab.waiting import wait_until

from .running import ONE_INSTANCE, RunningTestCase
from .site import DOWN1, INSTANCE, IPv4TestCase, IPv6TestCase, Scenarios

NONE = INSTANCE + 'upstream-data = "none"\n'
STREAMS_NONE = ONE_INSTANCE + 'upstream-data = "none"\n'


class NothingSentUpScenarios(Scenarios):
    """The host at home is a source."""

    def setUp(self) -> None:
        super().setUp()
        self.source = self.plan.at(DOWN1, 2)
        self.start(NONE)
        self.upstream = self.server.capture(data=True)

    def test_data_of_a_downstream_source_reaches_members_and_not_the_upstream(self) -> None:
        """FWD-02, FWD-04."""
        self.stream(node=self.home)
        self.await_sent()
        member = self.other.join(self.group)
        self.await_packets(member)
        self.assert_no_loss(member, self.source)
        self.assertEqual(list(self.upstream.data()), [])

    def test_member_that_includes_a_downstream_source_receives_it(self) -> None:
        """FWD-05."""
        member = self.other.join(self.ssm, include=[self.source])
        self.stream(self.ssm, node=self.home)
        self.await_packets(member)
        self.assert_no_loss(member, self.source)
        self.assertEqual(list(self.upstream.data()), [])

    def test_data_from_upstream_reaches_members_from_its_first_packet(self) -> None:
        """FWD-01: entries are those of whole groups."""
        member, other = self.home.join(self.group), self.other.join(self.group)
        wait_until(lambda: any(len(one.outgoing) == 2 for one in self.routes()), 5, "no entry")
        self.stream(source=self.sources[0])
        for each in (member, other):
            self.await_packets(each)
            self.assert_no_loss(each, self.sources[0])
        self.assertFalse([route for route in self.routes() if any(route.source)])


class IPv4NothingSentUpTests(NothingSentUpScenarios, IPv4TestCase):
    pass


class IPv6NothingSentUpTests(NothingSentUpScenarios, IPv6TestCase):
    pass


class ChangeTests(RunningTestCase):
    """The setting changes while streams from upstream run."""

    def bases(self) -> list[int]:
        """The iifs of the (*,*) entries; 0 is none."""
        return [route.parent for route in self.routes() if not any(route.group)]

    def test_reload_changes_what_is_sent_up_and_streams_lose_nothing(self) -> None:
        self.run_streams(ONE_INSTANCE)
        (iif,) = self.bases()
        self.assertTrue(self.reload(STREAMS_NONE))
        self.assertEqual(self.bases(), [0])
        self.assertTrue(self.reload(ONE_INSTANCE))
        self.assertEqual(self.bases(), [iif])
        self.assert_no_stream_loss()

    def test_restart_keeps_the_entries_and_streams_lose_nothing(self) -> None:
        self.run_streams(STREAMS_NONE)
        for _ in range(2):
            self.daemon.command("restart")
            self.assertEqual(self.bases(), [0])
        self.assert_no_stream_loss()

    def test_restart_with_another_setting_leaves_no_entry_behind(self) -> None:
        self.run_streams(STREAMS_NONE)
        self.write_config(ONE_INSTANCE)
        self.daemon.command("restart")
        self.assert_no_stream_loss()
        (iif,) = self.bases()
        self.assertTrue(iif)
