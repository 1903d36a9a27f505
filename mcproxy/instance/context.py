"""What a proxy instance is given to work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..linux.report_groups import ReportGroups
from ..protocol.family import Address, Family
from ..protocol.router.querier import Querier
from ..receiver import Receiver
from ..routing.table import ForwardingTable
from ..sender import Sender
from ..timer import Timer
from .upstream import Upstream


@dataclass(frozen=True, slots=True)
class InstanceContext:
    """What a proxy instance works with.

    ``table`` is the kernel table of its family, ``upstreams`` the links that its configuration
    names, perhaps shared with other instances; ``per_source`` says how data is forwarded
    there. ``interface_towards`` gives the index of the interface that leads to an address,
    ``join_link_groups`` lets reports on a link reach us. ``movers`` has the queriers of links
    that another instance has just let go.
    """

    timer: Timer
    sender: Sender
    receiver: Receiver
    table: ForwardingTable
    upstreams: tuple[Upstream, ...]
    per_source: bool
    interface_towards: Callable[[Address], int | None]
    join_link_groups: Callable[[Family, int], ReportGroups]
    movers: dict[tuple[Family, str], Querier] = field(default_factory=dict)
