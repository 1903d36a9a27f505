"""The settings of the querier of one link, and the times derived from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from ..family import Address
from ..sources import SourceFilter
from ..wire.encoding import decode_float, encode_float
from .admission import SsmPolicy


@dataclass(frozen=True, slots=True)
class QuerierSettings:
    """Timers and limits of one link; times in seconds (RFC 9776, section 8).

    A query interval above 128 s is rounded down to a value that a query can carry.
    ``version`` is the version that the router speaks; None is the current one.

    ``explicit_tracking`` notes which host wants what; ``immediate_leave`` needs that too.
    With "always" it applies while hosts of older versions are present as well.
    ``max_hosts`` and ``max_group_hosts`` limit the tracked hosts. Other limits do not apply
    where they are None; ``max_report_rate`` is in messages of all hosts per second,
    ``max_host_report_rate`` in those of each host.

    Only routers in ``allowed_queriers`` may become the querier; None allows all of them. With
    ``elects`` False there is no election: this router always queries. The ``static`` groups are
    wanted even if no host reports them. Messages of hosts of versions before
    ``oldest_host_version`` are dropped.
    """

    query_interval: float = 125.0
    query_response_interval: float = 10.0
    robustness: int = 2
    last_member_query_interval: float = 1.0
    immediate_leave: bool | Literal["always"] = False
    explicit_tracking: bool = False
    max_hosts: int = 10_000
    max_group_hosts: int = 1000
    max_groups: int | None = None
    max_group_sources: int | None = None
    max_sources: int | None = None
    max_report_rate: float | None = None
    max_host_report_rate: float | None = None
    allowed_queriers: frozenset[Address] | None = None
    elects: bool = True
    static: Mapping[Address, SourceFilter] = field(default_factory=dict)
    ssm: SsmPolicy | None = None
    version: int | None = None
    oldest_host_version: int = 1
    group_membership_interval: float = field(init=False, compare=False)
    """How long a group or source stays without a report (RFC 9776, 8.4; RFC 9777, 9.4).

    It covers two response intervals: the last answer in time to ``robustness`` queries may
    come that much later than the first one. It is stored, because each report needs it.
    """

    def __post_init__(self) -> None:
        interval = self.robustness * self.carried_interval + 2 * self.query_response_interval
        object.__setattr__(self, "group_membership_interval", interval)

    def with_querier_timers(self, robustness: int, interval: float) -> QuerierSettings:
        """These settings with the elected querier's timers (section 6.6.2).

        0 stands for the default value of the RFC.
        """
        defaults = QuerierSettings()
        return replace(
            self,
            robustness=robustness or defaults.robustness,
            query_interval=float(interval or defaults.query_interval),
        )

    @property
    def tracks_hosts(self) -> bool:
        """Whether hosts are tracked."""
        return self.explicit_tracking or bool(self.immediate_leave)

    @property
    def carried_interval(self) -> float:
        """The query interval as a query carries it."""
        if self.query_interval < 128:
            return self.query_interval
        return float(decode_float(encode_float(int(self.query_interval), 8), 8))

    @property
    def older_host_present_interval(self) -> float:
        """How long a host of an older version counts as present (RFC 9776, 8.13; RFC 9777, 9.13).

        Its group stays one response interval longer.
        """
        return self.robustness * self.carried_interval + self.query_response_interval

    @property
    def other_querier_present_interval(self) -> float:
        """How long another querier counts as present after its last query."""
        return self.robustness * self.carried_interval + self.query_response_interval / 2

    @property
    def last_member_query_time(self) -> float:
        """How long a group stays after a leave if no host answers the specific queries."""
        return self.last_member_query_interval * self.robustness

    @property
    def startup_query_interval(self) -> float:
        """The time between start-up queries."""
        return self.carried_interval / 4
