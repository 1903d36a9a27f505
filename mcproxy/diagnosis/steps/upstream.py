"""The policy, and the upstream side: which upstream is asked, and what its router does."""

from __future__ import annotations

from collections.abc import Iterator

from ..evidence import Evidence, LinkEvidence, UpstreamEvidence
from .hosts import REFUSALS, ago
from .step import Step, note, ok, wrong

_UPSTREAM_VERDICTS = ("no upstream", "upstream down")


def policy(evidence: Evidence, link: LinkEvidence) -> Iterator[Step]:
    """Filters, boundary and others that say no to a group which hosts have joined."""
    refused = link.group.get("refused") if link.group else None
    if refused is None or refused["by"] in REFUSALS or refused["by"] in _UPSTREAM_VERDICTS:
        if link.group is not None:
            yield ok("policy", f"No filter and no boundary denies {evidence.group}.")
        return
    by, setting = refused["by"], refused["setting"]
    text = f"{evidence.group} is not passed to {link.name}: {refused['text']}"
    cures = {
        "filter": f"Allow {evidence.group} in this filter.",
        "boundary": f"Take {evidence.group} out of boundary, if it should cross it.",
        "older querier": "Have the router upstream use the current version, or set"
        " ssm-fallback = true.",
        "querier": f"Switch off that querier, or set allowed-queriers = [] for {link.name}.",
        "peer": "Have hosts join on a downstream of this proxy.",
    }
    where = f" ({setting})" if setting else ""
    yield wrong("policy", f"{text}{where}.", cures.get(by, f"See {setting}."))


def upstream(evidence: Evidence) -> Iterator[Step]:
    """Which upstream is asked for the group, and why not the others."""
    instance = evidence.instance.partition("/")[0]
    usable = [one for one in evidence.upstreams if one.is_usable]
    if not evidence.upstreams:
        command = f"mcproxy add upstream IF --to {instance}"
        text = f"Instance {instance} has no upstream, so that nobody is asked for {evidence.group}."
        yield wrong("upstream", text, "Add the interface towards the source.", command)
        return
    if not usable:
        first = evidence.upstreams[0]
        reasons = ", ".join(
            f"{one.name} ({one.interface.get('reason') or 'down'})" for one in evidence.upstreams
        )
        cure = first.interface.get("cure") or "the log says what failed"
        text = f"No upstream of instance {instance} can be used: {reasons}."
        yield wrong("upstream", text, f"{cure[:1].upper()}{cure[1:]}.")
        return
    asked = [one for one in usable if one.group is not None]
    for one in asked:
        yield _asked(evidence, one)
    for one in evidence.upstreams:
        if not one.is_usable:
            reason = one.interface.get("reason") or "down"
            yield note("upstream", f"Upstream {one.name} is not used: {reason}.")
        elif not asked or one not in asked:
            held = " (it is held back: upstream-hold-time)" * (one.interface["state"] == "held")
            why = f"; {asked[0].name} comes first" if asked and not held else ""
            text = f"Upstream {one.name} is not asked for {evidence.group}{held}{why}."
            yield note("upstream", text)


def _asked(evidence: Evidence, one: UpstreamEvidence) -> Step:
    row = one.group or {}
    sources = ", ".join(row["source-address"][:3])
    mode = f" ({row['filter-mode']} {sources})" if sources else ""
    left_out = "" if row["reported"] else "; the report leaves it out, since its router is older"
    since = row["up-time"]
    text = f"Upstream {one.name} is asked for {evidence.group}{mode}"
    text += "" if since is None else f" for {since:.0f} s"
    text += f"{left_out}; the last report left {ago(one.interface['last-report-sent'])}"
    return ok("upstream", f"{text}, and {router(evidence, one)}.")


def router(evidence: Evidence, one: UpstreamEvidence) -> str:
    """What is known of the router on an upstream."""
    row, protocol = one.interface, evidence.family.protocol
    if row.get("querier-address") is None:
        return f"no {protocol} querier has been heard there for {evidence.up_time:.0f} s"
    return (
        f"its querier {row['querier-address']} ({protocol}v{row['querier-version']}) asked"
        f" {ago(row['last-query-heard'])}"
    )
