"""Evidence: what is known of one group, as plain values for ``explain``.

Rows are those of the views of the same name (see docs/reference/views.rst). Addresses are
texts, times are in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..protocol.family import IPV4, Family
from .findings import Finding

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Arrived:
    """Data of one source that a link saw; ``is_leaving`` if this machine sent it there.

    ``hops`` is the TTL or hop limit, ``rate`` is in packets per second, ``length`` is the size in
    bytes of the largest packet, ``port`` the destination port of UDP; None where it is not known.
    """

    interface: str
    source: str
    hops: int
    packets: int
    rate: float
    length: int
    is_leaving: bool = False
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """Reports or queries of one host that a link saw, as ``kind`` such as "IGMPv3 report".

    ``fault`` is the rule that they break, an empty text for none.
    """

    interface: str
    host: str
    kind: str
    count: int = 1
    fault: str = ""
    is_leaving: bool = False


@dataclass(frozen=True, slots=True)
class Capture:
    """What the links of this machine saw of the group for some ``seconds``.

    ``failure`` says why nothing could be seen.
    """

    seconds: float
    arrived: tuple[Arrived, ...] = ()
    heard: tuple[Heard, ...] = ()
    failure: str = ""

    def on(self, interface: str, *, leaving: bool = False) -> list[Arrived]:
        """The data that an interface received, or that left by it."""
        return [
            one for one in self.arrived if one.interface == interface and one.is_leaving is leaving
        ]


@dataclass(frozen=True, slots=True)
class Leave:
    """How long ago the group ended on a link; ``host`` left, or None where it expired."""

    ago: float
    host: str | None = None


@dataclass(frozen=True, slots=True)
class LinkEvidence:
    """A downstream: its row, its row of the group (None where nobody has asked).

    ``dropped`` are messages that were received there and broke a rule, ``refused`` those that
    were valid and not accepted: counts by reason. ``mtu`` is None where it is not known.
    A packet is forwarded there only with a TTL above ``ttl_threshold``. ``is_configured`` is false
    for an interface that is no downstream of the instance.
    """

    interface: Row
    group: Row | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    left: Leave | None = None
    mtu: int | None = None
    ttl_threshold: int = 1
    is_configured: bool = True

    @property
    def name(self) -> str:
        """The interface's name."""
        return str(self.interface["interface"])


@dataclass(frozen=True, slots=True)
class UpstreamEvidence:
    """An upstream: its row, and its row of the group (None where it is not joined there)."""

    interface: Row
    group: Row | None = None

    @property
    def name(self) -> str:
        """The interface's name."""
        return str(self.interface["interface"])

    @property
    def is_usable(self) -> bool:
        """Whether it can be asked now."""
        return bool(self.interface["state"] != "down")


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of ``group``, or of one ``source`` of it, in one instance.

    ``roles`` names the role of each interface of any instance. ``entries`` is how many entries
    of the group the kernel has; None where it could not be read. ``kernel_refused`` counts the
    changes of the kernel table that the kernel refused. ``per_source`` says whether each source
    has an entry of its own. ``findings`` are about the machine, for this group and its links.
    """

    instance: str
    family: Family
    group: str
    source: str | None = None
    up_time: float = 0.0
    is_proxied: bool = True
    per_source: bool = False
    links: tuple[LinkEvidence, ...] = ()
    upstreams: tuple[UpstreamEvidence, ...] = ()
    flows: tuple[Row, ...] = ()
    roles: Mapping[str, str] = field(default_factory=dict)
    entries: int | None = None
    kernel_refused: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    capture: Capture = Capture(0.0)

    @property
    def hops_name(self) -> str:
        """The family's name of the hop count: TTL or hop limit."""
        return "TTL" if self.family is IPV4 else "hop limit"

    @property
    def what(self) -> str:
        """The stream, for a sentence."""
        return f"{self.source} to {self.group}" if self.source else self.group

    def found(self, check: str, *interfaces: str) -> Finding | None:
        """The first finding of a check about one of these interfaces."""
        for one in self.findings:
            if one.check == check and one.interface in interfaces:
                return one
        return None
