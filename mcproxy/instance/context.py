"""What a proxy instance is given to work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..events.bus import Events
from ..linux.report_groups import ReportGroups
from ..linux.reporters import Reporters
from ..protocol.family import Address, Family
from ..receiver.receiver import Receiver
from ..routing.table import ForwardingTable
from ..sender import Sender
from ..timer import Timer
from .link_layer_watch import OpenReporters


@dataclass(frozen=True, slots=True)
class InstanceContext:
    """The modules that a proxy instance works with.

    ``table`` is the kernel table of the instance. ``interface_towards`` gives the index of the
    interface that leads to an address. ``join_link_groups`` joins, on the link of an index, the
    groups that reports are sent to. ``open_reporters`` opens a socket that sees the link-layer
    addresses of the reports on an interface.
    """

    timer: Timer
    events: Events
    sender: Sender
    receiver: Receiver
    table: ForwardingTable
    interface_towards: Callable[[Address], int | None]
    join_link_groups: Callable[[Family, int], ReportGroups]
    open_reporters: OpenReporters = Reporters
