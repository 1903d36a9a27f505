"""What the kernel's counts of sockets by source say about the filter of a group."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.linux.local_memberships import CountedSource, local_filter
from mcproxy.protocol.family import packed
from mcproxy.protocol.sources import ANY_SOURCE, EXCLUDE, INCLUDE, SourceFilter

A, B = packed("192.0.2.1"), packed("192.0.2.2")


class LocalFilterTests(SynchronousTestCase):
    """LP-02: a source that a program may want is never left out."""

    def filter(self, sockets: int, *counts: tuple[bytes, int, int]) -> SourceFilter:
        return local_filter(sockets, [CountedSource(*one) for one in counts])

    def including(self, *sources: bytes) -> SourceFilter:
        return SourceFilter(INCLUDE, frozenset(sources))

    def excluding(self, *sources: bytes) -> SourceFilter:
        return SourceFilter(EXCLUDE, frozenset(sources))

    def test_group_without_sources_is_wanted_from_any_source(self) -> None:
        self.assertEqual(self.filter(2), ANY_SOURCE)

    def test_sockets_that_all_include_are_one_list(self) -> None:
        self.assertEqual(self.filter(1, (A, 1, 0)), self.including(A))
        self.assertEqual(self.filter(2, (A, 1, 0), (B, 1, 0)), self.including(A, B))

    def test_socket_that_lists_no_source_wants_any(self) -> None:
        self.assertEqual(self.filter(2, (A, 1, 0)), ANY_SOURCE)

    def test_source_is_blocked_only_if_all_sockets_exclude_it(self) -> None:
        self.assertEqual(self.filter(1, (A, 0, 1), (B, 0, 1)), self.excluding(A, B))
        self.assertEqual(self.filter(2, (A, 0, 2), (B, 0, 1)), self.excluding(A))
        self.assertEqual(self.filter(2, (A, 0, 1)), ANY_SOURCE)

    def test_included_source_is_not_blocked_by_another_socket(self) -> None:
        self.assertEqual(self.filter(2, (A, 1, 1), (B, 0, 1)), self.excluding(B))
