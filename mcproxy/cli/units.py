"""Numbers as a reader wants them."""

from __future__ import annotations

from functools import lru_cache

NONE = "-"


@lru_cache(1 << 14)
def duration(seconds: float | None) -> str:
    """A time in its two largest units, as ``3m12s``; a dash for None."""
    if seconds is None:
        return NONE
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}m{rest:02}s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h{minutes:02}m"
    days, hours = divmod(hours, 24)
    return f"{days}d{hours:02}h"


def quantity(number: float | None, unit: str) -> str:
    """A number with a decimal prefix, as ``1.2 Mbit/s``; a dash for None."""
    if number is None:
        return NONE
    for prefix in ("", "k", "M", "G"):
        if abs(number) < 1000 or prefix == "G":
            break
        number /= 1000
    shown = f"{number:.0f}" if not prefix or abs(number) >= 100 else f"{number:.1f}"
    return f"{shown} {prefix}{unit}".rstrip()
