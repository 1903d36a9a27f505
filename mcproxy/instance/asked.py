"""Where a group is asked for upstream, and what says no to it: for views, which only read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..config.model import DOWNSTREAM, IN, OUT, UPSTREAM
from ..protocol.family import Address
from ..protocol.sources import NOTHING, SourceFilter

if TYPE_CHECKING:
    from .instance import ProxyInstance


BOUNDARY, FILTER = "boundary", "filter"


class Verdict(NamedTuple):
    """Who says no: ``by`` is short, ``setting`` is the key that decides, ``text`` a sentence."""

    by: str
    setting: str | None
    text: str


class Asked:
    """What one instance asks upstream, and why it does not.

    It asks filters of its own, so that a look at them counts as no denial.
    """

    def __init__(self, instance: ProxyInstance) -> None:
        self._instance = instance
        self._upstreams = [
            (name, upstream)
            for name, upstream in instance.upstreams.items()
            if upstream.link is not None
        ]
        current = instance.family.current_version
        # An answer about 50,000 groups asks these for each one, so they are few and plain.
        self._asked = [
            (
                name,
                upstream.host.asked_since,
                None if upstream.host.version == current else upstream.leaves_out,
            )
            for name, upstream in self._upstreams
        ]
        plan = instance.planned.forwarding
        self._foreign = instance.links.usable.foreign
        self._policy_plan = plan.policy
        self._policy = plan.policy.policy()
        self._checks_links = plan.per_source

    def upstreams(self, group: Address) -> list[tuple[str, float]]:
        """The upstreams on which the group is joined, and since when."""
        return [
            (name, since[group])
            for name, since, leaves_out in self._asked
            if group in since and not (leaves_out and leaves_out(group))
        ]

    def refusal(self, link: str, group: Address, is_asked: bool) -> Verdict | None:
        """What keeps the group from ``link``, whose hosts want it; None if nothing does."""
        if link in self._foreign:
            text = "another router is the querier there, and forwards to the link"
            return Verdict("querier", "allowed-queriers", text)
        if self._checks_links:
            denied = self._denied_on_link(link, group)
            if denied is not None:
                return denied
        return None if is_asked else self._not_asked(link, group)

    def _denied_on_link(self, link: str, group: Address) -> Verdict | None:
        if self._policy.within_boundary(group):
            text = "the group stays within the boundary: upstreams are not asked for it"
            return Verdict(BOUNDARY, "boundary", text)
        downstream = self._instance.downstreams.get(link)
        if downstream is None:
            return None  # it went while a long answer was made
        wanted = downstream.querier.subscription(group)
        passing = self._policy.downstream(link).outward
        if wanted != NOTHING and passing.restrict(group, wanted) == NOTHING:
            return self._filtered(link, DOWNSTREAM, OUT)
        return None

    def _not_asked(self, link: str, group: Address) -> Verdict | None:
        instance = self._instance
        if not instance.upstreams:
            return Verdict("no upstream", "upstream", "the instance has no upstream to ask")
        if not self._upstreams:
            names = ", ".join(instance.upstreams)
            return Verdict("upstream down", None, f"no upstream can be used now: {names}")
        if link in instance.selection.peers:
            return Verdict(
                "peer", None, "joins of a peer are not passed on (RFC 7287, section 4.3)"
            )
        if all(upstream.leaves_out(group) for _, upstream in self._upstreams):
            text = "the router upstream speaks an older version, which cannot name sources"
            return Verdict("older querier", "ssm-fallback", text)
        return self._denied_upstream(group, instance.database.merged(group))

    def _denied_upstream(self, group: Address, wanted: SourceFilter) -> Verdict | None:
        for name, _ in self._upstreams:
            if self._policy.upstream(name).inward.restrict(group, wanted) != NOTHING:
                return None
        return self._filtered(self._upstreams[0][0], UPSTREAM, IN)

    def _filtered(self, name: str, role: str, direction: str) -> Verdict:
        number = self._policy_plan.position(name, role, direction)
        key = f"instance.{self._instance.planned.instance}.filter" + (
            "" if number is None else f"[{number}]"
        )
        return Verdict(
            FILTER, key, f'the filter of {role} {name}, direction "{direction}", denies it'
        )
