"""From a configuration to a Situation: which tables and sources matter, then the facts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ..config.model import Configuration
from ..instance.plan.plan import Plan, compile_plan
from ..protocol.family import Address, packed
from .facts import HostFacts, collect
from .situation import DaemonState, Situation


def gather(
    configuration: Configuration | None,
    daemon: DaemonState | None = None,
    sources: Collection[Address] = (),
    listen_time: float = 0.0,
) -> Situation:
    """Look at this machine with a configuration in mind; ConfigurationError, OSError. Blocks.

    ``sources`` are addresses that hosts have asked for, beside those of the configuration.
    ``listen_time`` is for how many seconds to listen for hosts.
    """
    plan = Plan() if configuration is None else compile_plan(configuration)
    named = Situation(HostFacts({}), plan).sources | frozenset(sources)
    tables = [(one.family, one.number) for one in plan.tables]
    return Situation(collect(tables, sorted(named), listen_time), plan, daemon)


def daemon_state(
    status: Mapping[str, Any], interfaces: Mapping[str, Any], groups: Mapping[str, Any]
) -> DaemonState:
    """What the views of a running daemon say of it."""
    joined = frozenset(
        packed(row["group-address"]) for row in groups["groups"] if row["state"] == "joined"
    )
    return DaemonState(status["pid"], status["up-time"], tuple(interfaces["interfaces"]), joined)


def requested_sources(groups: Mapping[str, Any]) -> frozenset[Address]:
    """The sources that hosts have asked for, from the view of groups."""
    return frozenset(
        packed(source["source-address"])
        for row in groups["groups"]
        if row["filter-mode"] == "include"
        for source in row["source"]
    )
