"""The states of a kernel table."""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """What a table does with what its owners want.

    HELD: it was adopted, its owners have not said yet what they want, and nothing in the kernel
    is changed. OPEN: it is kept as its owners want it. CLOSED: it goes back to the kernel;
    whatever comes late is ignored.
    """

    HELD = "held"
    OPEN = "open"
    CLOSED = "closed"
