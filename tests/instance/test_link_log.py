"""Changes of a link that follow each other fast are logged as one."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.instance.link_log import FEW, QUIET, LinkLog
from mcproxy.timer import Timer

from ..events.log_lines import LogLines


class LinkLogTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.written = LogLines(self.clock, "info")
        self.log = LinkLog(self.written.events, Timer(self.clock))

    @property
    def lines(self) -> list[tuple[str, str, dict[str, Any]]]:
        return self.written.written

    def flap(self, times: int, pause: float = 0.1, interface: str = "up") -> None:
        for _ in range(times):
            for tell in (self.log.lost, self.log.found):
                self.clock.advance(pause)
                tell("upstream", "tv", interface)

    def test_few_changes_are_logged_one_by_one(self) -> None:
        self.flap(2)
        self.assertEqual(
            [text for _, text, _ in self.lines], ["upstream lost", "upstream found"] * 2
        )
        fields = self.lines[0][2]
        self.assertEqual((fields["instance"], fields["interface"]), ("tv", "up"))

    def test_sixty_flaps_are_logged_as_one_when_the_link_is_steady(self) -> None:
        self.flap(60)
        self.assertEqual(len(self.lines), FEW + 1)
        self.assertEqual(self.lines[-1][0], "warn")
        self.clock.pump([1.0] * int(QUIET + 2))
        self.assertEqual(len(self.lines), FEW + 2)
        fields = self.lines[-1][2]
        self.assertEqual((fields["count"], fields["last"]), (120, "upstream found"))
        self.assertEqual((fields["interface"], fields["instance"]), ("up", "tv"))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_slow_changes_are_all_logged(self) -> None:
        self.flap(10, QUIET)
        self.assertEqual([level for level, _, _ in self.lines], ["info"] * 20)

    def test_links_are_counted_each_by_itself(self) -> None:
        for name in ("up", "down1", "down2"):
            self.flap(2, 0, name)
        self.assertEqual([level for level, _, _ in self.lines], ["info"] * 12)

    def test_closed_log_has_no_reminder(self) -> None:
        self.flap(9)
        done = len(self.lines)
        self.log.close()
        self.clock.pump([QUIET, QUIET])
        self.assertEqual((len(self.lines), self.clock.getDelayedCalls()), (done, []))
