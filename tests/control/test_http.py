"""HTTP on the control socket: pieces, limits and times."""

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
from twisted.trial.unittest import SynchronousTestCase, TestCase

from mcproxy.control import http
from mcproxy.control.http import Answer, Channel, RowsAnswer

Asked = tuple[str, str, bytes]


class AnswerTests(SynchronousTestCase):
    def test_rows_are_one_list(self) -> None:
        for count in (0, 1, http.ROWS_A_PIECE, 2 * http.ROWS_A_PIECE + 1):
            rows = [{"number": number} for number in range(count)]
            pieces = list(RowsAnswer("rows", rows).pieces())
            self.assertEqual(json.loads(b"".join(pieces)), {"rows": rows})
            self.assertEqual(len(pieces), -(-count // http.ROWS_A_PIECE) + 1)

    def test_rows_are_made_when_their_piece_is_taken(self) -> None:
        made = []

        def rows() -> Iterator[int]:
            for number in range(1000):
                made.append(number)
                yield number

        pieces = RowsAnswer("rows", rows()).pieces()
        next(pieces)
        self.assertEqual(len(made), http.ROWS_A_PIECE)


class ChannelTests(TestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.asked: list[Asked] = []
        self.answer: Deferred[Answer] = succeed(Answer({"done": True}))
        self.closed = 0
        self.channel: Any = Channel(self.clock, self.handle, self.note_closed)
        self.transport: Any = StringTransport()
        self.channel.makeConnection(self.transport)

    def handle(self, method: str, path: str, body: bytes) -> Deferred[Answer]:
        self.asked.append((method, path, body))
        return self.answer

    def note_closed(self) -> None:
        self.closed += 1

    def send(self, data: bytes) -> None:
        self.channel.dataReceived(data)

    def request(self, body: bytes = b"", method: bytes = b"POST") -> None:
        length = b"Content-Length: %d\r\n\r\n" % len(body)
        self.send(method + b" /path HTTP/1.1\r\nHost: x\r\n" + length + body)

    async def pieces_are_sent(self) -> None:
        """Wait for Twisted, which has the pieces made on the real reactor."""
        for _ in range(5):
            await deferLater(reactor, 0.01)

    def lose(self) -> None:
        self.channel.connectionLost(Failure(ConnectionDone()))

    async def test_a_request_and_its_answer(self) -> None:
        self.request(b"[1]")
        self.assertEqual(self.asked, [("POST", "/path", b"[1]")])
        await self.pieces_are_sent()
        head, _, _ = self.transport.value().partition(b"\r\n\r\n")
        self.assertIn(b"200 OK", head)
        self.assertIn(b"Content-Type: application/json", head)
        self.assertIn(b"Connection: close", head)
        self.lose()
        self.assertEqual(self.closed, 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_request_that_does_not_come_in_time(self) -> None:
        self.send(b"GET /path HT")
        self.clock.advance(http.REQUEST_TIME - 1)
        self.send(b"TP/1.1\r\n")  # being slow wins no time
        self.assertFalse(self.transport.disconnected)
        self.clock.advance(1)
        self.assertTrue(self.transport.disconnected)
        self.assertEqual(self.asked, [])

    def test_our_own_work_may_take_its_time(self) -> None:
        self.answer = Deferred()
        self.request()
        self.clock.advance(1000)
        self.assertFalse(self.transport.disconnected)
        self.lose()
        self.answer.callback(Answer({}))  # nobody is there any more

    async def test_an_answer_that_is_not_taken(self) -> None:
        self.answer = succeed(RowsAnswer("rows", iter(range(10**9))))
        self.request()
        await self.pieces_are_sent()
        self.channel.pauseProducing()
        self.clock.advance(http.ANSWER_TIME)
        self.assertTrue(self.transport.disconnected)
        self.lose()

    def test_a_body_that_is_too_long(self) -> None:
        self.send(b"POST /path HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (http.LONGEST_BODY + 1))
        self.assertIn(b"413", self.transport.value())
        self.assertTrue(self.transport.disconnecting)
        self.assertEqual(self.asked, [])

    def test_chunks_that_are_too_many(self) -> None:
        self.send(b"POST /path HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
        for _ in range(4):
            self.send(chunk)
        self.assertIn(b"413", self.transport.value())
        self.send(b"0\r\n\r\n")
        self.assertEqual(self.asked, [])

    async def test_a_mistake_of_ours_breaks_the_answer_off(self) -> None:
        def rows() -> Iterator[int]:
            raise KeyError("a mistake of ours")
            yield 0

        self.answer = succeed(RowsAnswer("rows", rows()))
        self.request()
        await self.pieces_are_sent()
        self.assertTrue(self.transport.disconnected)
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)
