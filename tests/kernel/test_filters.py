"""Hosts include or exclude sources, and change their source filters."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mcproxy.lab.host import Member

from .messages import ALLOW, TO_EX, record, records
from .site import IPv4TestCase, IPv6TestCase, Scenarios


class FilterScenarios(Scenarios):
    """Three sources send to each group."""

    def setUp(self) -> None:
        super().setUp()
        self.a, self.b, self.c = self.sources
        self.start()
        self.link = self.home.capture(data=True)

    def test_member_that_includes_two_sources_receives_only_these(self) -> None:
        """FWD-05, PSSM-02."""
        upstream = self.server.capture()
        self.three_streams(self.ssm)
        self.home.join(self.ssm, include=[self.a, self.b])
        self.await_sources_on(self.link, [self.a, self.b])
        reported = records(upstream, self.ssm)
        self.assertEqual(
            frozenset().union(*(one.sources for one in reported)),
            record(ALLOW, self.ssm, self.a, self.b).sources,
        )
        self.assertEqual({one.type for one in reported}, {ALLOW})

    def test_member_of_listed_sources_never_receives_another(self) -> None:
        """FWD-05."""
        for group in (self.ssm, self.group):
            self.three_streams(group)
            member = self.home.join(group, include=[self.c])
            self.await_packets(member)
            self.assert_no_loss(member, self.c)
            self.assertEqual({datum.source for datum in self.link.data()}, {self.c})

    def test_member_that_excludes_a_source_does_not_receive_it(self) -> None:
        """FWD-05."""
        self.three_streams(self.group)
        member = self.home.join(self.group, exclude=[self.b])
        self.await_sources_on(self.link, [self.a, self.c])
        self.assert_no_loss(member, self.a, self.c)

    def test_source_excluded_by_one_host_and_included_by_another_is_forwarded(self) -> None:
        """FWD-05, DB-01, DB-04."""
        elsewhere, upstream = self.other.capture(data=True), self.server.capture()
        self.three_streams(self.group)
        self.await_packets(self.other.join(self.group))
        self.home.join(self.group, exclude=[self.b])
        self.await_sources_on(self.link, [self.a, self.c])
        self.await_sources_on(elsewhere, [self.a, self.b, self.c])
        self.assertEqual(set(records(upstream, self.group)), {record(TO_EX, self.group)})

    def test_host_that_leaves_its_sources_no_longer_receives_them(self) -> None:
        upstream = self.server.capture()
        self.three_streams(self.ssm)
        member = self.home.join(self.ssm, include=[self.a, self.b])
        self.await_sources_on(self.link, [self.a, self.b])
        member.leave()
        self.await_sources_on(self.link, [])
        left = {s for one in records(upstream, self.ssm) if one.type != ALLOW for s in one.sources}
        self.assertEqual(left, record(ALLOW, self.ssm, self.a, self.b).sources)

    # -- changes

    def check_filter_change(self, change: Callable[[Member], None], kept: str, *new: str) -> None:
        """Check that the member loses no packet of the source that it keeps.

        After ``change`` it must receive exactly ``kept`` and ``new``.
        """
        link = self.home.capture(data=True)
        self.await_sent()
        change(self.member)
        self.await_sources_on(self.link, {kept, *new})
        self.assert_no_loss_on_link(link, kept)
        self.assert_no_loss(self.member, kept)

    def start_member(self, group: str, include: Sequence[str] | None, exclude: str = "") -> None:
        """Start three streams and a member, and wait until it receives what it asked for."""
        self.three_streams(group)
        self.member = self.home.join(group, include=include, exclude=exclude.split())
        wanted = self.sources if include is None else include
        self.await_sources_on(self.link, set(wanted) - {exclude})

    def test_change_from_one_include_list_to_another(self) -> None:
        """SC-04."""
        self.start_member(self.ssm, [self.a, self.b])
        self.check_filter_change(lambda member: member.include([self.b, self.c]), self.b, self.c)

    def test_change_from_any_source_to_an_include_list(self) -> None:
        """SC-08."""
        self.start_member(self.group, None)
        self.check_filter_change(lambda member: member.include([self.a]), self.a)

    def test_change_from_an_include_list_to_any_source(self) -> None:
        """SC-03."""
        self.start_member(self.group, [self.a])
        self.check_filter_change(lambda member: member.exclude(), self.a, self.b, self.c)

    def test_change_from_one_exclude_list_to_another(self) -> None:
        """SC-07."""
        self.start_member(self.group, None, exclude=self.a)
        self.check_filter_change(lambda member: member.exclude([self.b]), self.c, self.a)

    def test_change_from_an_include_list_to_an_exclude_list(self) -> None:
        """SC-03."""
        self.start_member(self.group, [self.a, self.b])
        self.check_filter_change(lambda member: member.exclude([self.a]), self.b, self.c)


class IPv4FilterTests(FilterScenarios, IPv4TestCase):
    pass


class IPv6FilterTests(FilterScenarios, IPv6TestCase):
    pass
