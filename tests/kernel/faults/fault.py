"""Fault: what is wrong, how a test stages it, and the cause that ``explain`` names."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcproxy.protocol.family import FAMILIES, IPV4, Family

if TYPE_CHECKING:
    from ..explaining import ExplainTestCase

Words = tuple[str, ...]
Stage = Callable[["ExplainTestCase"], Words | None]

_TO_IPV6 = (
    (r"239\.1\.1\.1", "ff15::1"),
    (r"239\.1\.0\.0/16", "ff15::/64"),
    (r"232\.1\.1\.1", "ff35::8000:1"),
    (r"224\.0\.0\.99", "ff02::99"),
    (r"10\.0\.(\d)\.(\d+)", r"fd00:\1::\2"),
    (r"IGMPv2", "MLDv1"),
    (r"IGMPv3", "MLDv2"),
    (r"IGMP", "MLD"),
    (r"IPv4", "IPv6"),
    (r"\bTTL\b", "hop limit"),
)


def in_family(text: str, family: Family) -> str:
    """A text about IPv4, for a family."""
    if family is not IPV4:
        for pattern, replacement in _TO_IPV6:
            text = re.sub(pattern, replacement, text)
    return text


@dataclass(frozen=True)
class Fault:
    """``what`` is wrong, and what the last sentence says: ``says``, in which "..." is any text.

    ``cure`` is how its end begins, what to do. All are about IPv4. ``stage`` sets the fault up, and
    returns the arguments of ``explain`` where they are more than the group.
    """

    name: str
    what: str
    says: str
    cure: str
    stage: Stage
    families: tuple[Family, ...] = FAMILIES

    def pattern(self, family: Family) -> str:
        """A regular expression for the cause and what to do."""
        cause = ".*".join(map(re.escape, in_family(self.says, family).split(" ... ")))
        return f"{cause}.*; what to do: {re.escape(in_family(self.cure, family))}"


FAULTS: dict[str, list[Fault]] = {}
"""All faults, by the module that stages them."""


def fault(
    what: str, says: str, cure: str, *families: Family
) -> Callable[[Callable[[Any], Words | None]], Callable[[Any], Words | None]]:
    """Make a fault of the function that stages it."""

    def define(stage: Callable[[Any], Words | None]) -> Callable[[Any], Words | None]:
        module = stage.__module__.rpartition(".")[2]
        one = Fault(stage.__name__, what, says, cure, stage, families or FAMILIES)
        FAULTS.setdefault(module, []).append(one)
        return stage

    return define


def add_tests(case: type[ExplainTestCase], module: str) -> type[ExplainTestCase]:
    """Give a test case a test for each fault of a module in its family."""
    for one in FAULTS[module]:
        if case.family in one.families:
            setattr(case, f"test_{one.name}_is_named", _test_of(one))
    return case


def _test_of(one: Fault) -> Callable[[ExplainTestCase], None]:
    def test(case: ExplainTestCase) -> None:
        words = one.stage(case) or (case.group,)
        case.assert_cause(one.pattern(case.family), *words)

    test.__doc__ = one.what
    return test
