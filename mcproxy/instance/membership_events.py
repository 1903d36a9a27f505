"""What a downstream's hosts do, as events: from packets, and from the effects of its querier."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypedDict

from ..events.bus import Events
from ..events.membership import (
    Expired,
    Joined,
    LastMemberQuery,
    Left,
    ReportReceived,
    SubscriptionChanged,
)
from ..events.routers import GeneralQuerySent, QueryHeard
from ..events.upstream import ReportSent
from ..protocol.family import Address, Family
from ..protocol.router.effects import Effects
from ..protocol.router.querier import Querier
from ..protocol.wire.packets import Leave, OldReport, Packet, Query, Report

MEMBERSHIP = frozenset(
    {Joined, SubscriptionChanged, Left, Expired, LastMemberQuery, GeneralQuerySent}
)
"""The kinds that MembershipEvents makes."""

_MOST_LEAVING = 1000


class Place(TypedDict):
    """Where something happened."""

    instance: str | None
    interface: str


class MembershipEvents:
    """Makes events of what a querier's effects mean for hosts.

    It notes who left a group that is queried now, to name the host when nobody answers.
    """

    def __init__(self, events: Events, querier: Querier) -> None:
        self._events = events
        self._querier = querier
        self._leaving: dict[Address, tuple[Address, float]] = {}

    def tell(self, effects: Effects, host: Address | None, now: float, place: Place) -> None:
        """Tell what happened; ``host`` sent a packet, or None where a deadline came."""
        for one in effects.send:
            if isinstance(one.packet, Query):
                self._tell_of_query(one.packet, host, now, place)
        for group in effects.changed:
            self._tell_of_group(group, host, now, place)

    def _tell_of_query(self, query: Query, host: Address | None, now: float, place: Place) -> None:
        if query.group == self._querier.family.unspecified:
            self._tell(GeneralQuerySent(**place))
            return
        if host is not None:
            if len(self._leaving) >= _MOST_LEAVING:
                self._leaving.clear()
            self._leaving[query.group] = host, now
        sources = tuple(sorted(query.sources))
        self._tell(LastMemberQuery(group=query.group, sources=sources, **place))

    def _tell_of_group(
        self, group: Address, host: Address | None, now: float, place: Place
    ) -> None:
        found = self._querier.groups.get(group)
        if found is None:
            self._tell_of_end(group, host, now, place)
            return
        wanted = self._querier.subscription(group)
        fields: dict[str, Any] = {
            "group": group,
            "host": host or found.last_reporter,
            "mode": wanted.mode.value,
            "sources": tuple(sorted(wanted.sources)),
        }
        if host is not None and found.since == now:
            self._tell(Joined(**fields, **place))
        else:
            self._tell(SubscriptionChanged(**fields, **place))

    def _tell_of_end(self, group: Address, host: Address | None, now: float, place: Place) -> None:
        left, when = self._leaving.pop(group, (None, 0.0))
        settings = self._querier.settings
        if host is not None:
            self._tell(Left(group=group, host=host, queried=False, **place))
        elif left is not None and now - when < settings.group_membership_interval / 2:
            self._tell(Left(group=group, host=left, queried=True, **place))
        else:
            seconds = settings.group_membership_interval
            self._tell(Expired(group=group, seconds=seconds, **place))

    def _tell(
        self,
        event: Joined | SubscriptionChanged | Left | Expired | LastMemberQuery | GeneralQuerySent,
    ) -> None:
        if type(event) in self._events.wanted:
            self._events.tell(event)


def record_events(
    kind: type[ReportReceived] | type[ReportSent], packet: Packet, **fields: Any
) -> Iterator[ReportReceived | ReportSent]:
    """An event for each group in a report or leave."""
    match packet:
        case Report():
            for record in packet:
                name = record.type.name.lower().replace("_", "-")
                sources = tuple(sorted(record.sources))
                yield kind(group=record.group, record=name, sources=sources, **fields)
        case OldReport(version=version, group=group):
            yield kind(group=group, record=f"report of version {version}", **fields)
        case Leave(group=group):
            yield kind(group=group, record="leave", **fields)


def query_heard(family: Family, query: Query, source: Address, place: Place) -> QueryHeard:
    """The event of a query that another router sent."""
    is_general = query.group == family.unspecified
    carries_interval = query.version == family.current_version
    return QueryHeard(
        querier=source,
        version=f"{family.protocol}v{query.version}",
        group=None if is_general else query.group,
        interval=query.interval if carries_interval else None,
        **place,
    )
