"""Delivery: an answer on its way to a client of the control socket or the HTTP endpoint."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Protocol

from twisted.internet.interfaces import IPushProducer
from twisted.internet.task import CooperativeTask, Cooperator, TaskFinished
from twisted.logger import Logger
from twisted.web.http import Request
from zope.interface import implementer

from .answers import Answer, StreamAnswer, error_answer
from .connections import MOST_STREAMS
from .streaming import StreamConnection, Streaming

_TURNS = Cooperator(terminationPredicateFactory=lambda: lambda: True)
"""Makes one piece of one answer, then lets the reactor serve others. Twisted's own makes pieces
for 10 ms at a time."""


_NO_ROOM = (
    f"{MOST_STREAMS} clients follow events or the live page, which is the most that is allowed;"
    " close one of them"
)


class ClientConnection(StreamConnection, Protocol):
    """The connection of the client, which carries one answer."""

    is_closed: bool

    def begin_stream(self) -> bool:
        """Whether there is room for an answer that does not end; it is counted then."""

    def close(self) -> None:
        """Close the connection when the client has taken what was written."""

    def abort(self) -> None:
        """Cut the connection; what was not sent yet is lost."""


@implementer(IPushProducer)
class Delivery:
    """An answer on its way to the client, piece by piece; ``headers`` are those of the endpoint."""

    log = Logger()

    def __init__(
        self, request: Request, connection: ClientConnection, headers: Mapping[str, str]
    ) -> None:
        self._request: Any = request  # Twisted declares no types for most of its methods
        self._connection = connection
        self._headers = headers
        self._task: CooperativeTask[Iterator[None]] | None = None
        self._paused = False

    def start(self, answer: Answer) -> None:
        """Send ``answer``, unless the client is gone."""
        if answer.after is not None:
            self._connection.call_when_closed(answer.after)
        if self._connection.is_closed:
            return
        is_head = self._request.method == b"HEAD"
        if isinstance(answer, StreamAnswer) and not is_head and not self._connection.begin_stream():
            answer = error_answer(503, _NO_ROOM)
        self._set_head(answer)
        if is_head:
            self._connection.expect_taken()
            self._finish()
        elif isinstance(answer, StreamAnswer):
            Streaming(self._request, self._connection, answer.open)
        else:
            self._request.registerProducer(self, True)
            self._task = _TURNS.cooperate(self._send(answer.pieces()))

    def _set_head(self, answer: Answer) -> None:
        headers = self._request.responseHeaders
        # Twisted's, which say nothing that a client needs.
        headers.removeHeader("Server")
        headers.removeHeader("Date")
        own = {"Content-Type": answer.content_type, "Connection": "close"}
        for name, value in {**self._headers, **own, **answer.headers}.items():
            headers.setRawHeaders(name, [value])
        # Twisted does not know each status.
        self._request.setResponseCode(answer.status, HTTPStatus(answer.status).phrase.encode())

    def _finish(self) -> None:
        self._request.finish()
        self._connection.close()

    def _send(self, pieces: Iterator[bytes]) -> Iterator[None]:
        """Send a piece at each step, and end."""
        try:
            for piece in pieces:
                self._connection.expect_taken()
                self._request.write(piece)
                yield
        except Exception:
            self.log.failure("internal error: an answer to an HTTP request breaks off")
            self._request.unregisterProducer()
            self._connection.abort()
            return
        self._request.unregisterProducer()
        self._finish()

    def pauseProducing(self) -> None:
        """Wait: the client has not taken what was sent."""
        if self._task is not None and not self._paused:
            self._paused = True
            self._task.pause()

    def resumeProducing(self) -> None:
        """Go on: the client has taken what was sent."""
        if self._task is not None and self._paused:
            self._paused = False
            self._task.resume()

    def stopProducing(self) -> None:
        """The client is gone."""
        if self._task is not None:
            with suppress(TaskFinished):
                self._task.stop()
        self._request.unregisterProducer()
