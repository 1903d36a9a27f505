"""The sections of RFC 9776 and RFC 9777, so that no requirement cites one that does not exist.

The sections about message fields differ from those of RFC 3376 and RFC 3810: a field for flags came
into reports, and the sections after it have higher numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_COUNTS: dict[str, dict[str, int]] = {
    "9776": {
        "": 12,
        "1": 1,
        "3": 2,
        "4": 2,
        "4.1": 12,
        "4.2": 17,
        "5": 2,
        "6": 6,
        "6.2": 3,
        "6.4": 2,
        "6.6": 3,
        "6.6.3": 2,
        "7": 3,
        "7.2": 2,
        "7.3": 2,
        "8": 14,
        "8.14": 3,
        "9": 4,
    },
    "9777": {
        "": 12,
        "1": 1,
        "2": 3,
        "4": 2,
        "5": 2,
        "5.1": 15,
        "5.2": 16,
        "6": 3,
        "7": 6,
        "7.2": 3,
        "7.4": 2,
        "7.6": 3,
        "7.6.3": 2,
        "8": 3,
        "8.2": 2,
        "8.3": 2,
        "9": 14,
        "9.14": 3,
        "10": 3,
    },
}
"""How many sections each section has; "" is the document."""

_APPENDICES = {
    "9776": {"A", "A.1", "A.2", "A.3", "B", "C"},
    "9777": {"A", "A.1", "A.2", "A.3", "B", "B.1", "B.2"},
}


def _sections(counts: Mapping[str, int]) -> Iterator[str]:
    for parent, count in counts.items():
        for number in range(1, count + 1):
            yield f"{parent}.{number}" if parent else str(number)


SECTIONS = {rfc: {*_sections(counts), *_APPENDICES[rfc]} for rfc, counts in _COUNTS.items()}


def unknown_sections(cited: str) -> list[str]:
    """Return the sections in ``cited``, as ``"9776 6.1, 8.6, 9777 7.1"``, that do not exist.

    Sections of other documents are not checked.
    """
    rfc, unknown = "", []
    for word in re.split(r",?\s+", cited):
        if re.fullmatch(r"\d{4}", word):
            rfc = word
        elif rfc in SECTIONS and word not in SECTIONS[rfc]:
            unknown.append(f"{rfc} {word}")
    return unknown
