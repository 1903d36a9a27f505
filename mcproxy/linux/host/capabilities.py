"""The capabilities of this process."""

from __future__ import annotations

from pathlib import Path

NET_ADMIN, NET_RAW = "CAP_NET_ADMIN", "CAP_NET_RAW"
_BITS = {NET_ADMIN: 12, NET_RAW: 13}


def missing_capabilities() -> list[str]:
    """Which of the two capabilities that the daemon needs this process lacks."""
    status = Path("/proc/thread-self/status").read_text(encoding="ascii", errors="replace")
    words = next(line.split() for line in status.splitlines() if line.startswith("CapEff:"))
    effective = int(words[1], 16)
    return [name for name, bit in _BITS.items() if not effective >> bit & 1]
