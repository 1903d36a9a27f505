"""Roles of interfaces that work, and that a mistake may have given.

``mcproxy check`` prints them as notes, and the daemon logs them when it starts and reloads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .model import Configuration, InstanceConfig


class Notable(NamedTuple):
    """A sentence about an instance, and an interface of it or an empty name."""

    instance: str
    interface: str
    text: str


def notable(configuration: Configuration) -> list[Notable]:
    """What is notable about each instance."""
    return [found for instance in configuration.instances for found in _of_instance(instance)]


def _of_instance(instance: InstanceConfig) -> Iterator[Notable]:
    if not instance.upstreams:
        among = ", ".join(instance.downstream)
        yield Notable(
            instance.name,
            "",
            f"instance {instance.name} has no upstream: it forwards among {among}, and asks"
            " nobody for groups (see upstream)",
        )
    for name in instance.upstreams:
        if name in instance.downstream:
            yield Notable(
                instance.name,
                name,
                f"{name} is upstream and downstream of instance {instance.name}: a link between"
                " proxies (RFC 7287), whose joins are not passed on to other upstreams; if other"
                " hosts are there, give it one role",
            )
