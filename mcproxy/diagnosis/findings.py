"""Finding: what a check says about one thing, in sentences for the operator."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """How bad a finding is; the worst comes last."""

    FINE = 0
    WARNING = 1
    PROBLEM = 2

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence each for what was ``found``, its ``effect``, and the ``cure``.

    ``check`` identifies the trap; docs/troubleshooting/index.rst has a section of this name.
    ``subject`` is what it is about, such as "down1 (downstream of tv)"; ``interface`` and
    ``instance`` name it where it is one. ``command`` carries the cure out, if a command can.
    """

    check: str
    severity: Severity
    found: str
    effect: str = ""
    cure: str = ""
    command: str = ""
    subject: str = ""
    interface: str = ""
    instance: str = ""

    def as_row(self) -> dict[str, str]:
        """All members, for JSON."""
        return {
            "check": self.check,
            "severity": str(self.severity),
            "subject": self.subject,
            "interface": self.interface,
            "instance": self.instance,
            "found": self.found,
            "effect": self.effect,
            "cure": self.cure,
            "command": self.command,
        }


def problem(check: str, found: str, effect: str, cure: str, command: str = "") -> Finding:
    """A finding that keeps multicast from flowing."""
    return Finding(check, Severity.PROBLEM, found, effect, cure, command)


def warning(check: str, found: str, effect: str, cure: str, command: str = "") -> Finding:
    """A finding that may keep multicast from flowing, or that costs something."""
    return Finding(check, Severity.WARNING, found, effect, cure, command)
