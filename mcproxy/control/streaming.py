"""Streaming: an answer that goes on until the client leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from .answers import Stream


class StreamConnection(Protocol):
    """The connection of the client, with its limits of time."""

    def expect_taken(self) -> None:
        """Cut the connection unless the client takes what was written in time."""

    def expect_nothing(self) -> None:
        """Wait for the client as long as it takes."""

    def call_when_closed(self, function: Callable[[], None]) -> None:
        """Call ``function`` when the client is gone."""


@implementer(IPushProducer)
class Streaming:
    """Writes a stream to a client, and pauses it while the client does not keep up."""

    def __init__(
        self,
        request: Any,
        connection: StreamConnection,
        open: Callable[[Callable[[bytes], object]], Stream],
    ) -> None:
        self._connection = connection
        self._stream = open(request.write)
        connection.call_when_closed(self._stream.close)
        request.registerProducer(self, True)
        # The headers go at once: the client learns that the daemon listens to it.
        request.write(b"")

    def pauseProducing(self) -> None:
        """The client does not keep up; it has some time to do so."""
        self._stream.pause()
        self._connection.expect_taken()

    def resumeProducing(self) -> None:
        """The client has taken everything."""
        self._connection.expect_nothing()
        self._stream.resume()

    def stopProducing(self) -> None:
        """The client is gone."""
        self._stream.close()
