"""Records about addresses that are no groups, and groups that never leave the link."""

from __future__ import annotations

from mcproxy.protocol.router.admission import Refusal
from mcproxy.protocol.wire.packets import Record, RecordType

from ..families import both_families
from .simulated_router import RouterTests


@both_families
class ScopeTests(RouterTests):
    def test_group_that_is_not_multicast_is_refused_and_noted(self) -> None:
        address = self.family.unspecified[:-1] + b"\x05"
        self.reports(Record(RecordType.CHANGE_TO_EXCLUDE_MODE, address))
        self.assertEqual(self.querier.refused, {Refusal.SCOPE: 1})
        self.assertEqual(self.querier.admission.link_scope, 0)
        self.assertEqual(self.querier.admission.take_latest(), [(Refusal.SCOPE, None)])
