"""A site with streams that nothing may interrupt, and commands to the daemon meanwhile."""

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
"""In each family."""

QUIET_TIME = 1.2
"""Seconds; the first repeat of a report comes within one (RFC 9776, section 8.11)."""

STREAM_RATE = 1000
"""Packets of each in a second."""


class RunningTestCase(SiteTestCase):
    """Streams in both families from the server to the home, at down1, of instance ``tv``."""

    family = IPV4

    def run_streams(self, config: str = ONE_INSTANCE) -> None:
        """Start the daemon and the streams, and wait until all come in.

        What was lost before is forgotten: source by source, the kernel keeps four packets of
        a source that is new, which on a busy machine are fewer than came until it was told.
        """
        self.run_daemon(config)
        self.members: list[tuple[Member, Stream]] = []
        for plan in ADDRESS_PLANS.values():
            for number in range(STREAMS):
                group = plan.group.format(number + 10)
                member = self.home.join(group)
                stream = self.server.stream(group, rate=STREAM_RATE, source=plan.at(UP, 2))
                self.members.append((member, stream))
        self.await_stream_packets()
        self.reset_all_counts()

    def reset_all_counts(self) -> None:
        """Forget what came; when this returns some has come again, and all gaps count."""
        for member, stream in self.members:
            self.assertEqual(member.of(stream.source).duplicates, 0)
            member.forget()
        self.await_stream_packets(STREAM_RATE // 100)

    def run_daemon(self, config: str) -> None:
        """Start the daemon with a file."""
        self.use_daemon(Daemon(self.proxy, with_defaults(config))).wait_ready()

    def await_stream_packets(self, packets: int = STREAM_RATE // 4) -> None:
        """Wait until so many packets more of each stream came in."""
        goals = [(member, member.total() + packets) for member, _ in self.members]
        wait_until(lambda: all(m.total() >= goal for m, goal in goals), 20, "no stream")

    def assert_no_stream_loss(self) -> None:
        """Of no stream a packet was lost or came twice until now."""
        self.await_stream_packets()
        harmed = [
            (member.group, received.lost, received.duplicates)
            for member, stream in self.members
            for received in [member.of(stream.source)]
            if received.lost or received.duplicates
        ]
        self.assertEqual(harmed, [])

    # -- commands

    def ask(self, method: str, path: str, request: Any = None) -> Any:
        """What the daemon answers; FailureError."""
        return client.ask(str(self.daemon.socket), method, path, request)

    def change(self, path: str, **request: object) -> list[str]:
        """Have something changed; what was done, a line each."""
        changes = self.ask("POST", path, request)["changes"]
        return [f"{change['where']}: {change['what']}" for change in changes]

    def assert_refused(self, path: str, **request: object) -> str:
        """What the daemon says against a change."""
        failure = self.assertRaises(client.FailureError, self.change, path, **request)
        self.assertEqual(failure.code, 1)
        return str(failure)

    def write_config(self, config: str) -> None:
        """Replace the daemon's file."""
        self.daemon.config.write_text(with_defaults(config), encoding="utf-8")

    def reload(self, config: str) -> list[str]:
        """Replace the daemon's file and have it read; what was different."""
        self.write_config(config)
        return self.change("/reload")

    def rows(self, what: str) -> list[dict[str, Any]]:
        """A view of the daemon."""
        rows: list[dict[str, Any]] = self.ask("GET", f"/{what}")[what]
        return rows

    def await_quiet_upstream(self) -> None:
        """Wait until the proxy has repeated upstream what it repeats."""
        upstream = self.server.capture()
        quiet = time.monotonic() + QUIET_TIME

        def is_quiet() -> bool:
            nonlocal quiet
            if upstream.take():
                quiet = time.monotonic() + QUIET_TIME
            return time.monotonic() > quiet

        wait_until(is_quiet, 20, "the proxy does not cease to report")


def with_defaults(config: str) -> str:
    """With the short times of all scenarios, unless it has others."""
    lines = (f"{key} = {value}" for key, value in SETTINGS.items())
    return config if "[defaults]" in config else "\n".join(("[defaults]", *lines, config))
