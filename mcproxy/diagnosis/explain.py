"""Explain: why a stream does or does not reach a link, from evidence alone.

The chain goes from the host to the source: group, link, querier, hosts, policy, upstream, kernel,
data. Its first problem is the cause, since what comes after it follows from it; a stream that
flows has no cause, so that its problems are notes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .evidence import Evidence, LinkEvidence
from .steps import data, hosts, upstream
from .steps.step import Step, Verdict

_LINK_CHECKS = ("mtu", "forced-version", "local-program", "unnamed-interface")
"""Findings about the machine that are worth a note whatever the cause is."""


@dataclass(frozen=True, slots=True)
class LinkExplanation:
    """The chain of one link; ``evidence`` is what it was made of."""

    evidence: Evidence
    interface: str
    steps: tuple[Step, ...]
    flows: bool

    @property
    def cause(self) -> Step | None:
        """The step at which the stream ends; None if it flows."""
        return next((step for step in self.steps if step.is_problem), None)

    @property
    def verdict(self) -> str:
        """One sentence: that it flows, or the cause and what to do."""
        cause = self.cause
        where = f"{self.evidence.what} to {self.interface} ({self.evidence.instance})"
        if cause is None:
            return f"It flows: {where}."
        command = f" ({cause.command})" if cause.command else ""
        text = cause.text.rstrip(".")
        return f"Cause: {text}; what to do: {cause.cure.rstrip('.')}{command}."

    def as_row(self) -> dict[str, object]:
        """All of it, for JSON."""
        return {
            "instance": self.evidence.instance,
            "family": self.evidence.family.name,
            "interface": self.interface,
            "flows": self.flows,
            "steps": [step.as_row() for step in self.steps],
            "verdict": self.verdict,
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """The chains of all links that were examined, those that want the group first."""

    group: str
    source: str | None
    links: tuple[LinkExplanation, ...]

    @property
    def flows(self) -> bool:
        """Whether the stream reaches each of the links."""
        return bool(self.links) and all(one.flows for one in self.links)

    @property
    def verdict(self) -> str:
        """The last sentence: about the first link that the stream does not reach.

        A link where nobody asks comes after one with a known fault: the receiver may be there.
        """
        stopped = sorted((one for one in self.links if not one.flows), key=_is_vague)
        if stopped:
            return stopped[0].verdict
        if not self.links:
            return "Cause: no instance has a downstream of this family; what to do: add one."
        names = ", ".join(one.interface for one in self.links)
        what = f"{self.source} to {self.group}" if self.source else self.group
        return f"It flows: {what} to {names}."

    def as_answer(self) -> dict[str, object]:
        """All of it, for JSON."""
        return {
            "group-address": self.group,
            "source-address": self.source,
            "flows": self.flows,
            "links": [one.as_row() for one in self.links],
            "verdict": self.verdict,
        }


def _is_vague(link: LinkExplanation) -> bool:
    """Whether the only known cause is that no host on the link asks for the group."""
    return link.cause is not None and link.cause.is_vague


def explain(evidences: Sequence[Evidence]) -> Explanation:
    """The explanation for what is known in each instance; there is at least one evidence."""
    first = evidences[0]
    links = tuple(
        _explain_link(evidence, link) for evidence in evidences for link in evidence.links
    )
    return Explanation(first.group, first.source, links)


def _explain_link(evidence: Evidence, link: LinkEvidence) -> LinkExplanation:
    steps = list(_chain(evidence, link))
    flows = any(step.name == "data" and step.verdict is Verdict.OK for step in steps)
    if flows:
        steps = [step.as_note() for step in steps]
    return LinkExplanation(evidence, link.name, tuple(steps), flows)


def _chain(evidence: Evidence, link: LinkEvidence) -> Iterator[Step]:
    yield from hosts.group(evidence)
    yield from hosts.link(link)
    yield from hosts.querier(evidence, link)
    yield from hosts.hosts(evidence, link)
    yield from upstream.policy(evidence, link)
    yield from upstream.upstream(evidence)
    yield from data.kernel(evidence)
    yield from data.data(evidence, link)
    yield from _host_notes(evidence, link)


def _host_notes(evidence: Evidence, link: LinkEvidence) -> Iterator[Step]:
    for finding in evidence.findings:
        if finding.check in _LINK_CHECKS and finding.interface in ("", link.name):
            yield Step("machine", Verdict.NOTE, finding.found, finding.cure, finding.command)
