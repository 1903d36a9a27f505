"""HTTP on the control socket, on Twisted's Site and Resource, with limits.

==================  =============  ====================================================
limit               value          beyond it
==================  =============  ====================================================
body of a request   LONGEST_BODY   413, as soon as the length is known to be too large
time for a request  REQUEST_TIME   the connection is cut, even if bytes still arrive
time for a piece    ANSWER_TIME    the connection is cut
==================  =============  ====================================================

A connection carries one request. A client may send it in any number of pieces, but it must be
complete REQUEST_TIME after the connection was made. Long answers are produced piece by piece,
when the client has taken the piece before; the reactor does its other work in between.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IPushProducer
from twisted.internet.task import CooperativeTask, Cooperator, TaskFinished
from twisted.logger import Logger
from twisted.protocols.policies import ProtocolWrapper
from twisted.python.failure import Failure
from twisted.web.http import Request
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site
from zope.interface import implementer

from .answers import Answer, StreamAnswer
from .streaming import Streaming

LONGEST_BODY = 64 * 1024
"""Bytes."""

REQUEST_TIME = 10.0
"""Seconds from the connection to the end of the request."""

ANSWER_TIME = 30.0
"""Seconds for a client to take a piece of an answer."""

_TURNS = Cooperator(terminationPredicateFactory=lambda: lambda: True)
"""Makes one piece of one answer, then lets the reactor serve others. Twisted's own makes pieces
for 10 ms at a time."""

Handler = Callable[[str, str, bytes], "Deferred[Answer]"]
"""Answers a method, a path with its query string, and a body. The Deferred does not fail."""

_TOO_LONG = json.dumps(
    {"error": f"the request's body is longer than {LONGEST_BODY} bytes"}
).encode()
_REFUSAL = (
    b"HTTP/1.1 413 Content Too Large\r\n"
    b"Content-Type: application/json\r\n"
    b"Content-Length: %d\r\n"
    b"Connection: close\r\n\r\n%b\n"
) % (len(_TOO_LONG) + 1, _TOO_LONG)


class Connection(ProtocolWrapper):
    """One client's connection, which carries one request within the limits.

    It wraps a channel of Twisted's web server. ``factory`` counts the connections. A closed
    connection starts no timer and sends nothing.
    """

    def __init__(self, factory: Any, reactor: Any, handler: Handler) -> None:
        site = _Site(_Commands(handler), self.refuse, reactor)
        super().__init__(factory, site.buildProtocol(None))  # type: ignore[no-untyped-call]  # untyped in Twisted
        self.is_closed = False
        self._awaits_request = True
        self._reactor = reactor
        self._deadline: IDelayedCall | None = None
        self._when_closed: list[Callable[[], None]] = []

    def connectionMade(self) -> None:
        """Start the request's time."""
        self._set_deadline(REQUEST_TIME)

    def dataReceived(self, data: bytes) -> None:
        """Read the request; drop what follows it."""
        if self._awaits_request:
            super().dataReceived(data)  # type: ignore[no-untyped-call]  # untyped in Twisted

    def take_request(self) -> bool:
        """Stop the request's time; False if this request must not be answered."""
        awaited, self._awaits_request = self._awaits_request, False
        if awaited:
            self._clear_deadline()
        return awaited

    def refuse(self) -> None:
        """Answer that the body is too long, and close."""
        if self._awaits_request:
            self._awaits_request = False
            self.write(_REFUSAL)  # type: ignore[no-untyped-call]  # untyped in Twisted
            self.close()

    def expect_taken(self) -> None:
        """Cut the connection unless the client takes a piece of the answer in time."""
        if not self.is_closed:
            self._set_deadline(ANSWER_TIME)

    def expect_nothing(self) -> None:
        """Wait for the client as long as it takes: it has taken all that was written."""
        self._clear_deadline()

    def call_when_closed(self, function: Callable[[], None]) -> None:
        """Call ``function`` when the client has the answer or is gone; at once if it is gone."""
        if self.is_closed:
            function()
        else:
            self._when_closed.append(function)

    def close(self) -> None:
        """Close the connection when the client has taken what was written."""
        self.unregisterProducer()  # type: ignore[no-untyped-call]  # untyped in Twisted
        self.loseConnection()  # type: ignore[no-untyped-call]  # untyped in Twisted

    def abort(self) -> None:
        """Cut the connection; what was not sent yet is lost."""
        self.transport.abortConnection()  # type: ignore[union-attr]  # of every stream transport

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]  # Twisted's default
        """Note that the client is gone, and call whoever waits for that."""
        self.is_closed = True
        self._awaits_request = False
        self._clear_deadline()
        super().connectionLost(reason)  # type: ignore[no-untyped-call]  # untyped in Twisted
        waiting, self._when_closed = self._when_closed, []
        for function in waiting:
            function()

    def _set_deadline(self, seconds: float) -> None:
        self._clear_deadline()
        self._deadline = self._reactor.callLater(seconds, self._expired)

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expired(self) -> None:
        self._deadline = None
        self.abort()


class _Site(Site):
    """The web site that one connection sees; it tells the connection of a body that is too long."""

    def __init__(self, commands: Resource, refuse: Callable[[], None], reactor: Any) -> None:
        # The connection has deadlines of its own; these would start again with each byte.
        super().__init__(commands, timeout=None, reactor=reactor, parsePOSTFormSubmission=False)  # type: ignore[no-untyped-call]  # untyped in Twisted
        self._refuse = refuse

    def getContentFile(self, length: int | None) -> BytesIO:
        """Where a request's body is written; ``length`` is None in a request in chunks."""
        body = _Body(self._refuse)
        body.check(length or 0)
        return body


class _Body(BytesIO):
    """A request's body in memory, up to LONGEST_BODY."""

    def __init__(self, refuse: Callable[[], None]) -> None:
        super().__init__()
        self._refuse = refuse

    def check(self, length: int) -> bool:
        """Whether a body of this length is accepted; if not, the request is refused."""
        if length <= LONGEST_BODY:
            return True
        self._refuse()
        return False

    def write(self, data: Any) -> int:
        """Keep a part of the body, if the body is not too long with it."""
        return super().write(data) if self.check(self.tell() + len(data)) else 0


class _Commands(Resource):
    """All paths: the handler decides which there are."""

    isLeaf = True  # noqa: N815 - Twisted's name

    def __init__(self, handler: Handler) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # untyped in Twisted
        self._handler = handler

    def render(self, request: Request) -> int:
        """Answer a complete request; the answer follows later."""
        connection = cast(Connection, request.transport)
        if connection.take_request():
            method, target = (
                part.decode("ascii", "replace") for part in (request.method, request.uri)
            )
            assert request.content is not None  # what getContentFile returned
            answered = self._handler(method, target, request.content.read())
            answered.addCallback(_Delivery(request, connection).start)
        return NOT_DONE_YET


@implementer(IPushProducer)
class _Delivery:
    """An answer on its way to the client, piece by piece."""

    log = Logger()

    def __init__(self, request: Request, connection: Connection) -> None:
        self._request: Any = request  # Twisted declares no types for most of its methods
        self._connection = connection
        self._task: CooperativeTask[Iterator[None]] | None = None
        self._paused = False

    def start(self, answer: Answer) -> None:
        """Send ``answer``, unless the client is gone."""
        if answer.after is not None:
            self._connection.call_when_closed(answer.after)
        if self._connection.is_closed:
            return
        headers = self._request.responseHeaders
        # Twisted's, which say nothing that a client on this machine needs.
        headers.removeHeader("Server")
        headers.removeHeader("Date")
        headers.setRawHeaders("Connection", ["close"])
        self._request.setResponseCode(answer.status)
        if isinstance(answer, StreamAnswer):
            headers.setRawHeaders("Content-Type", ["application/jsonl"])
            Streaming(self._request, self._connection, answer.open)
            return
        headers.setRawHeaders("Content-Type", ["application/json"])
        self._request.registerProducer(self, True)
        self._task = _TURNS.cooperate(self._send(answer.pieces()))

    def _send(self, pieces: Iterator[bytes]) -> Iterator[None]:
        """Send a piece at each step, and end."""
        try:
            for piece in pieces:
                self._connection.expect_taken()
                self._request.write(piece)
                yield
        except Exception:
            self.log.failure("internal error: an answer on the control socket breaks off")
            self._request.unregisterProducer()
            self._connection.abort()
            return
        self._request.unregisterProducer()
        self._request.finish()
        self._connection.close()

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
