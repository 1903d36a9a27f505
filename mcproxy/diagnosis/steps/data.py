"""The data: what the kernel's entry says, where data arrives, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator

from ..evidence import Arrived, Evidence, LinkEvidence, Row
from .step import Step, note, ok, wrong
from .stopped import stopped

_ENOUGH = 10
"""Packets that must have arrived before it means something that none left."""

_RECENT = 3.0
"""Seconds without a packet after which a stream does not flow."""


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
    if not rows and link.group is None:
        yield _without_flow(evidence, f"no host on {link.name} has asked for it")
        return
    row = _best(rows or list(evidence.flows))
    if row is None:
        yield _without_flow(evidence, f"{evidence.group} is not forwarded anywhere")
        return
    arrived = _arrived(evidence, row)
    left = evidence.capture.on(link.name, leaving=True)
    left = [one for one in left if evidence.source in (None, one.source)]
    if rows and left:
        yield _flows(evidence, link, row, left)
    elif rows and row["state"] == "forwarding" and _counts(evidence, row, arrived):
        yield _flows(evidence, link, row, [])
    else:
        yield stopped(evidence, link, row, arrived)


def _best(rows: list[Row]) -> Row | None:
    """The flow that tells most: one that is forwarded, or at least counts something."""
    return max(rows, key=lambda row: (row["state"] == "forwarding", row["packets"]), default=None)


def _arrived(evidence: Evidence, row: Row) -> list[Arrived]:
    """What arrived at the flow's incoming interface."""
    found = evidence.capture.on(row["incoming-interface"])
    wanted = evidence.source or row["source-address"]
    return [one for one in found if wanted in ("*", one.source)]


def _counts(evidence: Evidence, row: Row, arrived: list[Arrived]) -> bool:
    """Whether the capture does not contradict the counters, by which the flow is forwarded.

    They may be those of half a minute, in which the stream may have ended.
    """
    if row["last-seen"] is None or row["last-seen"] > max(_RECENT, evidence.capture.seconds):
        return False
    if evidence.source is not None and not arrived and evidence.capture.seconds:
        return False
    return sum(one.packets for one in arrived) < _ENOUGH


def _flows(evidence: Evidence, link: LinkEvidence, row: Row, left: list[Arrived]) -> Step:
    bits = row.get("bit-rate")
    rate = f" at {bits / 1000:.0f} kbit/s" if bits else ""
    seen = f"; {sum(one.packets for one in left)} packets were seen to leave" if left else ""
    if not left and evidence.capture.seconds and not evidence.capture.failure:
        seconds = evidence.capture.seconds
        seen = f", by the kernel's counters; no packet was seen to leave in {seconds:.1f} s"
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
