"""Each group on each downstream link, and the joins that were refused there lately."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...instance.asked import Asked, Verdict
from ...instance.refusals import EXPLANATIONS, Refused, setting_of
from ...protocol.family import Address, Family
from ...protocol.router.admission import Refusal
from ...protocol.router.group import STOPPED, Group
from ...protocol.router.tracking import HostTable, as_membership
from ...protocol.sources import EXCLUDE, INCLUDE
from .values import Row, in_order, place, seconds_since, seconds_until, short_text

if TYPE_CHECKING:
    from ...instance.downstream import Downstream
    from ...instance.instance import ProxyInstance
    from ...proxy import Proxy

RECENT = 3600.0
"""Seconds for which a refused join is shown."""

JOINED, REFUSED = "joined", "refused"
"""What a row is about: a group that hosts have joined, or joins that were all refused."""


def rows(proxy: Proxy) -> Iterator[Row | None]:
    """Groups with filter mode, sources, upstreams that are asked, and what says no.

    ``asked-time`` is how long upstreams have been asked, the one that was asked first.

    Groups whose joins were all refused follow, link by link.
    """
    for instance in list(proxy.instances):
        for name, downstream in sorted(instance.downstreams.items()):
            yield from _LinkGroups(instance, name, downstream, proxy.timer.now()).rows()


def row_of(
    instance: ProxyInstance, name: str, downstream: Downstream, group: Address, now: float
) -> Row | None:
    """The row of one group on one link; None where nobody has asked for it."""
    return _LinkGroups(instance, name, downstream, now).row(group)


class _LinkGroups:
    """The groups of one link at one moment."""

    def __init__(
        self, instance: ProxyInstance, name: str, downstream: Downstream, now: float
    ) -> None:
        self._name = name
        self._querier = downstream.querier
        self._now = now
        self._asked = Asked(instance)
        self._refused = downstream.refusals.since(now - RECENT)
        self._place = place(instance, name)

    def row(self, address: Address) -> Row | None:
        """The row of one group; None where nobody has asked for it."""
        group = self._querier.groups.get(address)
        if group is not None:
            return self._group(address, group)
        is_refused = address in self._refused
        return self._place | self._without_group(address) if is_refused else None

    def rows(self) -> Iterator[Row | None]:
        """A row for each group; None is a pause."""
        groups = self._querier.groups
        for address in in_order(groups):
            group = None if address is None else groups.get(address)
            if address is None or group is None:
                yield None
            else:
                yield self._group(address, group)
        for address in in_order(self._refused):
            if address is not None and address not in groups:
                yield self._place | self._without_group(address)

    def _group(self, address: Address, group: Group) -> Row:
        """In EXCLUDE mode the group has the time ``expire``; in INCLUDE mode its sources do."""
        now, current = self._now, self._querier.version
        asked = self._asked.upstreams(address)
        verdict = self._asked.refusal(self._name, address, bool(asked))
        reporter = group.last_reporter
        instance, family, interface = self._place.values()
        row = {
            "instance": instance,
            "family": family,
            "interface": interface,
            "group-address": short_text(address),
            "state": JOINED,
            "filter-mode": group.mode.value,
            "expire": round(group.timer - now, 1) if group.mode is EXCLUDE else None,
            "source": _sources(group, now) if group.sources else [],
            "version": group.older.oldest(current, now) if group.older else current,
            "up-time": round(now - group.since, 1),
            "last-reporter": None if reporter is None else short_text(reporter),
            "asked": [name for name, _ in asked],
            "asked-time": round(now - min(when for _, when in asked), 1) if asked else None,
            "refused": None if verdict is None else _verdict(verdict),
        }
        if self._refused and verdict is None:
            row["refused"] = self._refusal(address)
        return row if group.hosts is None else row | _hosts(group.hosts, now)

    def _without_group(self, address: Address) -> Row:
        """A group that nobody could join."""
        return {
            "group-address": short_text(address),
            "state": REFUSED,
            "filter-mode": None,
            "expire": None,
            "source": [],
            "version": self._querier.version,
            "up-time": None,
            "last-reporter": None,
            "asked": [],
            "asked-time": None,
            "refused": self._refusal(address),
        }

    def _refusal(self, address: Address) -> Row | None:
        """The last refused join of a group on the link; None for none lately."""
        found = self._refused.get(address)
        if found is None:
            return None
        reason, one = found
        return _join_refused(reason, one, self._querier.family, self._now)


def _verdict(verdict: Verdict) -> Row:
    return {"by": verdict.by, "setting": verdict.setting, "text": verdict.text}


def _join_refused(reason: Refusal, one: Refused, family: Family, now: float) -> Row:
    return {
        "by": reason.value,
        "setting": setting_of(reason, family),
        "text": EXPLANATIONS[reason],
        "host-address": short_text(one.host),
        "count": one.count,
        "last": seconds_since(one.last, now),
    }


def _sources(group: Group, now: float) -> list[Row]:
    return [
        {
            "source-address": short_text(source),
            "forwarded": when != STOPPED,
            "expire": None if when == STOPPED else seconds_until(when, now),
        }
        for source, when in sorted(group.sources.items())
    ]


def _hosts(table: HostTable, now: float) -> Row:
    """What each tracked host wants of a group.

    ``all-known`` says whether every host that may be a member is listed.
    """
    hosts = []
    for host, noted in sorted(table.items()):
        wish = as_membership(noted)
        is_excluding = wish.any_until > now
        if wish.until > now:
            hosts.append(
                {
                    "host-address": short_text(host),
                    "filter-mode": (EXCLUDE if is_excluding else INCLUDE).value,
                    "source-address": sorted(map(short_text, wish.sources)),
                    "expire": seconds_until(wish.until, now),
                }
            )
    return {"host": hosts, "all-known": table.unknowable_until <= now}
