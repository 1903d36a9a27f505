"""An instance moves to another kernel table: memberships are those of links, and stay."""

from __future__ import annotations

from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.wire.packets import Report

from .messages import TO_EX, record, send_message
from .site import IPv4TestCase, IPv6TestCase, Scenarios


class TableScenarios(Scenarios):
    """A host joins once, and answers no query."""

    def check_change(self, command: str) -> None:
        """Change the table in the file; the stream goes on after ``command``."""
        self.start(query_interval=60)
        joins = Report((record(TO_EX, self.group),))
        send_message(self.home.raw_host(), self.plan.raw_host, joins)
        capture = self.home.capture(data=True)
        stream = self.stream()
        wait_until(lambda: any(capture.data()), message="the stream is not forwarded")
        text = self.daemon.config.read_text(encoding="utf-8")
        self.daemon.config.write_text(text + "table = 7\n", encoding="utf-8")
        self.daemon.command(command)
        after = stream.sent
        wait_until(
            lambda: any(one.sequence > after for one in capture.data() if one.group == self.group),
            message="the stream is not forwarded any more",
        )
        self.assertIn("lookup 7", self.proxy.run("ip", "mrule"))

    def test_reload_with_another_table_keeps_memberships(self) -> None:
        self.check_change("reload")

    def test_restart_with_another_table_keeps_memberships(self) -> None:
        self.check_change("restart")


class IPv4TableTests(TableScenarios, IPv4TestCase):
    pass


class IPv6TableTests(TableScenarios, IPv6TestCase):
    pass
