"""A running daemon answers as its OpenAPI document says: requests that schemathesis makes."""

from __future__ import annotations

import subprocess
import sys

from mcproxy.lab.waiting import wait_until

from .running import ONE_INSTANCE
from .test_http import ON_LOOPBACK, PORT, HttpTestCase

EXAMPLES = "12"
"""Requests for each parameter, body and phase."""

STREAMS = ("/events", "/live")
"""They do not end."""

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
)


class SchemathesisTests(HttpTestCase):
    def check(self, url: str, *words: str) -> None:
        """Let schemathesis ask; its findings are the failure."""
        streams = [word for path in STREAMS for word in ("--exclude-path", path)]
        command = (
            *(sys.executable, "-m", "schemathesis.cli", "run", url),
            *("--checks", ",".join(CHECKS), "--max-examples", EXAMPLES, "--seed", "1"),
            *("--phases", "examples,coverage,fuzzing", "--no-color", "--request-timeout", "20"),
            *(*streams, *words),
        )
        done = self.proxy.popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        output, _ = done.communicate(timeout=240)
        self.assertEqual(done.returncode, 0, output[-6000:])

    def test_control_socket_changes_or_refuses_as_it_says(self) -> None:
        self.start(ONE_INSTANCE)
        words = f"TCP-LISTEN:{PORT},bind=127.0.0.1,fork,reuseaddr", f"UNIX:{self.daemon.socket}"
        relay = self.proxy.popen(("socat", *words))
        self.addCleanup(relay.wait)
        self.addCleanup(relay.kill)
        wait_until(lambda: self.is_open, 5, "socat listens")
        only = ("--include-method", "POST", "--exclude-path", "/restart")
        self.check(f"http://127.0.0.1:{PORT}/openapi.json", *only)
        self.assertEqual(self.ask("GET", "/status")["pid"], self.daemon.pid)

    @property
    def is_open(self) -> bool:
        """Whether something listens on the port."""
        try:
            self.connect().close()
        except OSError:
            return False
        return True

    def test_http_endpoint_answers_as_it_says(self) -> None:
        self.start(ONE_INSTANCE + ON_LOOPBACK)
        self.home.join(self.group)
        self.check(f"http://127.0.0.1:{PORT}/openapi.json")
        self.assertEqual(self.ask("GET", "/status")["pid"], self.daemon.pid)
