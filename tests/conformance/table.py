"""Requirements and citations put together: what is missing, and the page about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from .citations import Citation
from .requirements import FAMILIES, LEVELS, Requirement
from .results import FAILED, PASSED, SKIPPED, Results, runs_here

Requirements = Mapping[str, Requirement]

_HEAD = """\
Conformance
===========

.. Written by ``python -m tests.conformance --write``.

What RFCs ask of an IGMP/MLD proxy, requirement by requirement, and the tests that show it.
The requirements are in our own words and stand in ``docs/requirements``; the sections are
those of RFC 9776 (IGMPv3), RFC 9777 (MLDv2), RFC 4605 (the proxy) and of others that are
named. *Project* is a rule of our own where the RFCs leave a choice. Where a requirement is not
met or has nothing to apply to, the reason is told instead of tests; where it is met in part, or
in another way, the reservation stands beside them. "In make test" are tests that need a kernel
of their own to talk to.

INC and EXC are the filter modes INCLUDE and EXCLUDE with their lists, in EXC(X,Y) the wanted
and the blocked sources; ``+`` joins lists, ``*`` intersects them and ``-`` takes away. Q(G) is
a group-specific query, Q(G,S) one about sources of a group.

"""

_TABLE = """\
.. list-table::
   :header-rows: 1
   :widths: 10 8 32 40 10

   * - Id
     - Level
     - Requirement
     - Tests, or the reason
     - Result
"""


class Table:
    """Which tests cite which requirement."""

    def __init__(self, requirements: Requirements, citations: Iterable[Citation]) -> None:
        self.requirements = requirements
        self.tests: dict[str, list[str]] = {key: [] for key in requirements}
        self.unknown: list[Citation] = []
        for citation in citations:
            if citation.requirement in self.tests:
                self.tests[citation.requirement].append(citation.test)
            else:
                self.unknown.append(citation)

    def gaps(self, level: str) -> list[str]:
        """Requirements of that level with neither a test nor a reason."""
        return [
            key
            for key, rule in self.requirements.items()
            if rule.level == level and not self.tests[key] and not rule.reason
        ]

    def problems(self) -> Iterator[str]:
        """What must not be: a MUST without test or reason, an id that is none."""
        for key in self.gaps("M"):
            yield f"{key} has neither a test nor a reason: {self.requirements[key].text}"
        for citation in self.unknown:
            yield f"{citation.test} cites {citation.requirement}, which does not exist"

    def coverage(self, level: str) -> str:
        """How many requirements of that level have tests, in words."""
        keys = [key for key, rule in self.requirements.items() if rule.level == level]
        tested = sum(bool(self.tests[key]) for key in keys)
        alone = sum(bool(self.requirements[k].reason) and not self.tests[k] for k in keys)
        reserved = sum(bool(self.requirements[k].reason and self.tests[k]) for k in keys)
        share = 100 * tested / len(keys) if keys else 100.0
        gaps = len(keys) - tested - alone
        return (
            f"{LEVELS[level]}: {tested} of {len(keys)} have tests ({share:.1f} %), {reserved} of "
            f"these with a reservation; {alone} a reason instead, {gaps} neither"
        )

    # -- the page

    def page(self, results: Results) -> str:
        """The page in reStructuredText."""
        parts = [_HEAD]
        parts += [f"* {self.coverage(level)}\n" for level in ("M", "S")]
        for title, rules in groupby(self.requirements.values(), lambda rule: rule.part):
            parts.append(f"\n{title}\n{'-' * len(title)}\n\n{_TABLE}")
            parts += [self._row(rule, results) for rule in rules]
        return "".join(parts)

    def _row(self, rule: Requirement, results: Results) -> str:
        tests = self.tests[rule.id]
        shown = [f"``{name.removeprefix('tests.')}``" for name in tests]
        if rule.reason:
            shown.append(_escaped(rule.reason))
        cells = (
            rule.id,
            LEVELS[rule.level],
            f"{_escaped(rule.text)} ({_place(rule)})",
            "\n       ".join(f"| {each}" for each in shown) or "none",
            _result(tests, results) + ("; with a reservation" if tests and rule.reason else ""),
        )
        first, *others = cells
        return f"   * - {first}\n" + "".join(f"     - {cell}\n" for cell in others)


def _place(rule: Requirement) -> str:
    family = "" if rule.family == "both" else f"{FAMILIES[rule.family]}; "
    return f"{family}RFC {rule.section}"


def _escaped(text: str) -> str:
    return text.replace("*", r"\*").replace("|", r"\|")


def _result(tests: list[str], results: Results) -> str:
    """What became of all tests of a requirement."""
    if not tests:
        return "no test"
    outcomes = {results.of(test) for test in tests}
    for worst in (FAILED, SKIPPED):
        if worst in outcomes:
            return worst
    if "" not in outcomes:
        return PASSED
    missing = [test for test in tests if not results.of(test)]
    rest = "not run" if any(map(runs_here, missing)) else "in make test"
    return f"{PASSED}; some {rest}" if PASSED in outcomes else rest
