"""Prometheus on a node of the lab, with the alert rules of etc/prometheus in shorter times."""

from __future__ import annotations

import http.client
import json
import re
import socket
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from mcproxy.lab.daemon import Daemon
from mcproxy.lab.node import Node
from mcproxy.lab.waiting import wait_until

from ..prometheus.programs import program
from ..source import PROJECT

PORT = 9090

CONFIGURATION = """
global: {scrape_interval: 200ms, evaluation_interval: 200ms}
rule_files: [alerts.yml]
scrape_configs:
  - job_name: mcproxy
    static_configs: [{targets: ["127.0.0.1:9464"]}]
"""

_SHORTER = ((r"for: \d+m\b", "for: 1s"), (r"\[\d+m\]", "[2s]"), (r"offset \d+m\b", "offset 2s"))


def short_alerts() -> str:
    """The rules that are shipped, with seconds in the place of minutes."""
    text = (PROJECT / "etc/prometheus/alerts.yml").read_text(encoding="utf-8")
    for pattern, seconds in _SHORTER:
        text = re.sub(pattern, seconds, text)
    return text


class Prometheus:
    """Prometheus, which reads the daemon on ``node`` five times a second; SkipTest without it."""

    def __init__(self, node: Node) -> None:
        self._node = node
        folder = Path(node.keep(_Folder(prefix="mcproxy-prometheus-")).name)
        (folder / "prometheus.yml").write_text(CONFIGURATION, encoding="ascii")
        (folder / "alerts.yml").write_text(short_alerts(), encoding="utf-8")
        command = (
            program("prometheus"),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{PORT}",
            "--log.level=warn",
        )
        self._program = Daemon(node, command=command)
        wait_until(self._answers, 20, f"Prometheus does not answer: {self._program.lines}")

    def _answers(self) -> bool:
        try:
            return self.value("up") == 1
        except (OSError, http.client.HTTPException, ValueError):
            return False  # it says so in plain text while it starts

    def value(self, query: str) -> float | None:
        """The sum of what a query finds now; None for nothing."""
        found = self._get("/api/v1/query?" + urlencode({"query": query}))["result"]
        return sum(float(one["value"][1]) for one in found) if found else None

    def firing(self) -> set[str]:
        """The names of the alerts that fire now."""
        alerts = self._get("/api/v1/alerts")["alerts"]
        return {one["labels"]["alertname"] for one in alerts if one["state"] == "firing"}

    def await_alert(self, name: str, fires: bool = True) -> None:
        """Wait until the alert fires, or does not fire any more."""
        wait_until(
            lambda: (name in self.firing()) is fires,
            20,
            f"{name} {'does not fire' if fires else 'does not end'}",
        )

    def _get(self, path: str) -> Any:
        with self._node.namespace:
            sock = socket.create_connection(("127.0.0.1", PORT), 5)
        connection = http.client.HTTPConnection("127.0.0.1", PORT)
        connection.sock = sock
        try:
            connection.request("GET", path)
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return answer["data"]


class _Folder(tempfile.TemporaryDirectory[str]):
    def close(self) -> None:
        self.cleanup()
