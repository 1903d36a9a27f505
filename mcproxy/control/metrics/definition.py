"""Metric: what it is called, what it means, and how its values are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...latency import Histogram
from ...protocol.family import Address

if TYPE_CHECKING:
    from ...instance.instance import ProxyInstance
    from ...proxy import Proxy

GAUGE, COUNTER, HISTOGRAM, INFO = "gauge", "counter", "histogram", "info"


@dataclass(frozen=True, slots=True)
class Scrape:
    """What is read: the daemon, and the groups that are asked for one by one.

    ``now`` is on the daemon's clock, ``system_now`` on the system's.
    """

    proxy: Proxy
    now: float
    system_now: float
    groups: Sequence[Address] = ()


Value = float | Histogram
Row = tuple[tuple[str, ...], Value]
Rows = Iterator[Row | None]
"""The values of the labels and the figure; None is a pause in a long search."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric, by the name that queries have.

    ``unit`` is a base unit of the name, if it has one. ``read`` yields a row for each time series.
    """

    name: str
    kind: str
    text: str
    labels: tuple[str, ...]
    read: Callable[[Scrape], Rows]
    unit: str = ""

    @property
    def family(self) -> str:
        """The name without the ending that its kind adds."""
        endings = {COUNTER: "_total", INFO: "_info"}
        return self.name.removesuffix(endings.get(self.kind, ""))


def metric(
    name: str, kind: str, text: str, labels: tuple[str, ...] = (), unit: str = ""
) -> Callable[[Callable[[Scrape], Rows]], Metric]:
    """Make a metric of the function that reads it; ``name`` is without the prefix."""

    def make(read: Callable[[Scrape], Rows]) -> Metric:
        return Metric(f"mcproxy_{name}", kind, text, labels, read, unit)

    return make


PROXY = ("proxy", "family")
"""The labels of a proxy instance. Prometheus itself has a label "instance", for the daemon."""

LINK = (*PROXY, "interface")

UPSTREAM_LINK = ("family", "table", "interface")


def place_of(instance: ProxyInstance) -> tuple[str, str]:
    """The values of PROXY."""
    family = instance.family.name
    return str(instance.name).removesuffix(f"/{family}"), family


LABELS: dict[str, tuple[str, str]] = {
    "version": (
        "of IGMP or MLD, empty for messages that have none; in mcproxy_build_info that of the "
        "program",
        "4",
    ),
    "proxy": ("a proxy instance, by its name in the configuration", "the instances"),
    "family": ("ipv4 or ipv6", "2"),
    "interface": (
        "a network interface; empty where it is not known",
        "the interfaces that exist or are named in the configuration",
    ),
    "role": ("upstream or downstream", "2"),
    "table": (
        "a multicast routing table of the kernel, by its number",
        "the tables in the configuration",
    ),
    "type": ("the type of a message, as in mcproxy show statistics", "6"),
    "reason": ("why something was dropped, refused or ignored", "the reasons in reasons.rst"),
    "filter": (
        "a filter of the instance, by its number from 0; or boundary",
        "the filters in the configuration",
    ),
    "object": ("what the kernel refused: entry, vif or rule", "3"),
    "change": ("what asked for a change: reload, or a command such as mcproxy add", "2"),
    "result": ("applied or refused", "2"),
    "group": ("a group that the scrape asks for with ?group=", "100"),
    "source": ("a source that sends to the group; \\* for any", "32 of each group"),
}
"""What each label means, and how many values it can have."""
