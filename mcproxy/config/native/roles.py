"""Checks of the interfaces of all instances together.

The kernel looks up a packet in one table, chosen by the interface that it came in on; and two
routers on one link could not tell the answers to their queries apart. So an interface is
downstream of one instance only, and upstream only of instances on one table. IPv4 and IPv6 are
checked separately. A pattern does not match an interface that another instance names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

import attrs

from ...protocol.family import MAX_VIFS
from ..errors import shown
from ..model import InstanceConfig
from ..names import EXCEPT, is_pattern, overlap
from ..origin import key_text
from .reader import Mistakes


@attrs.frozen
class _Use:
    """An interface, or a pattern, in its role in an instance."""

    name: str
    instance: str
    config: InstanceConfig
    upstream: bool

    @property
    def role(self) -> str:
        return "upstream" if self.upstream else "downstream"


def check_roles(instances: Mapping[str, InstanceConfig], mistakes: Mistakes) -> None:
    """Note interfaces that are used twice, and kernel tables with too many interfaces."""
    named: defaultdict[str, list[_Use]] = defaultdict(list)
    patterns: list[_Use] = []
    for use in _uses(instances):
        earlier = patterns if is_pattern(use.name) else named[use.name]
        _compare(use, earlier, mistakes)
        earlier.append(use)
    for name, config in instances.items():
        _check_exceptions(name, config, mistakes)
        _check_settings(name, config, named, mistakes)
    _count(instances, mistakes)


def named_elsewhere(name: str, instances: Mapping[str, InstanceConfig]) -> frozenset[str]:
    """The interfaces that other instances than ``name`` name, for a family that it has too.

    Nothing if it has no pattern that could match them.
    """
    if not any(map(is_pattern, instances[name].downstreams)):
        return frozenset()
    families = instances[name].families
    return frozenset(
        use.name
        for use in _uses(instances)
        if use.instance != name and use.config.families & families and not is_pattern(use.name)
    )


def _uses(instances: Mapping[str, InstanceConfig]) -> Iterator[_Use]:
    for name, config in instances.items():
        for upstream in config.upstreams:
            yield _Use(upstream, name, config, True)
        for downstream in config.downstreams:
            yield _Use(downstream, name, config, False)


def _compare(use: _Use, earlier: list[_Use], mistakes: Mistakes) -> None:
    """Note the first of the earlier uses that contradicts ``use``."""
    for other in earlier:
        wrong = _within(use, other) if use.instance == other.instance else _between(use, other)
        if wrong is not None:
            mistakes.add(("instance", use.instance, use.role), *wrong)
            return


def _within(use: _Use, other: _Use) -> tuple[str, str] | None:
    """What is wrong with two uses in one instance; patterns may overlap there.

    One interface may have both roles, where proxies are each other's peers.
    """
    if use.name != other.name:
        return None
    if use.upstream == other.upstream:
        return f"{shown(use.name)} is listed twice", "remove one"
    if len({*use.config.upstreams, *use.config.downstreams}) == 1:
        return (
            f"{shown(use.name)} is the only upstream and the only downstream",
            "add another interface",
        )
    return None


def _between(use: _Use, other: _Use) -> tuple[str, str] | None:
    """What is wrong with two names, or two patterns, in different instances."""
    if not (use.config.families & other.config.families and overlap(use.name, other.name)):
        return None
    if other.name in use.config.exceptions or use.name in other.config.exceptions:
        return None
    whose = f"{other.role} of instance {key_text((other.instance,))}"
    if use.name != other.name:
        what = f"{shown(use.name)} can match the same interface as {shown(other.name)}, {whose}"
    else:
        what = f"{shown(use.name)} is also {whose}"
    if not (use.upstream and other.upstream):
        return what, "give each interface one role in one instance"
    if use.config.table != other.config.table:
        return f"{what}, on another table", "give both instances the same table"
    return None


def _check_exceptions(name: str, config: InstanceConfig, mistakes: Mistakes) -> None:
    """Note exceptions that except nothing."""
    for exception in config.exceptions:
        written, where = shown(EXCEPT + exception), ("instance", name, "downstream")
        if exception in config.downstreams:
            message = f"{shown(exception)} is listed, and {written} excepts it"
            mistakes.add(where, message, "remove one of them")
        elif not any(is_pattern(one) and overlap(one, exception) for one in config.downstreams):
            message = f"{written} excepts nothing: no pattern of the list matches it"
            mistakes.add(where, message, "remove it, or add a pattern")


def _check_settings(
    name: str, config: InstanceConfig, named: Mapping[str, list[_Use]], mistakes: Mistakes
) -> None:
    """Note settings of an interface that a pattern matches, but that another instance names."""
    for interface in config.interface:
        is_elsewhere = any(
            use.instance != name and use.config.families & config.families
            for use in named.get(interface, ())
        )
        if is_elsewhere and interface not in (*config.downstream, *config.upstreams):
            where = ("instance", name, "interface", interface)
            mistakes.add(where, "another instance names this interface", "write its settings there")


def _count(instances: Mapping[str, InstanceConfig], mistakes: Mistakes) -> None:
    """Note each kernel table that would have more interfaces than it has room for."""
    named: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    full: set[int] = set()
    for name, config in instances.items():
        interfaces = {
            interface
            for interface in (*config.upstreams, *config.downstreams)
            if not is_pattern(interface)
        }
        if config.upstream_data == "none":  # the (*,*) entry takes a number without an interface
            interfaces |= {f"upstream-data of {upstream}" for upstream in config.upstreams[:1]}
        for family in sorted(config.families):
            there = named[family, config.table]
            there |= interfaces
            if len(there) > MAX_VIFS and config.table not in full:
                full.add(config.table)
                mistakes.add(
                    ("instance", name, "downstream"),
                    f"table {config.table} would have {len(there)} interfaces, but the kernel"
                    f" allows {MAX_VIFS}",
                    "move some to an instance with another table, and join the two by a veth pair"
                    ' (see "More than 31 downstreams" in docs/reference/configuration.rst)',
                )
