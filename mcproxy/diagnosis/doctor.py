"""Runs all checks, in the order of what makes the others pointless, and sums them up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .checks import addresses, firewall, interfaces, kernel, links, queriers, reverse_path
from .findings import Finding, Severity
from .situation import Situation


class Check(NamedTuple):
    """A group of traps: its name, what is true when it finds nothing, and its functions.

    Without a configuration those that need a plan do not run; without the capabilities of the
    daemon those that need rights may find nothing and are not called fine.
    """

    name: str
    fine: str
    functions: tuple[Callable[[Situation], Iterator[Finding]], ...]
    needs_plan: bool = True
    needs_rights: bool = False


CHECKS = (
    Check(
        "rights", "This user has the capabilities that the daemon needs.", (kernel.rights,), False
    ),
    Check(
        "kernel",
        "The kernel can route the multicast of all instances.",
        (kernel.kernel_support,),
        needs_rights=True,
    ),
    Check(
        "tables",
        "The kernel tables are free, or the daemon's own.",
        (kernel.other_router,),
        needs_rights=True,
    ),
    Check("rules", "No policy rule leads to another table.", (kernel.policy_rule,)),
    Check("limits", "The kernel's limits leave enough room.", (kernel.memberships_limit,)),
    Check(
        "interfaces",
        "All interfaces exist, are up and have a carrier.",
        (
            interfaces.missing,
            interfaces.same_interface,
            interfaces.bridge_port,
            interfaces.down,
            interfaces.table_full,
        ),
    ),
    Check(
        "addresses",
        "All interfaces have the addresses that they need.",
        (addresses.family_unused, addresses.addresses, interfaces.same_subnet),
    ),
    Check(
        "firewall",
        "The packet filters let reports, queries and data pass.",
        (firewall.unread, firewall.reports, firewall.queries, firewall.data, firewall.output),
    ),
    Check("rp-filter", "rp_filter lets the data of sources pass.", (reverse_path.rp_filter,)),
    Check(
        "queriers",
        "The queriers are where they should be.",
        (
            queriers.other_querier,
            queriers.upstream_silent,
            queriers.older_querier,
            queriers.slow_querier,
        ),
    ),
    Check("versions", "The kernel speaks the daemon's versions.", (links.forced_version,)),
    Check("mtu", "All downstreams carry the packets of their upstreams.", (links.mtu,)),
    Check(
        "bridges",
        "Bridges know who has joined.",
        (links.snooping, links.unnamed_interface),
    ),
    Check("programs", "No local program has joined on a downstream.", (links.local_program,)),
)
"""Earlier checks find causes of what later ones find."""


@dataclass(frozen=True)
class Report:
    """All findings: the problems first, then warnings, then what is fine."""

    findings: tuple[Finding, ...]

    def of(self, severity: Severity) -> list[Finding]:
        """The findings of one severity."""
        return [one for one in self.findings if one.severity == severity]

    @property
    def verdict(self) -> str:
        """One sentence: the worst cause and what to do, or that there is none."""
        worst = self.findings[0] if self.findings else None
        if worst is None or worst.severity == Severity.FINE:
            return f"No problem found in {len(self.findings)} checks."
        label = "Cause" if worst.severity == Severity.PROBLEM else "Possible cause"
        command = f" ({worst.command})" if worst.command else ""
        return f"{label}: {worst.found.rstrip('.')}; {_within(worst.cure)}{command}."

    def as_answer(self) -> dict[str, object]:
        """All of it, for JSON."""
        return {
            "problems": len(self.of(Severity.PROBLEM)),
            "warnings": len(self.of(Severity.WARNING)),
            "findings": [one.as_row() for one in self.findings],
            "verdict": self.verdict,
        }


def examine(situation: Situation, before: Iterable[Finding] = ()) -> Report:
    """The report of all checks; ``before`` are findings made on the way to the situation."""
    found = list(before)
    for check in CHECKS:
        if check.needs_plan and not situation.plan.instances:
            continue  # nothing is known of what the machine should do
        new = [one for function in check.functions for one in function(situation)]
        if not new and not (check.needs_rights and situation.facts.missing_capabilities):
            new = [Finding(check.name, Severity.FINE, check.fine)]
        found += new
    return Report(tuple(sorted(dict.fromkeys(found), key=lambda one: -one.severity)))


def _within(sentence: str) -> str:
    """A sentence as the end of another one."""
    first = sentence.split(maxsplit=1)[0]
    begin = sentence[:1] if first.isupper() else sentence[:1].lower()
    return begin + sentence[1:].rstrip(".")
