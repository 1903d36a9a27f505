"""A scrape of a daemon, as Prometheus makes it."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator

from prometheus_client.parser import text_string_to_metric_families

from mcproxy.lab.node import Node

PORT = 9464


class _Connection(http.client.HTTPConnection):
    """A connection within the network namespace of a node."""

    def __init__(self, node: Node) -> None:
        super().__init__("127.0.0.1", PORT, timeout=10)
        self._node = node

    def connect(self) -> None:
        with self._node.namespace:
            self.sock = socket.create_connection((self.host, self.port), self.timeout)


class Scraped:
    """The answer to a scrape of the daemon on ``node``."""

    def __init__(self, node: Node, query: str = "", accept: str = "") -> None:
        connection = _Connection(node)
        try:
            connection.request("GET", f"/metrics{query}", headers={"Accept": accept})
            answer = connection.getresponse()
            self.status = answer.status
            self.content_type = answer.headers["Content-Type"]
            self.text = answer.read().decode()
        finally:
            connection.close()

    def samples(self) -> Iterator[tuple[str, dict[str, str], float]]:
        """Name, labels and figure of each time series."""
        for family in text_string_to_metric_families(self.text):
            for sample in family.samples:
                yield sample.name, sample.labels, sample.value

    def value(self, name: str, **labels: str) -> float | None:
        """The sum of the time series with these labels; None if there are none."""
        found = [
            value
            for its, others, value in self.samples()
            if its == f"mcproxy_{name}" and labels.items() <= others.items()
        ]
        return sum(found) if found else None
