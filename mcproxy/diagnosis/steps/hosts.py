"""The downstream side: the group, the link, its querier, and the hosts that ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...protocol.family import IPV4
from ..evidence import Evidence, LinkEvidence, Row
from .step import Step, from_finding, note, ok, wrong

FAULTS = {
    "ttl": ("were sent with more than one hop left", "have the host send them with one hop left"),
    "router-alert": (
        "lack the Router Alert option",
        "correct the host, or for IGMP set require-router-alert = false",
    ),
    "source": (
        "come from an address that is not link-local",
        "have the host report from its link-local address, as RFC 9777 says",
    ),
    "checksum": ("have a wrong checksum", "look at the host's network card and its offloading"),
    "destination": ("were sent to a wrong address", "correct the host's IGMP or MLD"),
}
"""What is wrong with dropped messages, and what to do, by the name of the counter."""

REFUSALS = {
    "scope": "use a group whose scope is wider than link-local",
    "sources": "have the host ask for sources that can send forwarded data",
    "ssm": "have the host name its source, name one with ssm-map, or change ssm-range",
    "max-groups": "raise max-groups for this interface",
    "max-group-sources": "raise max-group-sources for this interface",
    "max-sources": "raise max-sources for this interface",
    "version": "have the host use a newer version, or lower the minimum version of this interface",
    "max-report-rate": "find the host that floods the link, or raise max-report-rate",
    "max-host-report-rate": "find out why the host floods the link, or raise max-host-report-rate",
    "check-subnet": "give the host an address of the link's subnet, or set check-subnet = false",
}
"""What to do where a join was refused, by the name of the reason."""


def group(evidence: Evidence) -> Iterator[Step]:
    """Whether a router may forward the group at all."""
    if evidence.is_proxied:
        yield ok("group", f"Routers may forward {evidence.group}.")
        return
    example = "239.0.0.0/8" if evidence.family is IPV4 else "ff05::/16 or ff08::/16"
    yield wrong(
        "group",
        f"{evidence.group} is of link-local scope, which no router forwards.",
        f"Have source and hosts use a group of wider scope, such as one of {example}.",
    )


def link(link: LinkEvidence) -> Iterator[Step]:
    """Whether the downstream can be used."""
    row = link.interface
    if row["state"] == "down" or row.get("reason"):
        cure = row.get("cure") or "the log says what failed"
        effect = "is not used" if row["state"] == "down" else "cannot ask its hosts"
        text = f"Downstream {link.name} {effect}: {row.get('reason') or 'down'}."
        yield wrong("link", text, f"{cure[:1].upper()}{cure[1:]}.")
        return
    yield ok("link", f"Downstream {link.name} is up, with address {row.get('address')}.")


def querier(evidence: Evidence, link: LinkEvidence) -> Iterator[Step]:
    """Whether we are the querier there: only the querier forwards."""
    row, protocol = link.interface, evidence.family.protocol
    if row["state"] == "down":
        return
    if row.get("querier") == "other":
        yield wrong(
            "querier",
            f"{row['querier-address']} is the {protocol} querier on {link.name}, so that this proxy"
            " forwards nothing there until it goes silent.",
            f"Switch off that querier, or set allowed-queriers = [] for {link.name}.",
        )
    else:
        text = f"This proxy is the {protocol}v{row['version']} querier on {link.name}"
        yield ok("querier", f"{text}; its last query was {ago(row.get('last-query-sent'))}.")


def hosts(evidence: Evidence, link: LinkEvidence) -> Iterator[Step]:
    """Whether a host there asks for the stream, and what became of its reports."""
    row = link.group
    if link.interface["state"] == "down":
        return
    if row is not None and row["state"] == "joined":
        yield _joined(evidence, link, row)
        if row.get("refused") and row["refused"]["by"] in REFUSALS:
            yield note("hosts", _refused(evidence, row["refused"]))
    elif row is not None:
        refused = row["refused"]
        cure = REFUSALS.get(refused["by"], f"see {refused['setting']}")
        yield wrong("hosts", _refused(evidence, refused), f"{cure[:1].upper()}{cure[1:]}.")
    else:
        yield _nobody(evidence, link)


def _joined(evidence: Evidence, link: LinkEvidence, row: Row) -> Step:
    sources = [one["source-address"] for one in row["source"]]
    who = f"; {row['last-reporter']} reported it last" if row["last-reporter"] else ""
    is_include = row["filter-mode"] == "include"
    wanted = f" from {', '.join(sources[:3])} only" if is_include else ""
    since = f"{row['up-time']:.0f} s"
    text = f"Hosts on {link.name} have asked for {evidence.group}{wanted} for {since}"
    stopped = {one["source-address"] for one in row["source"] if not one["forwarded"]}
    source = evidence.source
    unwanted = source is not None and (source not in sources if is_include else source in stopped)
    if unwanted:
        return wrong(
            "hosts",
            f"No host on {link.name} asks for source {source} of {evidence.group}: they want"
            f" {'only ' + ', '.join(sources[:3]) if is_include else 'all others'}.",
            "Have the host join this source too.",
        )
    return ok("hosts", f"{text}{who}.")


def _refused(evidence: Evidence, refused: Row) -> str:
    host = refused.get("host-address")
    setting = f" (see {refused['setting']})" if refused["setting"] else ""
    who = f"The join of {host}" if host else "A join"
    return f"{who} for {evidence.group} was refused: {refused['text']}{setting}."


def _nobody(evidence: Evidence, link: LinkEvidence) -> Step:
    """Nobody asks: which of the known reasons it is."""
    return (
        _faulty(evidence, link)
        or _filtered(evidence, link)
        or _just_gone(evidence, link)
        or _unheard(evidence, link)
        or _gone(evidence, link)
        or _dropped(evidence, link)
        or _in_bridge(evidence, link)
        or _no_report(evidence, link)
    )


def _no_report(evidence: Evidence, link: LinkEvidence) -> Step:
    """Nobody asks, and no reason is known."""
    protocol = evidence.family.protocol
    step = wrong(
        "hosts",
        f"No host on {link.name} has asked for {evidence.group}: no {protocol} report of it"
        " was received.",
        f"Start the receiver; if it runs, see whether a switch before {link.name} keeps its"
        f" {protocol} reports to itself (try --capture 30; router-discovery helps).",
    )
    return replace(step, is_vague=True)


def _faulty(evidence: Evidence, link: LinkEvidence) -> Step | None:
    """The capture saw reports that break a rule."""
    for one in evidence.capture.heard:
        if one.interface == link.name and one.fault and not one.is_leaving:
            return _fault(one.fault, f"The {one.kind}s of {one.host} on {link.name}")
    return None


def _fault(reason: str, what: str) -> Step:
    text, cure = FAULTS.get(reason, (f"are malformed ({reason})", "correct the host"))
    return wrong("hosts", f"{what} are dropped: they {text}.", f"{cure[:1].upper()}{cure[1:]}.")


def _filtered(evidence: Evidence, link: LinkEvidence) -> Step | None:
    found = evidence.found("firewall-reports", link.name)
    return None if found is None else from_finding("hosts", found)


def _unheard(evidence: Evidence, link: LinkEvidence) -> Step | None:
    """The capture saw a good report, and the daemon did not take it."""
    for one in evidence.capture.heard:
        is_report = one.kind.endswith("report") and one.interface == link.name
        if is_report and not one.is_leaving and not one.fault:
            return wrong(
                "hosts",
                f"The {one.kind} of {one.host} for {evidence.group} arrived on {link.name}, and is"
                " not accepted.",
                f"See what was refused there: mcproxy show statistics --interface {link.name}.",
            )
    return None


def _just_gone(evidence: Evidence, link: LinkEvidence) -> Step | None:
    """The group ended after the capture began, so that the capture may have seen reports."""
    is_recent = link.left is not None and link.left.ago <= evidence.capture.seconds + 1
    return _gone(evidence, link) if is_recent else None


def _gone(evidence: Evidence, link: LinkEvidence) -> Step | None:
    if link.left is None:
        return None
    name, when = link.left.host, ago(link.left.ago)
    if name is None:
        text = f"No host on {link.name} wants {evidence.group} any more: the last one left, or"
        text += f" stopped reporting it, {when}."
    else:
        text = f"{name} left {evidence.group} on {link.name} {when}, and that ended it at once."
    return wrong(
        "hosts",
        text,
        "Start the receiver again; if another host still watches, do without immediate-leave there."
        if name
        else "Start the receiver again; if it still runs, see why it does not answer queries.",
    )


def _dropped(evidence: Evidence, link: LinkEvidence) -> Step | None:
    """Messages were dropped there, and perhaps those that are missing."""
    known = [(count, reason) for reason, count in link.dropped.items() if count]
    refused = [(count, reason) for reason, count in link.refused.items() if count]
    if known:
        count, reason = max(known)
        messages = f"{count} {evidence.family.protocol} messages on {link.name}"
        return _fault(reason, f"No host has asked for {evidence.group}, but {messages}")
    told = [(count, reason) for count, reason in refused if reason in REFUSALS]
    told = [one for one in told if one[1] != "scope"]
    if told:
        count, reason = max(told)
        return wrong(
            "hosts",
            f"No host on {link.name} could join {evidence.group}; {count} reports were refused"
            f" there ({reason}).",
            f"{REFUSALS[reason][:1].upper()}{REFUSALS[reason][1:]}.",
        )
    return None


def _in_bridge(evidence: Evidence, link: LinkEvidence) -> Step | None:
    """A bridge of this machine that snoops, and has heard no querier."""
    found = evidence.found("snooping-without-querier", link.name)
    return None if found is None else from_finding("hosts", found)


def ago(seconds: float | None) -> str:
    """A time since something happened, for a sentence."""
    return "never" if seconds is None else f"{seconds:.0f} s ago"
