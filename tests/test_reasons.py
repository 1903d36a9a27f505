"""docs/reference/reasons.rst explains every reason that the daemon counts, and no other."""

from __future__ import annotations

import re
from collections import Counter

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control.views.flow_state import FlowState
from mcproxy.control.views.statistics import OTHER_REASONS
from mcproxy.protocol.router.admission import Refusal
from mcproxy.protocol.wire.packets import DropReason
from mcproxy.receiver.drops import DropCause

from .source import PROJECT

ENUMERATIONS = (FlowState, DropReason, DropCause, Refusal)
ROW = re.compile(r"^   \* - ``([a-z-]+)``$", re.MULTILINE)


class ReasonTests(SynchronousTestCase):
    def setUp(self) -> None:
        text = (PROJECT / "docs/reference/reasons.rst").read_text(encoding="utf-8")
        self.explained = Counter(ROW.findall(text))

    def test_each_reason_is_explained_once_and_none_that_does_not_exist(self) -> None:
        reasons = [one.value for kind in ENUMERATIONS for one in kind] + list(OTHER_REASONS)
        self.assertEqual(self.explained, Counter(reasons))
