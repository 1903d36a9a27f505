"""The requirements: docs/developer/requirements/*.toml.

A rule is ``id = [level, families, RFC and section, requirement]``. The level is M (must), S
(should), O (optional) or P, a rule of this project where the RFCs leave a choice; the families are
igmp, mld or both. RFC 9776 is IGMPv3, RFC 9777 MLDv2 and RFC 4605 the proxy. INC and EXC are the
filter modes with their lists, X the wanted and Y the blocked sources; for lists, + is the union, *
the intersection and - the difference. Q(G) is a group-specific query, Q(G,S) one for sources. The
table ``[reasons]`` says why a rule is met in part, not met, or does not apply.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..source import PROJECT

FOLDER = PROJECT / "docs/developer/requirements"
FILES = ("wire.toml", "router.toml", "proxy.toml", "mobility.toml", "discovery.toml")

LEVELS = {"M": "must", "S": "should", "O": "optional", "P": "project"}
FAMILIES = {"igmp": "IGMP", "mld": "MLD", "both": "both"}


class BadRequirementsError(Exception):
    """A file of requirements contains a mistake."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One rule; ``section`` is its place in the RFCs, ``part`` the title of its part."""

    id: str
    level: str
    family: str
    section: str
    text: str
    part: str
    reason: str = ""


def load(folder: Path = FOLDER, files: Iterable[str] = FILES) -> dict[str, Requirement]:
    """Return all requirements by id, in their order; raise BadRequirementsError for a mistake."""
    found: dict[str, Requirement] = {}
    for name in files:
        document = tomllib.loads((folder / name).read_text(encoding="utf-8"))
        reasons = document.get("reasons", {})
        for rule in _rules(document, reasons):
            if rule.id in found:
                raise BadRequirementsError(f"{rule.id} is defined twice")
            if rule.level not in LEVELS or rule.family not in FAMILIES or not rule.text:
                raise BadRequirementsError(f"{rule.id}: unknown level, unknown family, or no text")
            found[rule.id] = rule
        if unknown := reasons.keys() - found.keys():
            raise BadRequirementsError(f"reasons for unknown rules: {', '.join(sorted(unknown))}")
    return found


def _rules(document: dict[str, Any], reasons: dict[str, str]) -> Iterator[Requirement]:
    for part in document["section"]:
        for key, (level, family, section, text) in part["rules"].items():
            reason = reasons.get(key, "")
            yield Requirement(key, level, family, section, text, part["title"], reason)
