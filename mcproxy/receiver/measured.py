"""Packets with the times at which the kernel received them, for those who measure latencies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..latency import Latencies
from ..linux.packet_info import Ancillary

Take = Callable[[int, bytes, Ancillary, Any], None]
"""Works on a packet: the index of its interface, its bytes, control messages and address."""


def measured(take: Take, latencies: Latencies) -> Take:
    """``take``, with ``latencies`` measuring what follows from the packet.

    Of a report with very many records that is the first part (see MOST_RECORDS).
    """

    def take_measured(index: int, data: bytes, ancillary: Ancillary, address: Any) -> None:
        latencies.arrive(ancillary)
        try:
            take(index, data, ancillary, address)
        finally:
            latencies.done()

    return take_measured
