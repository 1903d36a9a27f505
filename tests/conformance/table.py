"""The table of requirements and their tests: what is missing, and the page."""

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

This page lists what the RFCs require of an IGMP/MLD proxy, and the tests that show each
requirement. The requirements are in our own words, in ``docs/developer/requirements``. The
sections are those of RFC 9776 (IGMPv3), RFC 9777 (MLDv2), RFC 4605 (the proxy) and of other RFCs
where named. For RFC 9776 and RFC 9777 the last drafts before publication were read,
draft-ietf-pim-3376bis-11 and draft-ietf-pim-3810bis-11: each MUST and each SHOULD for hosts,
routers and proxies has a row. Only those of the service interface for programs (sections 2 and 3)
have none. *Project* marks a rule of our own where the RFCs leave a choice. If a requirement is not
met or does not apply, a reason stands in place of the tests; if it is met in part or in another
way, the reservation stands beside them. "In make test" marks tests that need network namespaces.

INC and EXC are the filter modes INCLUDE and EXCLUDE with their lists; in EXC(X,Y), X are the
wanted and Y the blocked sources. For lists, ``+`` is the union, ``*`` the intersection and ``-``
the difference. Q(G) is a group-specific query, Q(G,S) a query for sources of a group.

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
    """The tests that cite each requirement."""

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
        """Return the requirements of that level that have neither a test nor a reason."""
        return [
            key
            for key, rule in self.requirements.items()
            if rule.level == level and not self.tests[key] and not rule.reason
        ]

    def problems(self) -> Iterator[str]:
        """Yield a message for each MUST without test or reason, and for each unknown id."""
        for key in self.gaps("M"):
            yield f"{key} has neither a test nor a reason: {self.requirements[key].text}"
        for citation in self.unknown:
            yield f"{citation.test} cites {citation.requirement}, which does not exist"

    def coverage(self, level: str) -> str:
        """Return in words how many requirements of that level have tests."""
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
        """Return the page in reStructuredText."""
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
    """Return the common result of all tests of a requirement."""
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
