"""A site whose streams must not lose a packet while the daemon carries out commands."""

from __future__ import annotations

import time
from typing import Any

from mcproxy.cli import client
from mcproxy.lab.daemon import Daemon
from mcproxy.lab.host import Member
from mcproxy.lab.source import Stream
from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import IPV4

from .site import ADDRESS_PLANS, SETTINGS, UP, SiteTestCase

# Instance tv, and beside it instance radio.
TWO_INSTANCES = """
[instance.tv]
upstream = "up"
downstream = ["down1"]
[instance.radio]
upstream = "up"
downstream = ["down2"]
"""
ONE_INSTANCE = TWO_INSTANCES[: TWO_INSTANCES.index("[instance.radio]")]

FILTER = """
[[instance.tv.filter]]
interface = "up"
role = "upstream"
direction = "in"
deny = [{}]
"""

STREAMS = 5
"""Number of streams in each family."""

QUIET_TIME = 1.2
"""Seconds without a report. A report is repeated within one second (RFC 9776, section 8.11)."""

STREAM_RATE = 1000
"""Packets per second of each stream."""


class RunningTestCase(SiteTestCase):
    """Streams of both families go from the server to ``home`` on down1 of instance ``tv``."""

    family = IPV4
    stream_rate = STREAM_RATE

    def run_streams(self, config: str = ONE_INSTANCE) -> None:
        """Start the daemon and the streams, and wait until all of them arrive.

        Losses before that do not count: with source-by-source forwarding the kernel queues four
        packets of a new source, which is too few on a busy machine.
        """
        self.run_daemon(config)
        self.members: list[tuple[Member, Stream]] = []
        for plan in ADDRESS_PLANS.values():
            for number in range(STREAMS):
                group = plan.group.format(number + 10)
                member = self.home.join(group)
                stream = self.server.stream(group, rate=self.stream_rate, source=plan.at(UP, 2))
                self.members.append((member, stream))
        self.await_stream_packets()
        self.reset_all_counts()

    def reset_all_counts(self) -> None:
        """Check that there were no duplicates, and forget the packets received until now.

        Waits for new packets, so that every later gap counts.
        """
        for member, stream in self.members:
            self.assertEqual(member.of(stream.source).duplicates, 0)
            member.forget()
        self.await_stream_packets(10)

    def run_daemon(self, config: str) -> None:
        """Start the daemon with this configuration, and wait until it is ready."""
        self.use_daemon(Daemon(self.proxy, with_defaults(config))).wait_ready()

    def await_stream_packets(self, packets: int = 0) -> None:
        """Wait until this number of further packets of each stream has arrived.

        By default, the packets of a quarter of a second.
        """
        packets = packets or self.stream_rate // 4
        goals = [(member, member.total() + packets) for member, _ in self.members]
        wait_until(
            lambda: all(m.total() >= goal for m, goal in goals), 20, "a stream does not arrive"
        )

    def assert_no_stream_loss(self) -> None:
        """Check that no packet of any stream was lost or duplicated since the last reset."""
        self.await_stream_packets()
        faults = [
            (member.group, received.lost, received.duplicates)
            for member, stream in self.members
            for received in [member.of(stream.source)]
            if received.lost or received.duplicates
        ]
        self.assertEqual(faults, [])

    # -- commands

    def ask(self, method: str, path: str, request: Any = None) -> Any:
        """Send a request to the control API; the daemon's answer. FailureError if it refuses."""
        return client.ask(str(self.daemon.socket), method, path, request)

    def change(self, path: str, **request: object) -> list[str]:
        """Send a change to the control API; the changes made, one text each."""
        changes = self.ask("POST", path, request)["changes"]
        return [f"{change['where']}: {change['what']}" for change in changes]

    def assert_refused(self, path: str, **request: object) -> str:
        """Check that the daemon refuses a change; its message."""
        failure = self.assertRaises(client.FailureError, self.change, path, **request)
        self.assertEqual(failure.code, 1)
        return str(failure)

    def write_config(self, config: str) -> None:
        """Replace the daemon's configuration file."""
        self.daemon.config.write_text(with_defaults(config), encoding="utf-8")

    def reload(self, config: str) -> list[str]:
        """Replace the daemon's configuration file and reload it; the changes made."""
        self.write_config(config)
        return self.change("/reload")

    def rows(self, what: str) -> list[dict[str, Any]]:
        """The rows of a view of the control API."""
        rows: list[dict[str, Any]] = self.ask("GET", f"/{what}")[what]
        return rows

    def await_quiet_upstream(self) -> None:
        """Wait until the proxy has sent all repetitions of its reports upstream."""
        upstream = self.server.capture()
        quiet = time.monotonic() + QUIET_TIME

        def is_quiet() -> bool:
            nonlocal quiet
            if upstream.take():
                quiet = time.monotonic() + QUIET_TIME
            return time.monotonic() > quiet

        wait_until(is_quiet, 20, "the proxy does not stop sending reports")


def with_defaults(config: str) -> str:
    """The configuration with the short times of ``SETTINGS``, unless it has [defaults]."""
    lines = (f"{key} = {value}" for key, value in SETTINGS.items())
    return config if "[defaults]" in config else "\n".join(("[defaults]", *lines, config))
