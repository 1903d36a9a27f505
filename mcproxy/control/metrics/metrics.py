"""All metrics, in the order of the reference and of the exposition."""

from __future__ import annotations

from . import daemon, groups, links, messages, traffic, waiting
from .definition import Metric

PARTS: dict[str, tuple[Metric, ...]] = {
    "The daemon": daemon.METRICS,
    "Interfaces and memberships": links.METRICS,
    "Messages": messages.METRICS,
    "Data": traffic.METRICS,
    "How long hosts wait": waiting.METRICS,
    "Groups that a scrape asks for": groups.METRICS,
}
"""By the heading of the reference."""

METRICS: tuple[Metric, ...] = tuple(one for part in PARTS.values() for one in part)
