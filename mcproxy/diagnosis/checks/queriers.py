"""Queriers, as the running daemon hears them."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Finding, Severity, problem, warning
from ..situation import DOWNSTREAM, UPSTREAM, Situation

PATIENCE = 260.0
"""Seconds after which a querier must have been heard: the group membership interval."""

SWITCH_MEMORY = 260.0
"""Seconds for which snooping switches usually remember a membership (RFC 4541)."""


def upstream_silent(situation: Situation) -> Iterator[Finding]:
    """Upstreams on which no router asks, or asks no longer."""
    daemon = situation.daemon
    for role in situation.roles:
        if daemon is None or role.role != UPSTREAM or role.row.get("state") != "up":
            continue
        heard = role.row.get("last-query-heard")
        if (daemon.up_time if heard is None else heard) <= PATIENCE:
            continue
        interval = next(
            (one.report_interval for one in situation.plan.upstreams if one.interface == role.name),
            None,
        )
        late = interval is not None and interval > PATIENCE
        protocol = role.family.protocol
        since = "since the daemon started" if heard is None else f"for {heard:.0f} seconds"
        found = Finding(
            "upstream-silent",
            Severity.PROBLEM if late else Severity.WARNING,
            f"No {protocol} querier was heard on upstream {role.interface} {since}.",
            f"The daemon repeats its reports only every {interval:.0f} seconds, and routers forget"
            " a membership earlier."
            if late and interval
            else "The router may not forward multicast there, and switches may end streams after"
            " some minutes.",
            f"Enable {protocol} on the router, and a querier on the switch between;"
            " report-interval = 60 helps until then.",
        )
        yield role.about(found)


def other_querier(situation: Situation) -> Iterator[Finding]:
    """Downstreams on which another router is the querier."""
    for role in situation.roles:
        if role.role != DOWNSTREAM or role.row.get("querier") != "other":
            continue
        address = role.row.get("querier-address")
        found = problem(
            "other-querier",
            f"{address} is the {role.family.protocol} querier on {role.interface}.",
            f"The daemon forwards nothing to {role.interface} until that querier goes silent.",
            f"Switch off that querier, or set allowed-queriers = [] for {role.name};"
            " behind a snooping switch also router-discovery = true.",
        )
        yield role.about(found)


def older_querier(situation: Situation) -> Iterator[Finding]:
    """Upstreams whose router speaks an older version."""
    for role in situation.roles:
        heard = role.row.get("querier-version") if role.role == UPSTREAM else None
        if heard is None or heard >= role.version:
            continue
        protocol = role.family.protocol
        found = warning(
            "older-querier",
            f"The router on upstream {role.interface} speaks {protocol}v{heard}, and the daemon"
            f" {protocol}v{role.version}.",
            "The daemon reports in the older version, which cannot name sources: source-specific"
            " groups are left out (see ssm-fallback).",
            f"Set the router to {protocol}v{role.version}.",
        )
        yield role.about(found)


def slow_querier(situation: Situation) -> Iterator[Finding]:
    """Upstreams whose querier asks so seldom that switches forget memberships between."""
    for role in situation.roles:
        interval = role.row.get("querier-interval") if role.role == UPSTREAM else None
        if interval is None or interval <= SWITCH_MEMORY:
            continue
        found = warning(
            "slow-querier",
            f"The querier on upstream {role.interface} asks every {interval} seconds.",
            f"Switches between forget a membership after about {SWITCH_MEMORY:.0f} seconds, and the"
            " daemon reports it again only when it is asked.",
            "Shorten the query interval of that router to 125 seconds, or set report-interval"
            " = 60.",
        )
        yield role.about(found)
