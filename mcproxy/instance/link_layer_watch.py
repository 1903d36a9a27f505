"""Tells a querier from which link-layer addresses reports come, where leaves are trusted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from twisted.logger import Logger

from ..linux.reporters import Reporter
from ..protocol.family import Family
from ..protocol.router.querier import Querier

LOSS_TIME = 10.0
"""Seconds of doubt after reports were lost: one of them may wait in the receiver as long."""


class ReporterSource(Protocol):
    """A socket for the reports of a link."""

    def read(self) -> tuple[list[Reporter], bool]:
        """Who has reported since the last reading, and whether there are others unseen."""

    def close(self) -> None:
        """Close it."""


OpenReporters = Callable[[Family, str], ReporterSource]


class LinkLayerWatch:
    """The socket of one downstream, opened where the querier's settings need it.

    ``open_reporters`` opens it; OSError. ``source`` is the socket while it is open. Log lines
    carry the ``name`` of the instance.
    """

    log = Logger()

    def __init__(self, open_reporters: OpenReporters, name: str | None, interface: str) -> None:
        self._open = open_reporters
        self._name = name
        self._interface = interface
        self.source: ReporterSource | None = None

    def configure(self, querier: Querier) -> None:
        """Open or close the socket, as the settings say; a leave that is always trusted needs none.

        Where it cannot be opened, leaves are trusted.
        """
        if querier.settings.immediate_leave is not True:
            self.close()
        elif self.source is None:
            try:
                self.source = self._open(querier.family, self._interface)
            except OSError as error:
                self.log.warn(
                    "cannot see from which link-layer addresses reports come: {reason}; "
                    "immediate-leave believes a leave that another host forged",
                    reason=error.strerror,
                    instance=self._name,
                    interface=self._interface,
                )

    def read(self, querier: Querier, now: float) -> None:
        """Tell the querier who has reported; before it gets a report, while there is a socket."""
        assert self.source is not None
        found, is_lossy = self.source.read()
        for source, link_layer in found:
            querier.note_link_layer(source, link_layer, now)
        if is_lossy:
            querier.note_lost_link_layer(now + LOSS_TIME)

    def close(self) -> None:
        """Close the socket; closing again is no error."""
        if self.source is not None:
            self.source.close()
            self.source = None
