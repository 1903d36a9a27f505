"""What becomes of a running router whose settings change."""

from __future__ import annotations

from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import ANY_SOURCE

from ..bench import LinkTests, about
from ..support import TO_EX, TO_IN, both_families


@both_families
class TrackingPauseTests(LinkTests):
    """``immediate-leave`` is switched off and on again."""

    settings = QuerierSettings(immediate_leave=True)

    def test_hosts_that_came_meanwhile(self) -> None:
        """SQ-13, TU-02: they cannot be known, so the leave of one that is known is asked about."""
        self.says(TO_EX, host_number=1)
        self.now += 1
        self.note(self.querier.reconfigure(QuerierSettings(), self.now))
        self.says(TO_EX, host_number=2)
        self.now += 1
        self.note(self.querier.reconfigure(self.settings, self.now))
        self.says(TO_IN, host_number=1)
        self.assertEqual((self.subscription(), self.heard()), (ANY_SOURCE, [about(2)]))


@both_families
class NextQueryTests(LinkTests):
    """When the next general query is due after a change."""

    def test_the_same_interval(self) -> None:
        """GQ-01: other settings bring no query forward."""
        self.note(self.querier.start(self.now))
        self.passes(100)
        due = self.querier.next_general_query
        self.note(self.querier.reconfigure(self.settings, self.now))
        self.assertEqual(self.querier.next_general_query, due)
