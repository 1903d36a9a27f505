"""Why data does not flow to a link: the reasons, from the surest one on."""

from __future__ import annotations

from collections.abc import Callable

from ..evidence import Arrived, Evidence, LinkEvidence, Row
from ..findings import Finding
from .step import Step, from_finding, wrong
from .upstream import router

_Reason = Callable[[Evidence, LinkEvidence, Row, list[Arrived]], Step | None]


def stopped(evidence: Evidence, link: LinkEvidence, row: Row, arrived: list[Arrived]) -> Step:
    """The step at which the flow ``row`` ends; ``arrived`` is what its iif received of it."""
    for reason in _REASONS:
        step = reason(evidence, link, row, arrived)
        if step is not None:
            return step
    text = f"{evidence.what} is not forwarded to {link.name}: {row['reason']}."
    return wrong("data", text, "See mcproxy show flows.")


def _too_few_hops(
    evidence: Evidence, link: LinkEvidence, row: Row, arrived: list[Arrived]
) -> Step | None:
    most = max((one.hops for one in arrived), default=None)
    least = link.ttl_threshold
    if row["state"] != "ttl" if most is None else most > least:
        return None
    name, where = evidence.hops_name, row["incoming-interface"]
    text = f"Data of {evidence.what} arrives at {where} with"
    text += f" too small a {name}" if most is None else f" {name} {most}"
    if least > 1:
        return wrong(
            "data",
            f"{text}, and ttl-threshold of {link.name} is {least}.",
            f"Lower ttl-threshold, or have the source send with a {name} above {least + 1}.",
        )
    return wrong(
        "data",
        f"{text}, and routers forward only what has at least 2.",
        f"Have the source send with a higher {name}, such as 16.",
    )


def _rp_filter(
    evidence: Evidence, link: LinkEvidence, row: Row, arrived: list[Arrived]
) -> Step | None:
    iif = row["incoming-interface"]
    found = evidence.found("rp-filter", iif)
    if row["state"] != "rp-filter" and not (found and arrived and not _accepted(row)):
        return None
    if found is not None:
        return from_finding("data", found)
    return wrong(
        "data",
        f"The kernel drops the data of {evidence.what} that arrives at {iif}: rp_filter, since no"
        f" route to the source leads over {iif}.",
        f"Add a route to the source over {iif}, or set rp_filter to 0 for {iif} and for all.",
    )


def _accepted(row: Row) -> bool:
    return bool(row["packet-rate"])


def _too_large(
    evidence: Evidence, link: LinkEvidence, row: Row, arrived: list[Arrived]
) -> Step | None:
    longest = max((one.length for one in arrived), default=0)
    if row["state"] != "too-large" and not (link.mtu and longest > link.mtu):
        return None
    size = f" of {longest} bytes" if longest else ""
    return wrong(
        "data",
        f"Packets{size} of {evidence.what} are larger than the MTU {link.mtu} of {link.name}, and"
        " the kernel drops them.",
        f"Raise the MTU of {link.name}, or have the source send smaller packets.",
        f"ip link set dev {link.name} mtu {max(longest, 1500)}",
    )


def _firewall(
    evidence: Evidence, link: LinkEvidence, row: Row, arrived: list[Arrived]
) -> Step | None:
    if not arrived and row["state"] not in ("dropped-before-routing", "dropped-after-routing"):
        return None
    found = evidence.found("policy-rule", row["incoming-interface"])
    if found is None or _accepted(row):
        found = _any(evidence, "firewall-data", link) or found
    if found is not None:
        return from_finding("data", found)
    place = "after" if row["state"] == "dropped-after-routing" or _accepted(row) else "before"
    hook = "prerouting or ingress" if place == "before" else "forward, postrouting or egress"
    return wrong(
        "data",
        f"Data of {evidence.what} arrives at {row['incoming-interface']} and is dropped {place}"
        f" routing.",
        f"Look for a rule in the firewall's chains ({hook}), or a shaper that drops it.",
    )


def _any(evidence: Evidence, check: str, link: LinkEvidence) -> Finding | None:
    return evidence.found(check, link.name)


def _other_source(
    evidence: Evidence, link: LinkEvidence, row: Row, arrived: list[Arrived]
) -> Step | None:
    """Data of other sources arrives than those that hosts ask for."""
    group = link.group
    there = evidence.capture.on(row["incoming-interface"])
    if arrived or not there or (evidence.source is None and row["source-address"] == "*"):
        return None
    others = ", ".join(sorted({one.source for one in there})[:3])
    iif = row["incoming-interface"]
    if evidence.source is not None:
        text = f"Source {evidence.source} sends nothing to {iif}; data of {others} arrives there."
        return wrong("data", text, "Check the source's address, and whether it sends.")
    wanted = [one["source-address"] for one in group["source"]] if group else []
    return wrong(
        "data",
        f"Hosts on {link.name} ask for source {', '.join(wanted[:3])} of {evidence.group}, and data"
        f" of {others} arrives at {iif}.",
        "Have the hosts join the source that sends, or correct the source's address.",
    )


def _elsewhere(
    evidence: Evidence, link: LinkEvidence, row: Row, arrived: list[Arrived]
) -> Step | None:
    """Data arrives, but not where the entry accepts it from."""
    iif = row["incoming-interface"]
    seen = [one for one in evidence.capture.arrived if not one.is_leaving]
    seen = [one for one in seen if evidence.source in (None, one.source)]
    known = [one.interface for one in seen if one.interface in evidence.roles]
    places = dict.fromkeys(known or [one.interface for one in seen])
    places.pop(iif, None)
    if arrived or (not places and row["state"] != "wrong-interface"):
        return None
    names = ", ".join(f"{one} ({evidence.roles.get(one, 'in no instance')})" for one in places)
    if list(places) == [link.name]:
        text = f"The source of {evidence.what} is on {link.name} itself: its hosts have it anyway."
        return wrong("data", text, "See whether the host and a switch between let it pass.")
    return wrong(
        "data",
        f"Data of {evidence.what} arrives at {names or 'another interface'}, and the kernel accepts"
        f" it from {iif} only.",
        f"Connect the source to the link of {iif}, or make the interface where it arrives an"
        " upstream of this instance.",
    )


def _nothing_arrives(
    evidence: Evidence, link: LinkEvidence, row: Row, arrived: list[Arrived]
) -> Step | None:
    if row["state"] not in ("silent", "forwarding") or arrived:
        return None
    asked = [one for one in evidence.upstreams if one.group is not None]
    iif = row["incoming-interface"]
    found = evidence.found("firewall-output", iif)
    if found is not None:
        return from_finding("data", found)
    known = "".join(f"; {router(evidence, one)}" for one in asked[:1])
    heard = any(one.interface.get("querier-address") for one in asked)
    protocol = evidence.family.protocol
    cure = (
        "Check that the source sends, and that the router upstream receives it."
        if heard
        else f"Check that the source sends, and that {protocol} is enabled on the router upstream"
        " (and a querier, where a switch snoops)."
    )
    text = f"No data of {evidence.what} arrives at {iif}, although it is asked for{known}."
    return wrong("data", text, cure)


def _denied(
    evidence: Evidence, link: LinkEvidence, row: Row, arrived: list[Arrived]
) -> Step | None:
    if row["state"] != "denied":
        return None
    text = f"{evidence.what} is not forwarded to {link.name}: {row['reason']}."
    return wrong("data", text, "Allow it there; mcproxy show filters lists the rules that denied.")


def _to_others(
    evidence: Evidence, link: LinkEvidence, row: Row, arrived: list[Arrived]
) -> Step | None:
    """It flows to other links, and the entry does not have this one."""
    ways = row["outgoing-interface"]
    if row["state"] != "forwarding" or not ways or link.name in ways:
        return None
    return wrong(
        "data",
        f"({row['source-address']}, {evidence.group}) is forwarded to {', '.join(ways)}, and not to"
        f" {link.name}.",
        f"See what hosts on {link.name} ask for, and what is denied: mcproxy show groups.",
    )


_REASONS: tuple[_Reason, ...] = (
    _denied,
    _to_others,
    _too_few_hops,
    _rp_filter,
    _too_large,
    _firewall,
    _other_source,
    _elsewhere,
    _nothing_arrives,
)
"""In this order: an earlier one explains what later ones see."""
