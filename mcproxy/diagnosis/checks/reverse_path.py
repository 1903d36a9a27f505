"""rp_filter: the kernel drops data of sources to which it has no route back."""

from __future__ import annotations

from collections.abc import Iterator

from ...linux.host.links import HostLink
from ...linux.host.settings import STRICT
from ...protocol.family import IPV4, Address, text
from ..commands import set_for_all_and
from ..findings import Finding, Severity, problem
from ..situation import UPSTREAM, Role, Situation

_MODES = {1: "strict (1)", 2: "loose (2)"}


def rp_filter(situation: Situation) -> Iterator[Finding]:
    """Upstreams whose rp_filter drops sources that are named, or all but those of its subnet."""
    for role, link in situation.in_role(UPSTREAM):
        mode = situation.settings(link).rp_filter
        if role.family is not IPV4 or not mode:
            continue
        named = _dropped(situation, role, link, mode)
        if named:
            yield role.about(_named(situation, link, mode, named))
        elif situation.facts.routes and not _leads_out(situation, link, mode):
            yield role.about(_all_others(situation, link, mode))


def _dropped(situation: Situation, role: Role, link: HostLink, mode: int) -> list[Address]:
    """The known sources that this interface would not accept."""
    facts = situation.facts
    ours = {one.link.index for one in situation.roles if one.plan is role.plan and one.link}
    return sorted(
        source
        for source, index in facts.towards.items()
        if index is None or (mode == STRICT and index != link.index and index not in ours)
    )


def _leads_out(situation: Situation, link: HostLink, mode: int) -> bool:
    """Whether sources outside of the link's own subnets can pass."""
    routes = situation.facts.routes.get(IPV4, ())
    own = any(route.oif == link.index and not route.connected for route in routes)
    return own or (mode != STRICT and _default(situation) is not None)


def _default(situation: Situation) -> int | None:
    """The interface of the default route."""
    routes = situation.facts.routes.get(IPV4, ())
    return next((route.oif for route in routes if not route.prefix_length), None)


def _named(situation: Situation, link: HostLink, mode: int, sources: list[Address]) -> Finding:
    first = sources[0]
    way = situation.facts.towards[first]
    route = "has no route" if way is None else f"leads to {situation.facts.name_of(way)}"
    return problem(
        "rp-filter",
        f"rp_filter is {_MODES.get(mode, mode)} on {link.name}, and source {text(first)} {route}.",
        f"The kernel drops the data of this source that arrives on {link.name}"
        f"{_counted(situation)}.",
        f"Add a route to the source over {link.name}, or switch rp_filter off (also for all).",
        _off(link),
    )


def _all_others(situation: Situation, link: HostLink, mode: int) -> Finding:
    default = _default(situation)
    way = "there is no default route"
    if default is not None:
        way = f"the default route leads to {situation.facts.name_of(default)}"
    certain = default is not None or situation.facts.rp_filter_drops
    return Finding(
        "rp-filter",
        Severity.PROBLEM if certain else Severity.WARNING,
        f"rp_filter is {_MODES.get(mode, mode)} on {link.name}, {link.name} has no route but that"
        f" of its own subnet, and {way}.",
        f"The kernel drops the data of all sources outside of this subnet{_counted(situation)}.",
        f"Add a route to the sources over {link.name}, or switch rp_filter off (also for all).",
        _off(link),
    )


def _counted(situation: Situation) -> str:
    drops = situation.facts.rp_filter_drops
    return f"; rp_filter has dropped {drops} packets on this machine" if drops else ""


def _off(link: HostLink) -> str:
    return set_for_all_and(link.name, "ipv4", "rp_filter", 0)
