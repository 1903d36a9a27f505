"""TablePort: reads a multicast routing socket for its TableProtocol."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from ..linux.datagram_port import DatagramPort
from .table_reader import SLICE, TableProtocol

READING_SLICE = 0.01
"""Seconds to read what is waiting in a socket; what is read is decoded later."""


class TablePort(DatagramPort):
    """Reads a multicast routing socket to its end, so that no link's packets wait in it."""

    def __init__(self, protocol: TableProtocol, reactor: Any) -> None:
        super().__init__(protocol.table.socket, protocol, reactor)
        self.table = protocol
        self._more = False

    @property
    def is_behind(self) -> bool:
        """Whether there may be packets that have arrived and are not delivered yet."""
        return self._more or self.table.is_behind

    def doRead(self) -> None:
        """Hand over what has arrived, within READING_SLICE seconds."""
        begin = perf_counter()
        self.table.slice_ends = begin + SLICE
        self._more = True
        while self._more:
            self._more = self.read()
            if self._more and perf_counter() >= begin + READING_SLICE:
                break
        self.table.end_reading(self._more)

    def read_first(self) -> None:
        """Hand over one packet; all that have arrived, if there were more the last time."""
        if self._more:
            self.doRead()
            return
        self.table.slice_ends = perf_counter() + SLICE
        self.read(1)
