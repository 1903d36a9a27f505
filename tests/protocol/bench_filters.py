"""``python -m tests.protocol.bench_filters``: a look-up among 10 rules and among 10,000."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from mcproxy.protocol.family import IPV4
from mcproxy.protocol.filters import Filter, Range, Rule

GROUPS, SOURCES = 0xEF000000, 0x0A000000


def _range(first: int, last: int) -> Range:
    return Range(first.to_bytes(4), last.to_bytes(4))


def _single_groups(n: int) -> Rule:
    return Rule(_range(GROUPS + n, GROUPS + n))


def _channels(n: int) -> Rule:
    return Rule(_range(GROUPS + n, GROUPS + n), _range(SOURCES + n, SOURCES + n))


def _one_group(n: int) -> Rule:
    return Rule(_range(GROUPS, GROUPS), _range(SOURCES + 2 * n, SOURCES + 2 * n))


def _nested(n: int) -> Rule:
    return Rule(
        _range(GROUPS + n // 2, GROUPS + 40000 - n), _range(SOURCES + 2 * n, SOURCES + 2 * n)
    )


def _mixed(n: int) -> Rule:
    chance = random.Random(n)
    group, source = chance.randrange(40000), chance.randrange(40000)
    return Rule(
        _range(GROUPS + group, GROUPS + group + chance.randrange(4000)),
        _range(SOURCES + source, SOURCES + source + chance.randrange(300)),
    )


def measure(make: Callable[[int], Rule], count: int) -> tuple[float, float]:
    """Seconds to build a table of so many rules, and microseconds of a look-up in it."""
    begin = time.perf_counter()
    made = Filter(IPV4, [make(n) for n in range(count)], True)
    built = time.perf_counter() - begin
    chance = random.Random(1)
    asked = [
        tuple((base + chance.randrange(count)).to_bytes(4) for base in (GROUPS, SOURCES))
        for _ in range(20000)
    ]
    best = min(_lookups(made, asked) for _ in range(5))
    return built, best / len(asked) * 1e6


def _lookups(made: Filter, asked: list[tuple[bytes, ...]]) -> float:
    begin = time.perf_counter()
    for group, source in asked:
        made.passes(group, source)
    return time.perf_counter() - begin


def main() -> None:
    """Print a line for each kind of table."""
    for make in (_single_groups, _channels, _one_group, _nested, _mixed):
        (_, few), (built, many) = measure(make, 10), measure(make, 10_000)
        name = make.__name__.strip("_")
        times = f"10: {few:5.2f} us  10,000: {many:5.2f} us  {many / few:4.1f} times"
        print(f"{name:14} {times}, {built:4.2f} s to build")


if __name__ == "__main__":
    main()
