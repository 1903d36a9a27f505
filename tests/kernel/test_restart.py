"""Another process goes on where the daemon was, and no stream is interrupted."""

from __future__ import annotations

from mcproxy.lab.waiting import wait_until

from .messages import TO_EX, record, records
from .running import ONE, TWO, RunningTestCase

OWN_TABLES = TWO.replace('downstream = ["down2"]', 'downstream = ["down2"]\ntable = 7').replace(
    'upstream = "up"\ndownstream = ["down2"]', 'upstream = []\ndownstream = ["down2"]'
)


class RestartTests(RunningTestCase):
    """By command, under ten streams of 1,000 packets a second."""

    def restart(self) -> None:
        """Have the daemon restart; the process stays the same."""
        before = self.ask("GET", "/status")
        self.daemon.command("restart")
        after = self.ask("GET", "/status")
        self.assertEqual(after["pid"], before["pid"])
        self.assertNotEqual(after["started"], before["started"])

    def test_nothing_is_lost(self) -> None:
        self.run_streams(TWO)
        before = self.entries()
        for _ in range(3):
            self.restart()
            self.assert_unharmed()
        self.assertEqual(self.entries().keys(), before.keys())
        self.assertEqual(self.vifs(), ["down1", "down2", "up"])

    def entries(self) -> dict[tuple[object, ...], int]:
        """The kernel's forwarding entries, and the packets that each has counted."""
        return {(r.source, r.group, r.parent, r.outgoing): r.packets for r in self.routes()}
