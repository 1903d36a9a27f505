"""The interfaces that a plan names and that do not exist."""

from __future__ import annotations

import socket
from collections.abc import Callable

from ..config.names import is_pattern
from .plan.plan import Plan

NamedInterface = tuple[str, str]
"""The name of an instance, and of an interface that it names."""


def missing(
    plan: Plan, exists: Callable[[str], bool], before: Plan | None = None
) -> list[NamedInterface]:
    """The interfaces that ``plan`` names, and ``before`` did not, and that do not exist.

    A pattern is none: it is for interfaces that come and go.
    """
    new = named(plan) - named(before or Plan())
    return [(instance, name) for instance, name in sorted(new) if not exists(name)]


def notes_of(interfaces: list[NamedInterface]) -> list[str]:
    """A sentence for each missing interface, for the operator."""
    names = dict.fromkeys(name for _, name in interfaces)
    return [
        f"interface {name} does not exist on this machine now; it will be used as soon as it "
        "appears"
        for name in names
    ]


def exists_now(interface: str) -> bool:
    """Whether this machine has the interface now, by its name or an alternative name."""
    try:
        socket.if_nametoindex(interface)
    except OSError:
        return False
    return True


def named(plan: Plan) -> set[NamedInterface]:
    """The interfaces that the plan names."""
    return {
        (one.instance, name)
        for one in plan.instances
        for name in (*one.upstreams, *one.downstreams.names)
        if not is_pattern(name)
    }
