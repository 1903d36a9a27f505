"""Requests of hostile clients, to the control socket and to the HTTP endpoint.

Whatever comes in, at most one request of a connection is handled, and it is the one that was
written first; what is hidden behind it is never read as a request.
"""

from __future__ import annotations

import os
from types import SimpleNamespace

from twisted.internet.defer import succeed
from twisted.internet.testing import StringTransport

from mcproxy.control import http
from mcproxy.control.answers import StreamAnswer
from mcproxy.control.connections import MOST_STREAMS
from mcproxy.control.http import Endpoint
from mcproxy.control.web_rules import HEADERS, rules

from .test_http import ConnectionTestCase

HOST = b"Host: localhost\r\n"
HIDDEN = b"POST /restart HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"

GARBAGE = {
    "zeros": bytes(100_000),
    "random bytes": os.urandom(100_000),
    "a TLS greeting": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(600),
    "an SSH greeting": b"SSH-2.0-OpenSSH_9.2\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(100),
    "empty lines": b"\r\n" * 10_000,
    "no version": b"GET /status\r\n\r\n",
    "too many words": b"GET /status HTTP/1.1 HTTP/1.1\r\n" + HOST + b"\r\n",
    "an unknown version": b"GET /status HTTP/9.9\r\n" + HOST + b"\r\n",
    "a long path": b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "a long header": b"GET / HTTP/1.1\r\nA: " + b"a" * 1_000_000 + b"\r\n\r\n",
    "an endless header": b"GET / HTTP/1.1\r\nA: " + b"a" * 1_000_000,
    "many headers": b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 100_000 + b"\r\n",
    "a header without a name": b"GET / HTTP/1.1\r\n: b\r\n" + HOST + b"\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\nabc\r\n" + HOST + b"\r\n",
    "a space before the colon": b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
}
"""What is no request, by what it is."""

SMUGGLING = {
    "length and chunks": b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n%b",
    "chunks and length": b"Transfer-Encoding: chunked\r\nContent-Length: %d\r\n\r\n0\r\n\r\n%b",
    "two lengths": b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n%b",
    "the same length twice": b"Content-Length: %d\r\nContent-Length: 0\r\n\r\n%b",
    "lengths in one header": b"Content-Length: %d, 0\r\n\r\n%b",
    "a signed length": b"Content-Length: +%d\r\n\r\n%b",
    "a negative length": b"Content-Length: -%d\r\n\r\n%b",
    "a hexadecimal length": b"Content-Length: 0x%d\r\n\r\n%b",
    "a length with a blank": b"Content-Length: 1 %d\r\n\r\n%b",
    "an unknown encoding": b"X-Length: %d\r\nTransfer-Encoding: xchunked\r\n\r\n%b",
    "two encodings": b"X-Length: %d\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n%b",
    "a blank before the colon": b"Content-Length : %d\r\n\r\n%b",
    "a folded header": b"X: %d\r\n Content-Length: 9\r\n\r\n%b",
    "a chunk with a signed length": b"X: %d\r\nTransfer-Encoding: chunked\r\n\r\n+0\r\n\r\n%b",
    "a chunk of a hexadecimal length": b"X: %d\r\nTransfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n%b",
    "a trailer": b"X: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 9\r\n\r\n%b",
    "single line feeds": b"X: %d\nContent-Length: 0\n\n%b",
}
"""Headers that two servers may read differently, with the length of a hidden request, and it."""


class LenientTransport(StringTransport):
    """As a real one, which has nothing against a producer that is unregistered twice."""

    def unregisterProducer(self) -> None:
        if self.producer is not None:
            super().unregisterProducer()


class HostileTestCase(ConnectionTestCase):
    def make_transport(self) -> StringTransport:
        return LenientTransport()

    def answers(self) -> int:
        """Answers, other than those of Twisted to what is no request."""
        data: bytes = self.transport.value()
        return data.count(b"HTTP/1.1 ") - data.count(b"HTTP/1.1 400 Bad Request\r\n\r\n")


class ControlSocketTests(HostileTestCase):
    async def test_garbage_is_no_request(self) -> None:
        for what, data in GARBAGE.items():
            self.setUp()
            for begin in range(0, len(data), 1 << 16):
                if not self.transport.disconnecting:  # as a real one, which is closed then
                    self.send(data[begin : begin + (1 << 16)])
            await self.pieces_are_sent()
            self.clock.advance(http.REQUEST_TIME)
            handled = [asked for asked in self.asked if asked[1] != "/"]
            self.assertEqual(handled, [], what)
            self.assertLessEqual(self.answers(), 1, what)
            self.assertTrue(self.transport.disconnecting or self.transport.disconnected, what)
            self.lose()

    async def test_hidden_request_is_never_handled(self) -> None:
        for what, head in SMUGGLING.items():
            for first in (b"POST /clear HTTP/1.1\r\n", b"GET /status HTTP/1.1\r\n"):
                self.setUp()
                self.send(first + HOST + head % (len(HIDDEN), HIDDEN))
                self.send(HIDDEN)
                await self.pieces_are_sent()
                targets = [target for _, target, _ in self.asked]
                self.assertNotIn("/restart", targets, what)
                self.assertLessEqual(len(targets), 1, what)
                self.assertLessEqual(self.answers(), 1, what)
                self.lose()

    async def test_thousand_requests_at_once_are_one(self) -> None:
        self.send((b"GET /status HTTP/1.1\r\n" + HOST + b"\r\n") * 1000)
        await self.pieces_are_sent()
        self.assertEqual(len(self.asked), 1)
        self.assertEqual(self.answers(), 1)
        self.lose()

    async def test_client_that_sends_on_and_on_is_cut(self) -> None:
        opened: list[object] = []

        class Silent:
            def pause(self) -> None:
                pass

            def resume(self) -> None:
                pass

            def close(self) -> None:
                opened.clear()

        def open_stream(write: object) -> Silent:
            opened.append(write)
            return Silent()

        self.answer = succeed(StreamAnswer(open_stream))
        self.send(b"GET /events HTTP/1.1\r\n" + HOST + b"\r\n")
        await self.pieces_are_sent()
        self.assertEqual(len(opened), 1)
        self.send(bytes(http.MOST_EXCESS))
        self.assertFalse(self.transport.disconnected)
        self.send(b"x")
        self.assertTrue(self.transport.disconnected)
        self.lose()
        self.assertEqual(opened, [])

    async def test_streams_beyond_the_limit_are_refused_until_another_ends(self) -> None:
        class Silent(StreamAnswer):
            def __init__(self) -> None:
                super().__init__(lambda write: SimpleNamespace(close=lambda: None))

        self.answer = succeed(Silent())
        request = b"GET /events HTTP/1.1\r\n" + HOST + b"\r\n"
        for _ in range(MOST_STREAMS):
            self.assertTrue(self.factory.begin_stream())
        self.send(request)
        await self.pieces_are_sent()
        self.assertTrue(self.transport.value().startswith(b"HTTP/1.1 503 "))
        self.assertIn(b"24 clients follow events", self.transport.value())
        self.lose()
        self.factory.end_stream()
        self.answer = succeed(Silent())
        self.connect()
        self.send(request)
        await self.pieces_are_sent()
        self.assertTrue(self.transport.value().startswith(b"HTTP/1.1 200 "))
        self.assertFalse(self.factory.begin_stream())
        self.lose()
        self.assertTrue(self.factory.begin_stream())


class HttpEndpointTests(ControlSocketTests):
    """The same, with the rules of the HTTP endpoint."""

    def endpoint(self) -> Endpoint:
        return Endpoint(self.handle, 0, HEADERS, rules(()))
