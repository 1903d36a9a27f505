"""HTTP on the control socket, within limits: what comes in is small, soon and one request.

Whoever is connected has a time for his request, and a time for taking the next piece of the
answer. Big answers are made in pieces as they are taken, with the reactor's other work in
between.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPullProducer
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel, Request
from zope.interface import implementer

LONGEST_BODY = 64 * 1024
REQUEST_TIME = 10.0
"""Seconds for a whole request."""

ANSWER_TIME = 30.0
"""Seconds for taking a piece of an answer."""

ROWS_A_PIECE = 100


class Answer:
    """A status and its JSON: a value, or ``rows`` under a key.

    ``after`` is called once the client has it, or is gone.
    """

    def __init__(self, value: Any, status: int = 200) -> None:
        self.status = status
        self.after: Callable[[], None] | None = None
        self._value = value

    def pieces(self) -> Iterator[bytes]:
        """The text, in pieces that are each soon made."""
        yield _encoded(self._value) + b"\n"


class RowsAnswer(Answer):
    """A list of values that are made one by one."""

    def __init__(self, key: str, rows: Iterable[Any]) -> None:
        super().__init__(key)
        self._rows = iter(rows)

    def pieces(self) -> Iterator[bytes]:
        """The list in pieces of ROWS_A_PIECE values."""
        before = b"{" + _encoded(self._value) + b": [\n"
        while rows := list(islice(self._rows, ROWS_A_PIECE)):
            yield before + b",\n".join(map(_encoded, rows))
            before = b",\n"
        yield (before if before.startswith(b"{") else b"\n") + b"]}\n"


def _encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


Handler = Callable[[str, str, bytes], "Deferred[Answer]"]
"""What answers a method, a path and a body; it does not fail."""


class Channel(HTTPChannel):
    """A connection for one request, which must be complete in time."""

    transport: Any

    def __init__(self, reactor: Any, handler: Handler, closed: Callable[[], None]) -> None:
        super().__init__()
        self.reactor = reactor
        self.handler = handler
        self.requestFactory = ControlRequest
        self.factory = None
        self.timeOut = None
        self._closed = closed
        self.after: Callable[[], None] | None = None
        self._limit = reactor.callLater(REQUEST_TIME, self._expired)

    def give(self, seconds: float) -> None:
        """Let the client have so much time for what he is to do next."""
        self.take_away()
        self._limit = self.reactor.callLater(seconds, self._expired)

    def take_away(self) -> None:
        """It is not the client whom we wait for."""
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def checkPersistence(self, request: Request, version: bytes) -> bool:
        """One request and no more."""
        request.responseHeaders.setRawHeaders(b"Connection", [b"close"])
        return False

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        """The client is gone, or was sent away."""
        self.take_away()
        super().connectionLost(reason)
        self._closed()
        if self.after is not None:
            self.after()

    def _expired(self) -> None:
        self._limit = None
        self.transport.abortConnection()


@implementer(IPullProducer)
class ControlRequest(Request):
    """A request, whose answer it produces."""

    log = Logger()
    channel: Any
    content: Any

    _too_long = False
    _pieces: Iterator[bytes]

    def gotLength(self, length: int | None) -> None:
        """Turn down a body that is too long before it comes."""
        super().gotLength(0)
        self._check_length(length or 0)

    def handleContentChunk(self, data: bytes) -> None:
        """A part of the body, whose length may not have been told."""
        if not self._too_long:
            super().handleContentChunk(data)
            self._check_length(self.content.tell())

    def _check_length(self, length: int) -> None:
        if length > LONGEST_BODY:
            self._too_long = True
            self.channel.transport.write(b"HTTP/1.1 413 Content Too Large\r\n\r\n")
            self.channel.loseConnection()

    def process(self) -> None:
        """Have it answered."""
        if self._too_long:
            return
        self.channel.take_away()
        method, path = (part.decode("ascii", "replace") for part in (self.method, self.path))
        self.channel.handler(method, path, self.content.read()).addCallback(self._answer)

    def _answer(self, answer: Answer) -> None:
        if self._disconnected:
            if answer.after is not None:
                answer.after()
            return
        self.channel.after = answer.after
        self.setResponseCode(answer.status)
        self.setHeader(b"Content-Type", b"application/json")
        self._pieces = answer.pieces()
        self.registerProducer(self, False)

    def resumeProducing(self) -> None:
        """Send the next piece, or end."""
        try:
            piece = next(self._pieces, None)
        except Exception:
            self.log.failure("an answer breaks off")
            self.unregisterProducer()
            self.channel.transport.abortConnection()
            return
        if piece is None:
            self.unregisterProducer()
            self.finish()
        else:
            self.channel.give(ANSWER_TIME)
            self.write(piece)

    def stopProducing(self) -> None:
        """The client is gone."""
        self.unregisterProducer()
