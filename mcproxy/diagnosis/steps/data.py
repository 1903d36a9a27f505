"""The data: what the kernel's entry says, where data arrives, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..evidence import Arrived, Evidence, LinkEvidence, Row
from ..findings import Finding
from .step import Step, from_finding, note, ok, wrong
from .upstream import router

_ENOUGH = 10
"""Packets that must have arrived before it means something that none left."""

_HEADERS = {"ipv4": 20, "ipv6": 40}


def kernel(evidence: Evidence) -> Iterator[Step]:
    """What the kernel's entries for the group are and count."""
    refused = {kind: count for kind, count in evidence.kernel_refused.items() if count}
    if evidence.entries is None:
        yield note("kernel", "The kernel's entries could not be read.")
    elif evidence.entries:
        yield ok("kernel", "; ".join(_entry(row) for row in evidence.flows) or "An entry exists.")
    elif refused:
        kinds = ", ".join(f"{kind} ({count} times)" for kind, count in refused.items())
        yield wrong(
            "kernel",
            f"The kernel has no entry for {evidence.group}, and refused changes: {kinds}.",
            "See the daemon's log for the reason, above all the limit of entries"
            " (net.ipv6.route.mroute) and the memory.",
        )
    elif evidence.per_source or not evidence.flows:
        yield note("kernel", f"The kernel has no entry for {evidence.group} yet: none is needed.")
    else:
        yield note("kernel", f"The kernel has no entry for {evidence.group} at this moment.")


def _entry(row: Row) -> str:
    ways = ", ".join(row["outgoing-interface"]) or "nowhere"
    wrong_interface = row["wrong-interface"]
    wrong = f", {wrong_interface} from wrong interfaces" if wrong_interface else ""
    return (
        f"({row['source-address']}, {row['group-address']}) from {row['incoming-interface']} to"
        f" {ways}: {row['packets']} packets{wrong}"
    )


def data(evidence: Evidence, link: LinkEvidence) -> Iterator[Step]:
    """Whether data arrives, and leaves on the link."""
    yield from _seen(evidence)
    if link.interface["state"] == "down" or link.interface.get("querier") == "other":
        yield _without_flow(evidence, f"nothing is forwarded to {link.name}")
        return
    rows = [row for row in evidence.flows if link.name in row["outgoing-interface"]]
    row = _best(rows or list(evidence.flows))
    if row is None:
        yield _without_flow(evidence, f"{evidence.group} is not forwarded anywhere")
        return
    arrived = _arrived(evidence, row)
    left = evidence.capture.on(link.name, leaving=True)
    left = [one for one in left if evidence.source in (None, one.source)]
    if rows and left:
        yield _flows(evidence, link, row, left)
    elif rows and row["state"] == "forwarding" and _counts(evidence, arrived):
        yield _flows(evidence, link, row, [])
    else:
        yield _stopped(evidence, link, row, arrived)


def _best(rows: list[Row]) -> Row | None:
    """The flow that tells most: one that is forwarded, or at least counts something."""
    return max(rows, key=lambda row: (row["state"] == "forwarding", row["packets"]), default=None)


def _arrived(evidence: Evidence, row: Row) -> list[Arrived]:
    """What arrived at the flow's incoming interface."""
    found = evidence.capture.on(row["incoming-interface"])
    wanted = evidence.source or row["source-address"]
    return [one for one in found if wanted in ("*", one.source)]


def _counts(evidence: Evidence, arrived: list[Arrived]) -> bool:
    """Whether the capture does not contradict the counters, by which the flow is forwarded."""
    if evidence.source is not None and not arrived and evidence.capture.seconds:
        return False
    return sum(one.packets for one in arrived) < _ENOUGH


def _flows(evidence: Evidence, link: LinkEvidence, row: Row, left: list[Arrived]) -> Step:
    bits = row.get("bit-rate")
    rate = f" at {bits / 1000:.0f} kbit/s" if bits else ""
    seen = f"; {sum(one.packets for one in left)} packets were seen to leave" if left else ""
    return ok(
        "data",
        f"The data of {evidence.what} flows from {row['incoming-interface']} to {link.name}"
        f"{rate}{seen}.",
    )


def _seen(evidence: Evidence) -> Iterator[Step]:
    """What the capture saw, interface by interface."""
    capture = evidence.capture
    if capture.failure:
        yield note("capture", f"The links could not be listened to: {capture.failure}.")
    for one in capture.arrived:
        verb = "Leaving by" if one.is_leaving else "Arriving at"
        yield note(
            "capture",
            f"{verb} {one.interface}: {one.packets} packets of {one.source} in"
            f" {capture.seconds:.1f} s ({one.rate:.0f}/s), {evidence.hops_name} {one.hops}, at most"
            f" {one.length} bytes.",
        )
    for heard in capture.heard:
        verb = "sent on" if heard.is_leaving else "received on"
        fault = f", not acceptable ({heard.fault})" if heard.fault else ""
        yield note("capture", f"{heard.kind} of {heard.host} {verb} {heard.interface}{fault}.")


def _without_flow(evidence: Evidence, effect: str) -> Step:
    """Nobody wants the group, or the link cannot be served, so that no flow of it is judged."""
    arrived = sorted({one.interface for one in evidence.capture.arrived if not one.is_leaving})
    where = f"Data arrives at {', '.join(arrived)}, and" if arrived else "No data was seen, and"
    return note("data", f"{where} {effect}.")


# -- why it does not flow

_Reason = Callable[[Evidence, LinkEvidence, Row, list[Arrived]], Step | None]


def _stopped(evidence: Evidence, link: LinkEvidence, row: Row, arrived: list[Arrived]) -> Step:
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
    if row["state"] != "silent" or arrived:
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


_REASONS: tuple[_Reason, ...] = (
    _denied,
    _too_few_hops,
    _rp_filter,
    _too_large,
    _firewall,
    _other_source,
    _elsewhere,
    _nothing_arrives,
)
"""In this order: an earlier one explains what later ones see."""
