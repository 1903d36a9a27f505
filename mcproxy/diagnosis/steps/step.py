"""Step: one link of the chain from a host to the source, with its verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from ..findings import Finding


class Verdict(Enum):
    """What a step says of the stream; the values are those of ``verdict`` in answers."""

    OK = "ok"
    NOTE = "note"
    """Worth knowing, and no reason why the stream does not flow."""
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Step:
    """A step: its ``name``, and a sentence of ``text``; a problem has a ``cure``.

    ``is_vague``: nobody asks for the stream on this link, and nothing is known that prevents it.
    A problem of another link tells more.
    """

    name: str
    verdict: Verdict
    text: str
    cure: str = ""
    command: str = ""
    is_vague: bool = False

    @property
    def is_problem(self) -> bool:
        """Whether it keeps the stream from flowing."""
        return self.verdict is Verdict.PROBLEM

    def as_note(self) -> Step:
        """The same where the stream flows all the same."""
        return replace(self, verdict=Verdict.NOTE) if self.is_problem else self

    def as_row(self) -> dict[str, str]:
        """All members, for JSON."""
        return {
            "step": self.name,
            "verdict": self.verdict.value,
            "text": self.text,
            "cure": self.cure,
            "command": self.command,
        }


def ok(name: str, text: str) -> Step:
    """A step that is as it should be."""
    return Step(name, Verdict.OK, text)


def note(name: str, text: str, cure: str = "") -> Step:
    """A step that is worth knowing."""
    return Step(name, Verdict.NOTE, text, cure)


def wrong(name: str, text: str, cure: str, command: str = "") -> Step:
    """A step at which the stream ends."""
    return Step(name, Verdict.PROBLEM, text, cure, command)


def from_finding(name: str, finding: Finding) -> Step:
    """A finding about the machine at which the stream ends."""
    return wrong(name, f"{finding.found} {finding.effect}".strip(), finding.cure, finding.command)
