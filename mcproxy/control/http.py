"""HTTP on the control socket and on a TCP port, on Twisted's Site and Resource, with limits.

==================  =============  ====================================================
limit               value          beyond it
==================  =============  ====================================================
body of a request   longest_body   413, as soon as the length is known to be too large
time for a request  REQUEST_TIME   the connection is cut, even if bytes still arrive
data after it       MOST_EXCESS    the connection is cut
time for a piece    ANSWER_TIME    the connection is cut
==================  =============  ====================================================

A connection carries one request. A client may send it in any number of pieces, but it must be
complete REQUEST_TIME after the connection was made. Long answers are produced piece by piece,
when the client has taken the piece before; the reactor does its other work in between.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from typing import Any, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.protocols.policies import ProtocolWrapper
from twisted.python.failure import Failure
from twisted.web.http import HTTPFactory, Request
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site
from twisted.web.server import Request as SiteRequest

from .answers import Answer
from .delivery import Delivery
from .one_a_turn import OneATurn
from .requests import READING, ApiRequest

LONGEST_BODY = 64 * 1024
"""Bytes."""

REQUEST_TIME = 10.0
"""Seconds from the connection to the end of the request."""

MOST_EXCESS = 256 * 1024
"""Bytes that a client may send after its request; they are dropped."""

ANSWER_TIME = 30.0
"""Seconds for a client to take a piece of an answer."""

_FORM_PARSING = "parsePOSTFormSubmission"

_NO_FORMS = (
    {_FORM_PARSING: False} if _FORM_PARSING in inspect.signature(HTTPFactory).parameters else {}
)
"""Bodies are JSON. A Twisted without this parameter also parses what a client calls a form."""

_TURNS = OneATurn()
"""Requests are handled one in each turn of the reactor: up to MOST_CONNECTIONS of each endpoint
may come at once."""

Handler = Callable[[ApiRequest], "Deferred[Answer]"]
"""Answers a request. The Deferred does not fail."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What an endpoint answers, and what it does not accept.

    ``refuse`` returns the answer to a request that must not be handled, and None for any other
    request. ``headers`` are those of each answer.
    """

    handle: Handler
    longest_body: int = LONGEST_BODY
    headers: Mapping[str, str] = field(default_factory=dict)
    refuse: Callable[[ApiRequest], Answer | None] = lambda request: None


class Connection(ProtocolWrapper):
    """One client's connection, which carries one request within the limits.

    It wraps a channel of Twisted's web server. ``factory`` counts the connections. A closed
    connection starts no timer and sends nothing.
    """

    def __init__(self, factory: Any, reactor: Any, endpoint: Endpoint) -> None:
        site = _Site(endpoint, self.refuse, reactor)
        super().__init__(factory, site.buildProtocol(None))  # type: ignore[no-untyped-call]  # untyped in Twisted
        self.is_closed = False
        self._endpoint = endpoint
        self._awaits_request = True
        self._excess = 0
        self._reactor = reactor
        self._deadline: IDelayedCall | None = None
        self._when_closed: list[Callable[[], None]] = []

    def connectionMade(self) -> None:
        """Start the request's time."""
        self._set_deadline(REQUEST_TIME)

    def dataReceived(self, data: bytes) -> None:
        """Read the request; drop what follows it, and cut a client that sends on and on."""
        if self._awaits_request:
            super().dataReceived(data)  # type: ignore[no-untyped-call]  # untyped in Twisted
            return
        self._excess += len(data)
        if self._excess > MOST_EXCESS:
            self.abort()

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
            self.write(_refusal(self._endpoint))  # type: ignore[no-untyped-call]  # untyped in Twisted
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

    def begin_stream(self) -> bool:
        """Whether the endpoint has room for an answer that does not end; it is counted then."""
        factory: Any = self.factory  # a ConnectionFactory, which Twisted's wrapper does not know
        if not factory.begin_stream():
            return False
        self.call_when_closed(factory.end_stream)
        return True

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


class _Request(SiteRequest):
    """A request whose path may be ``*``, which Twisted answers itself, without our rules."""

    def process(self) -> None:
        """Let the endpoint answer."""
        if self.path == b"*":
            self.path = b"/*"
        super().process()  # type: ignore[no-untyped-call]  # untyped in Twisted


class _Site(Site):
    """The web site that one connection sees; it tells the connection of a body that is too long."""

    def __init__(self, endpoint: Endpoint, refuse: Callable[[], None], reactor: Any) -> None:
        # The connection has deadlines of its own; these would start again with each byte.
        paths = _AllPaths(endpoint)
        super().__init__(paths, _Request, timeout=None, reactor=reactor, **_NO_FORMS)  # type: ignore[no-untyped-call]  # untyped in Twisted
        self._refuse = refuse
        self._longest = endpoint.longest_body

    def getContentFile(self, length: int | None) -> BytesIO:
        """Where a request's body is written; ``length`` is None in a request in chunks."""
        body = _Body(self._longest, self._refuse)
        body.check(length or 0)
        return body


class _Body(BytesIO):
    """A request's body in memory, up to ``longest`` bytes."""

    def __init__(self, longest: int, refuse: Callable[[], None]) -> None:
        super().__init__()
        self._longest = longest
        self._refuse = refuse

    def check(self, length: int) -> bool:
        """Whether a body of this length is accepted; if not, the request is refused."""
        if length <= self._longest:
            return True
        self._refuse()
        return False

    def write(self, data: Any) -> int:
        """Keep a part of the body, if the body is not too long with it."""
        return super().write(data) if self.check(self.tell() + len(data)) else 0


class _AllPaths(Resource):
    """All paths: the endpoint decides which there are."""

    isLeaf = True  # noqa: N815 - Twisted's name

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # untyped in Twisted
        self._endpoint = endpoint

    def render(self, request: Request) -> int:
        """Answer a complete request; the answer follows later."""
        connection = cast(Connection, request.transport)
        if connection.take_request():
            asked = _asked(request)
            delivery = Delivery(request, connection, self._endpoint.headers)
            refusal = self._endpoint.refuse(asked)
            if refusal is not None:
                delivery.start(refusal)
            else:
                _TURNS.call(partial(self._handle, asked, connection, delivery))
        return NOT_DONE_YET

    def _handle(self, asked: ApiRequest, connection: Connection, delivery: Delivery) -> None:
        if not connection.is_closed or asked.method not in READING:
            self._endpoint.handle(asked).addCallback(delivery.start)


def _asked(request: Request) -> ApiRequest:
    method, target, version = map(_text, (request.method, request.uri, request.clientproto))
    headers = {
        _text(name).lower(): [_text(value) for value in values]
        for name, values in request.requestHeaders.getAllRawHeaders()
    }
    assert request.content is not None  # what getContentFile returned
    return ApiRequest(method, target, request.content.read(), headers, version)


def _text(data: bytes) -> str:
    return data.decode("ascii", "replace")


def _refusal(endpoint: Endpoint) -> bytes:
    """An answer to a request whose body is not read."""
    text = f"the request's body is longer than {endpoint.longest_body} bytes"
    body = json.dumps({"error": text}).encode() + b"\n"
    headers = {
        **endpoint.headers,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return b"HTTP/1.1 413 Content Too Large\r\n" + head.encode() + b"\r\n" + body
