"""``python -m tests.protocol.policy.bench_filters``: filters of 10 rules and of 10,000.

For each kind of table it measures, in microseconds, look-ups of a group that was looked up
before: for data, for a subscription to ten sources, and for one to all sources; then the mean and
the longest of all first look-ups; the seconds to build the table; and its memory.
"""

from __future__ import annotations

import gc
import random
import time
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from mcproxy.protocol.family import IPV4, Address
from mcproxy.protocol.policy.filters import AddressRange, CompiledFilter, FilterRule
from mcproxy.protocol.sources import ANY_SOURCE, INCLUDE, SourceFilter

GROUPS, SOURCES = 0xEF000000, 0x0A000000
SPAN = 40_000
LOOKUPS, MANY_LOOKUPS = 20_000, 100_000


class LookUp(NamedTuple):
    """A look-up: a group, a source, the iif of the data, and a list of sources."""

    group: Address
    source: Address
    came_from: str | None
    wanted: SourceFilter


def _range(first: int, last: int) -> AddressRange:
    return AddressRange(first.to_bytes(4), last.to_bytes(4))


def _prefix(base: int, chance: random.Random) -> AddressRange:
    size = 1 << chance.randrange(16)
    first = base + chance.randrange(SPAN) // size * size
    return _range(first, first + size - 1)


def _single_groups(n: int) -> FilterRule:
    return FilterRule(_range(GROUPS + n, GROUPS + n))


def _channels(n: int) -> FilterRule:
    return FilterRule(_range(GROUPS + n, GROUPS + n), _range(SOURCES + n, SOURCES + n))


def _one_group(n: int) -> FilterRule:
    return FilterRule(_range(GROUPS, GROUPS), _range(SOURCES + 2 * n, SOURCES + 2 * n))


def _any_group(n: int) -> FilterRule:
    return FilterRule(None, _range(SOURCES + 3 * n, SOURCES + 3 * n + 1))


def _nested(n: int) -> FilterRule:
    return FilterRule(
        _range(GROUPS + n // 2, GROUPS + SPAN - n), _range(SOURCES + 2 * n, SOURCES + 2 * n)
    )


def _ranges(n: int) -> FilterRule:
    chance = random.Random(n)
    group, source = chance.randrange(SPAN), chance.randrange(SPAN)
    return FilterRule(
        _range(GROUPS + group, GROUPS + group + chance.randrange(4000)),
        _range(SOURCES + source, SOURCES + source + chance.randrange(300)),
    )


def _prefixes(n: int) -> FilterRule:
    chance = random.Random(n)
    return FilterRule(_prefix(GROUPS, chance), _prefix(SOURCES, chance))


def _few_sources(n: int) -> FilterRule:
    chance = random.Random(n)
    source = SOURCES + chance.randrange(SPAN)
    return FilterRule(_prefix(GROUPS, chance), _range(source, source))


def _overlapping(n: int) -> FilterRule:
    chance = random.Random(n)
    source = SOURCES + chance.randrange(SPAN)
    return FilterRule(_range(GROUPS, GROUPS + 255), _range(source, source + chance.randrange(4000)))


def _wide(n: int) -> FilterRule:
    chance = random.Random(n)
    group = GROUPS + chance.randrange(SPAN)
    source = SOURCES + chance.randrange(SPAN)
    return FilterRule(_range(group, group + SPAN), _range(source, source + chance.randrange(SPAN)))


def _wide_single(n: int) -> FilterRule:
    group = GROUPS + random.Random(n).randrange(SPAN)
    return FilterRule(_range(group, group + SPAN // 2), _range(SOURCES + 2 * n, SOURCES + 2 * n))


def _interfaces(n: int) -> FilterRule:
    return _ranges(n)._replace(came_from=f"eth{n % 33}" if n % 33 else None)


def _half_of_any(n: int) -> FilterRule:
    return _ranges(n)._replace(came_from=f"eth{n % 64}" if n % 64 < 32 else None)


def _each_its_own(n: int) -> FilterRule:
    return _ranges(n)._replace(came_from=f"eth{n}")


KINDS = (
    _single_groups,
    _channels,
    _one_group,
    _any_group,
    _nested,
    _ranges,
    _prefixes,
    _few_sources,
    _overlapping,
    _wide,
    _wide_single,
    _interfaces,
    _half_of_any,
    _each_its_own,
)


def _queries(rules: Sequence[FilterRule], count: int = LOOKUPS) -> list[LookUp]:
    """Return look-ups of groups and sources of the rules, and of others close to them."""
    chance = random.Random(1)

    def near(base: int, ranges: Iterable[AddressRange | None]) -> Callable[[], Address]:
        ends = [int.from_bytes(end) for one in ranges if one is not None for end in one]
        ends = ends or [base]
        return lambda: (chance.choice(ends) + chance.randrange(-1, 2)).to_bytes(4)

    group = near(GROUPS, (rule.group for rule in rules))
    source = near(SOURCES, (rule.source for rule in rules))
    lists = [SourceFilter(INCLUDE, frozenset(source() for _ in range(10))) for _ in range(100)]
    return [
        LookUp(group(), source(), chance.choice(rules).came_from, chance.choice(lists))
        for _ in range(count)
    ]


def _passes(made: CompiledFilter, one: LookUp) -> None:
    made.passes(one.group, one.source, one.came_from)


def _of_ten(made: CompiledFilter, one: LookUp) -> None:
    made.restrict(one.group, one.wanted, one.came_from)


def _of_all(made: CompiledFilter, one: LookUp) -> None:
    made.rest(one.group, ANY_SOURCE, one.came_from)


LOOKED_UP = (_passes, _of_ten, _of_all)


def _microseconds(
    made: CompiledFilter, do: Callable[[CompiledFilter, LookUp], None], asked: list[LookUp]
) -> float:
    """Return the time of one look-up: the best of five rounds, without that of the loop."""

    def once(what: Callable[[CompiledFilter, LookUp], None]) -> float:
        begin = time.process_time()
        for one in asked:
            what(made, one)
        return time.process_time() - begin

    rounds, empty = ([once(what) for _ in range(5)] for what in (do, lambda made, one: None))
    return (min(rounds) - min(empty)) / len(asked) * 1e6


def _first(made: CompiledFilter, asked: list[LookUp]) -> tuple[float, float]:
    """Return the mean and the longest of all first look-ups, in microseconds."""
    taken = []
    for one in asked:
        begin = time.process_time()
        _passes(made, one)
        _of_all(made, one)
        taken.append(time.process_time() - begin)
    return sum(taken) / len(taken) * 1e6, max(taken) * 1e6


def measure(make: Callable[[int], FilterRule], count: int) -> tuple[list[float], str]:
    """Return the microseconds of look-ups in a table of ``count`` rules, and the rest as text."""
    rules = [make(n) for n in range(count)]
    asked = _queries(rules)
    begin = time.process_time()
    made = CompiledFilter(IPV4, rules, True)
    built = time.process_time() - begin
    mean, worst = _first(made, asked)
    figures = [_microseconds(made, do, asked) for do in LOOKED_UP]
    return figures, f"first {mean:6.1f} (at most {worst:5.0f}) us, built in {built:4.2f} s"


def memory(make: Callable[[int], FilterRule], count: int) -> float:
    """Return the megabytes that a table takes after very many different look-ups."""
    rules = [make(n) for n in range(count)]
    asked = _queries(rules, MANY_LOOKUPS)
    tracemalloc.start()
    made = CompiledFilter(IPV4, rules, True)
    for one in asked:
        _passes(made, one)
        _of_all(made, one)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return taken / 1e6


def main() -> None:
    """Print the results for each kind of table."""
    gc.disable()  # a collection would be measured as part of a look-up
    for make in KINDS:
        few, _ = measure(make, 10)
        many, rest = measure(make, 10_000)
        print(f"{make.__name__.strip('_')}: {rest}, {memory(make, 10_000):4.1f} MB")
        for do, one, other in zip(LOOKED_UP, few, many, strict=True):
            name = do.__name__.strip("_")
            print(f"    {name:8} {one:6.2f} us  {other:6.2f} us  {other / one:4.1f} times")


if __name__ == "__main__":
    main()
