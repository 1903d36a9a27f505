"""The HTTP endpoint refuses what a browser sends for a web site, and says what a browser may do."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import succeed
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control.answers import Answer
from mcproxy.control.http import Endpoint
from mcproxy.control.requests import ApiRequest
from mcproxy.control.web_rules import HEADERS, rules

from .test_http import ConnectionTestCase


def value(answer: Answer) -> Any:
    return json.loads(b"".join(answer.pieces()))


class HostTests(SynchronousTestCase):
    def check(self, *hosts: str, names: tuple[str, ...] = (), version: str = "HTTP/1.1") -> int:
        """The status with which a request for these hosts is refused; 0 if it is not."""
        headers = {"host": hosts} if hosts else {}
        request = ApiRequest("GET", "/status", b"", headers, version)
        refusal = rules(names)(request)
        return 0 if refusal is None else refusal.status

    def test_addresses_and_localhost_are_accepted(self) -> None:
        for host in (
            "127.0.0.1:9464", "127.0.0.1", "[::1]:9464", "[::1]", "192.0.2.7:80", "localhost",
            "LocalHost:9464", "localhost.:9464", "[2001:db8::7]:9464",
        ):  # fmt: skip
            self.assertEqual(self.check(host), 0, host)

    def test_other_names_are_refused(self) -> None:
        for host in (
            "evil.example", "localhost.evil.example:9464", "127.0.0.1.evil.example", "", "::1",
            "[evil.example]", "127.0.0.1@evil.example", "[127.0.0.1]:9464", "2130706433",
            "localhost:9464:9464", "router",
        ):  # fmt: skip
            self.assertEqual(self.check(host), 421, host)

    def test_refusal_names_the_host_and_the_cure(self) -> None:
        request = ApiRequest("GET", "/status", headers={"host": ["router:9464"]})
        refusal = rules(())(request)
        assert refusal is not None
        self.assertEqual(
            value(refusal)["error"],
            "this endpoint does not answer for the host 'router'; use an IP address or localhost,"
            " or add the name to hosts in [http]",
        )

    def test_configured_names_are_accepted(self) -> None:
        for host in ("router", "ROUTER:9464", "router."):
            self.assertEqual(self.check(host, names=("Router",)), 0, host)
        self.assertEqual(self.check("other", names=("router",)), 421)

    def test_request_has_exactly_one_host(self) -> None:
        self.assertEqual(self.check(), 400)
        self.assertEqual(self.check("127.0.0.1", "127.0.0.1"), 400)

    def test_old_request_of_a_load_balancer_needs_no_host(self) -> None:
        self.assertEqual(self.check(version="HTTP/1.0"), 0)
        self.assertEqual(self.check("evil.example", version="HTTP/1.0"), 421)


class OriginTests(SynchronousTestCase):
    def check(self, site: str, mode: str) -> int:
        headers = {"host": ["[::1]"], "sec-fetch-site": [site], "sec-fetch-mode": [mode]}
        refusal = rules(())(ApiRequest("GET", "/flows", headers=headers))
        return 0 if refusal is None else refusal.status

    def test_page_of_another_site_loads_nothing(self) -> None:
        for site in ("cross-site", "same-site"):
            for mode in ("no-cors", "cors", "same-origin", "websocket", ""):
                self.assertEqual(self.check(site, mode), 403, (site, mode))

    def test_page_of_the_endpoint_and_links_are_answered(self) -> None:
        for mode in ("cors", "navigate", "no-cors"):
            self.assertEqual(self.check("same-origin", mode), 0)
            self.assertEqual(self.check("none", mode), 0)
        self.assertEqual(self.check("cross-site", "navigate"), 0)


class EndpointTests(ConnectionTestCase):
    """A connection with the rules and the headers of the HTTP endpoint."""

    def endpoint(self) -> Endpoint:
        return Endpoint(self.handle, 0, HEADERS, rules(()))

    def head(self) -> dict[str, str]:
        """The headers of the answer."""
        lines = self.transport.value().partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return dict(line.split(": ", 1) for line in lines)

    async def test_every_answer_has_the_headers(self) -> None:
        self.send(b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await self.pieces_are_sent()
        self.assertEqual(self.head() | HEADERS, self.head())
        self.assertNotIn("Access-Control-Allow-Origin", self.head())
        self.assertNotIn("Server", self.head())

    async def test_answer_replaces_a_header_of_the_endpoint(self) -> None:
        answer = Answer({})
        answer.headers = {"Content-Security-Policy": "default-src 'self'"}
        self.answer = succeed(answer)
        self.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await self.pieces_are_sent()
        self.assertEqual(self.head()["Content-Security-Policy"], "default-src 'self'")

    async def test_refused_host_reaches_no_handler(self) -> None:
        self.send(b"GET /status HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        await self.pieces_are_sent()
        self.assertTrue(self.transport.value().startswith(b"HTTP/1.1 421 Misdirected Request\r\n"))
        self.assertEqual(self.head() | HEADERS, self.head())
        self.assertEqual(self.asked, [])

    async def test_star_is_a_path_like_others(self) -> None:
        for method in (b"OPTIONS", b"GET", b"POST"):
            self.setUp()
            self.send(method + b" * HTTP/1.1\r\nHost: evil.example\r\n\r\n")
            await self.pieces_are_sent()
            self.assertTrue(self.transport.value().startswith(b"HTTP/1.1 421 "), method)
            self.assertEqual(self.head() | HEADERS, self.head())
            self.assertTrue(self.transport.disconnecting)
            self.setUp()
            self.send(method + b" * HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertEqual(self.asked, [(method.decode(), "*", b"")])

    async def test_any_body_is_refused(self) -> None:
        for length in (
            b"Content-Length: 1\r\n\r\n",
            b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
        ):
            self.setUp()
            self.send(b"GET /status HTTP/1.1\r\nHost: localhost\r\n" + length)
            await self.pieces_are_sent()
            self.assertTrue(self.transport.value().startswith(b"HTTP/1.1 413 "), length)
            self.assertEqual(self.head() | HEADERS, self.head())
            self.assertEqual(self.asked, [])
            self.lose()
