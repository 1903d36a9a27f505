"""A small network in which traps are set, and what ``mcproxy doctor`` says of them.

::

    server eth0 --- up  proxy  down1 --- eth0 home

Every interface has addresses of both families.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from mcproxy.cli import main
from mcproxy.lab.daemon import Daemon
from mcproxy.lab.node import Node
from mcproxy.lab.waiting import wait_until

from ..lab.support import LabTestCase
from ..source import PROJECT

CONFIG = """
[instance.tv]
upstream = "up"
downstream = "down1"
"""

TROUBLESHOOTING = PROJECT / "docs/troubleshooting/index.rst"

WIDTH = 80


def addresses(link: int, host: int) -> tuple[str, str]:
    """The addresses of a host on a link, with prefix length."""
    return f"10.0.{link}.{host}/24", f"fd00:{link}::{host}/64"


class DoctorTestCase(LabTestCase):
    """Builds the network and runs the doctor on the proxy."""

    def setUp(self) -> None:
        super().setUp()
        self.server, self.proxy, self.home = map(self.lab.node, ("server", "proxy", "home"))
        self.lab.link(self.server, "eth0", self.proxy, "up", addresses(1, 2), addresses(1, 1))
        self.lab.link(self.home, "eth0", self.proxy, "down1", addresses(2, 2), addresses(2, 1))
        self.socket = "/nonexistent/control"

    def ip(self, arguments: str, node: Node | None = None) -> str:
        """Run ``ip`` on the proxy, or on another node; what it prints."""
        return (node or self.proxy).run("ip", *arguments.split())

    def start(self, config: str = CONFIG, node: Node | None = None) -> Daemon:
        """Start a daemon whose state the doctor sees from then on."""
        daemon = Daemon(node or self.proxy, config)
        daemon.wait_ready()
        self.socket = str(daemon.socket)
        return daemon

    def doctor(self, config: str = CONFIG, *options: str) -> tuple[int, str]:
        """The exit code of ``mcproxy doctor`` on the proxy, and what it prints.

        ``config`` is used where no daemon runs.
        """
        file = Path(self.mktemp()).absolute()
        file.write_text(config, encoding="utf-8")
        named = ["--config", str(file)] if self.socket.startswith("/nonexistent") else []
        output = io.StringIO()
        with self.proxy.namespace, redirect_stdout(output):
            code = main(["doctor", *named, "--socket", self.socket, *options])
        return code, output.getvalue().replace(str(file), "/etc/mcproxy.toml")

    def findings(self, config: str = CONFIG) -> list[dict[str, Any]]:
        """What it finds, as JSON, without what is fine."""
        answer = json.loads(self.doctor(config, "--json")[1])
        return [one for one in answer["findings"] if one["severity"] != "fine"]

    def assert_healthy(self, config: str = CONFIG) -> None:
        """Check that there is neither a problem nor a warning."""
        self.assertEqual(self.findings(config), [])
        code, text = self.doctor(config)
        self.assertEqual(code, 0)
        self.assertRegex(text.splitlines()[-1], r"^No problem found in \d+ checks\.$")

    def assert_healthy_while_forwarding(
        self, config: str = CONFIG, group: str = "239.1.1.1"
    ) -> None:
        """Check that there is no alarm before the daemon runs, and none while it forwards."""
        self.assert_healthy(config)
        self.start(config)
        member = self.home.join(group)
        self.server.stream(group, rate=100)
        wait_until(member.total, 10, "the network is not healthy: nothing arrives")
        self.assert_healthy()

    def assert_finds(
        self,
        check: str,
        *parts: str,
        config: str = CONFIG,
        severity: str = "problem",
        shown: bool = False,
    ) -> dict[str, Any]:
        """Check that it finds just this trap; the finding.

        ``parts`` are in what it found. The last sentence names the trap. If it is ``shown``, the
        documentation has the same text.
        """
        found = self.findings(config)
        self.assertEqual({(one["check"], one["severity"]) for one in found}, {(check, severity)})
        for part in parts:
            self.assertTrue(any(part in one["found"] for one in found), f"{part}: {found}")
        code, text = self.doctor(config)
        self.assertEqual(code, int(severity == "problem"))
        self.assertEqual([line for line in text.splitlines() if len(line) > WIDTH], [])
        verdict = " ".join(text.rpartition("\n\n")[2].split())
        self.assertIn(found[0]["found"].rstrip("."), verdict)
        if shown:
            self.assert_documented(text.split("\n\n")[0])
        return found[0]

    def assert_documented(self, block: str) -> None:
        """Check that the troubleshooting page shows this part of the output."""
        page = TROUBLESHOOTING.read_text(encoding="utf-8")
        self.assertIn(plain([block]), plain([page]), block)


def plain(lines: Iterable[str]) -> str:
    """Text without layout, and without numbers that differ from run to run."""
    text = " ".join(" ".join(lines).split()).replace("\\ ", "")
    text = re.sub(r"pid \d+", "pid N", text)
    return re.sub(r"\b\d+ (packets|seconds)\b", r"N \1", text)
