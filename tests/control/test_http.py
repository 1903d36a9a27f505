"""HTTP on the control socket: one request a connection, and the limits, with a fake clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock, deferLater
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from mcproxy.control import http
from mcproxy.control.answers import Answer, DataAnswer, RowsAnswer, StreamAnswer
from mcproxy.control.connections import ConnectionFactory
from mcproxy.control.http import Connection, Endpoint
from mcproxy.control.requests import ApiRequest

Asked = tuple[str, str, bytes]


class ConnectionTestCase(TestCase):
    """Has a connection to a handler that answers with ``answer``."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.asked: list[Asked] = []
        self.answer: Deferred[Answer] = succeed(Answer({"done": True}))
        self.factory = ConnectionFactory(
            lambda factory: Connection(factory, self.clock, self.endpoint())
        )
        self.connect()

    def connect(self) -> None:
        """Connect to the endpoint, whatever became of an earlier connection."""
        self.connection: Any = self.factory.buildProtocol(None)
        self.transport: Any = self.make_transport()
        self.connection.makeConnection(self.transport)

    def make_transport(self) -> StringTransport:
        return StringTransport()

    def endpoint(self) -> Endpoint:
        return Endpoint(self.handle)

    def handle(self, request: ApiRequest) -> Deferred[Answer]:
        self.asked.append(request[:3])
        return self.answer

    def send(self, data: bytes) -> None:
        self.connection.dataReceived(data)

    def request(self, body: bytes = b"", method: bytes = b"POST") -> None:
        length = b"Content-Length: %d\r\n\r\n" % len(body)
        self.send(method + b" /path HTTP/1.1\r\nHost: x\r\n" + length + body)

    async def pieces_are_sent(self) -> None:
        """Wait for Twisted, which has the pieces made on the real reactor."""
        for _ in range(5):
            await deferLater(reactor, 0.01)

    def lose(self) -> None:
        self.connection.connectionLost(Failure(ConnectionDone()))

    def assert_refused(self) -> None:
        """The body was too long: the client is told, in JSON, and disconnected."""
        head, _, body = self.transport.value().partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 413 Content Too Large\r\n"), head)
        self.assertIn(b"\r\nContent-Length: %d" % len(body), head)
        self.assertIn("longer than 65536 bytes", json.loads(body)["error"])
        self.assertTrue(self.transport.disconnecting)
        self.assertEqual(self.asked, [])


class AnswerTests(ConnectionTestCase):
    async def test_target_has_the_query_string(self) -> None:
        self.send(b"GET /groups?family=4&group=239.1.0.0/16 HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertEqual(self.asked, [("GET", "/groups?family=4&group=239.1.0.0/16", b"")])
        await self.pieces_are_sent()

    async def test_request_is_answered_and_the_connection_closed(self) -> None:
        self.request(b"[1]")
        self.assertEqual(self.asked, [("POST", "/path", b"[1]")])
        await self.pieces_are_sent()
        head, _, body = self.transport.value().partition(b"\r\n\r\n")
        self.assertEqual(
            sorted(head.split(b"\r\n")),
            [
                b"Connection: close",
                b"Content-Type: application/json",
                b"HTTP/1.1 200 OK",
                b"Transfer-Encoding: chunked",
            ],
        )
        self.assertEqual(body, b'f\r\n{"done": true}\n\r\n0\r\n\r\n')
        self.assertTrue(self.transport.disconnecting)
        self.lose()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    async def test_head_is_answered_without_a_body_and_nothing_is_made(self) -> None:
        def opened(write: object) -> Any:
            raise AssertionError("a stream is opened")

        def rows() -> Iterator[int]:
            raise AssertionError("a row is made")
            yield 0

        for answer in (Answer({}), RowsAnswer("rows", rows()), StreamAnswer(opened)):
            self.setUp()
            self.answer = succeed(answer)
            self.request(method=b"HEAD")
            await self.pieces_are_sent()
            head, _, body = self.transport.value().partition(b"\r\n\r\n")
            self.assertIn(b"HTTP/1.1 200 OK", head)
            self.assertIn(f"Content-Type: {answer.content_type}".encode(), head)
            self.assertEqual(body, b"")
            self.assertTrue(self.transport.disconnecting)
            self.lose()
            self.assertEqual(self.clock.getDelayedCalls(), [])

    async def test_content_of_another_type_is_sent_with_its_headers(self) -> None:
        self.answer = succeed(DataAnswer([b"a", b"b"], "text/plain", {"X-Own": "1"}, 503))
        self.request()
        await self.pieces_are_sent()
        head, _, body = self.transport.value().partition(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n"))
        self.assertIn(b"\r\nContent-Type: text/plain", head)
        self.assertIn(b"\r\nX-Own: 1", head)
        self.assertEqual(body, b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n")

    async def test_request_in_many_pieces_is_answered(self) -> None:
        for byte in b"POST /path HTTP/1.1\r\nContent-Length: 3\r\n\r\n[1]":
            self.send(bytes([byte]))
        self.assertEqual(self.asked, [("POST", "/path", b"[1]")])
        await self.pieces_are_sent()
        self.assertIn(b"200 OK", self.transport.value())

    async def test_request_after_the_first_is_not_answered(self) -> None:
        request = b"GET /path HTTP/1.1\r\nHost: x\r\n\r\n"
        self.send(request + request)
        self.send(request)
        await self.pieces_are_sent()
        self.send(request)
        await self.pieces_are_sent()
        self.assertEqual(self.asked, [("GET", "/path", b"")])
        self.assertEqual(self.transport.value().count(b"HTTP/1.1 "), 1)
        self.assertTrue(self.transport.disconnecting)

    async def test_hook_runs_when_the_client_has_the_answer(self) -> None:
        hooks: list[str] = []
        self.answer = succeed(Answer({}, after=lambda: hooks.append("ran")))
        self.request()
        await self.pieces_are_sent()
        self.assertTrue(self.transport.disconnecting)
        self.assertEqual(hooks, [])
        self.lose()
        self.assertEqual(hooks, ["ran"])

    def test_hook_runs_when_the_client_left_before_the_answer(self) -> None:
        hooks: list[str] = []
        self.answer = Deferred()
        self.request()
        self.lose()
        self.answer.callback(Answer({}, after=lambda: hooks.append("ran")))
        self.assertEqual(hooks, ["ran"])

    async def test_rows_that_fail_cut_the_connection(self) -> None:
        def rows() -> Iterator[int]:
            raise KeyError("a mistake of ours")
            yield 0

        self.answer = succeed(RowsAnswer("rows", rows()))
        self.request()
        await self.pieces_are_sent()
        self.assertTrue(self.transport.disconnected)
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)


class TimeTests(ConnectionTestCase):
    def test_request_that_is_not_complete_in_time_is_cut(self) -> None:
        self.send(b"GET /path HT")
        self.clock.advance(http.REQUEST_TIME - 1)
        self.send(b"TP/1.1\r\n")  # a byte from time to time does not extend it
        self.assertFalse(self.transport.disconnected)
        self.clock.advance(1)
        self.assertTrue(self.transport.disconnected)
        self.assertEqual(self.asked, [])

    def test_body_that_dribbles_is_cut(self) -> None:
        self.send(b"POST /path HTTP/1.1\r\nContent-Length: 100\r\n\r\n")
        for _ in range(int(http.REQUEST_TIME)):
            self.assertFalse(self.transport.disconnected)
            self.send(b"x")
            self.clock.advance(1)
        self.assertTrue(self.transport.disconnected)

    def test_idle_connection_is_cut(self) -> None:
        self.clock.advance(http.REQUEST_TIME)
        self.assertTrue(self.transport.disconnected)

    def test_work_on_an_answer_has_no_limit(self) -> None:
        self.answer = Deferred()
        self.request()
        self.clock.advance(1000)
        self.assertFalse(self.transport.disconnected)

    def test_answer_for_a_client_that_left_is_dropped(self) -> None:
        self.answer = Deferred()
        self.request()
        self.lose()
        self.answer.callback(Answer({}))
        self.assertEqual(self.transport.value(), b"")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    async def test_answer_that_is_not_taken_is_cut(self) -> None:
        self.answer = succeed(RowsAnswer("rows", iter(range(10**9))))
        self.request()
        await self.pieces_are_sent()
        self.transport.producer.pauseProducing()
        self.clock.advance(http.ANSWER_TIME)
        self.assertTrue(self.transport.disconnected)
        self.lose()

    async def test_closed_connection_starts_no_timer(self) -> None:
        self.lose()
        self.connection.expect_taken()
        self.assertEqual(self.clock.getDelayedCalls(), [])


class SizeTests(ConnectionTestCase):
    def test_body_of_the_longest_length_is_accepted(self) -> None:
        body = b"x" * http.LONGEST_BODY
        self.request(body)
        self.assertEqual(self.asked, [("POST", "/path", body)])

    def test_announced_length_beyond_the_limit_is_refused_at_once(self) -> None:
        self.send(b"POST /path HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (http.LONGEST_BODY + 1))
        self.assert_refused()

    def test_body_that_follows_a_refusal_is_dropped(self) -> None:
        self.request(b"x" * (http.LONGEST_BODY + 1))
        self.send(b"x" * 1000)
        self.assert_refused()

    def test_chunks_beyond_the_limit_are_refused_at_once(self) -> None:
        self.send(b"POST /path HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
        self.send(chunk)
        self.send(chunk)
        self.assertEqual(self.transport.value(), b"")
        self.send(b"1\r\nx")
        self.assert_refused()
        self.send(chunk)
        self.send(b"0\r\n\r\n")
        self.assert_refused()

    def test_refused_client_that_does_not_leave_is_cut(self) -> None:
        self.request(b"x" * (http.LONGEST_BODY + 1))
        self.clock.advance(http.REQUEST_TIME)
        self.assertTrue(self.transport.disconnected)

    def test_headers_beyond_the_limit_are_refused(self) -> None:
        self.send(b"GET /path HTTP/1.1\r\n" + b"A: b\r\n" * 10_000)
        self.assertIn(b" 400 ", self.transport.value())
        self.assertTrue(self.transport.disconnecting)
        self.assertEqual(self.asked, [])
