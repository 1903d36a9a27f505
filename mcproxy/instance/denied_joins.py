"""Tells of joins that a filter or the boundary denies, to those who read such events."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

from ..events.bus import Events
from ..events.membership import JoinDenied
from ..protocol.family import Address
from .asked import BOUNDARY, FILTER, Asked

if TYPE_CHECKING:
    from .instance import ProxyInstance

MOST_TOLD = 100
"""Most groups of one change that are examined: a new link or filter changes all groups at once."""


def tell_denied(instance: ProxyInstance, events: Events, groups: Iterable[Address]) -> None:
    """Tell of each link whose hosts want one of the ``groups`` and that is denied it."""
    if not instance.planned.forwarding.per_source:
        return  # it has no filters
    asked = Asked(instance)
    for group in islice(groups, MOST_TOLD):
        is_asked = bool(asked.upstreams(group))
        for name, downstream in instance.downstreams.items():
            known = downstream.querier.groups.get(group)
            verdict = known and asked.refusal(name, group, is_asked)
            if known and verdict and verdict.by in (FILTER, BOUNDARY):
                events.tell(
                    JoinDenied(
                        group=group,
                        host=known.last_reporter,
                        setting=verdict.setting or verdict.by,
                        explanation=verdict.text,
                        instance=instance.name,
                        interface=name,
                    )
                )
