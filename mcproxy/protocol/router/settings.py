"""The settings of the router part, and the times that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..family import Address
from ..sources import SourceFilter
from ..wire.encoding import decode_float, encode_float
from .admission import SsmPolicy


@dataclass(frozen=True, slots=True)
class QuerierSettings:
    """Timers and limits of one link; times in seconds (RFC 9776, section 8).

    A query interval above 128 s that the wire cannot carry is used as the wire carries it.
    ``version`` is what is spoken as a router, None the current one.

    ``explicit_tracking`` keeps who wants what, host by host, as ``immediate_leave`` needs it;
    ``max_hosts`` and ``max_group_hosts`` bound that. Other limits are none where they are
    None; ``max_report_rate`` is messages a second. ``allowed_queriers`` may become querier in
    our place, where it is not None, and nobody without ``elects``. ``static`` is wanted
    whatever hosts say.
    """

    query_interval: float = 125.0
    query_response_interval: float = 10.0
    robustness: int = 2
    last_member_query_interval: float = 1.0
    immediate_leave: bool = False
    explicit_tracking: bool = False
    max_hosts: int = 10_000
    max_group_hosts: int = 1000
    max_groups: int | None = None
    max_group_sources: int | None = None
    max_report_rate: float | None = None
    allowed_queriers: frozenset[Address] | None = None
    elects: bool = True
    static: Mapping[Address, SourceFilter] = field(default_factory=dict)
    ssm: SsmPolicy | None = None
    version: int | None = None

    def as_told(self, robustness: int, interval: float) -> QuerierSettings:
        """These with the elected querier's timers (section 6.6.2); 0 tells the defaults."""
        defaults = QuerierSettings()
        return replace(
            self,
            robustness=robustness or defaults.robustness,
            query_interval=float(interval or defaults.query_interval),
        )

    @property
    def tracks_hosts(self) -> bool:
        """Whether it is noted who wants what."""
        return self.explicit_tracking or self.immediate_leave

    @property
    def carried_interval(self) -> float:
        """The query interval as hosts and other routers come to know it."""
        if self.query_interval < 128:
            return self.query_interval
        return float(decode_float(encode_float(int(self.query_interval), 8), 8))

    @property
    def group_membership_interval(self) -> float:
        """How long a group stays that nobody reports; MLD's address listening interval.

        It is also how long a host of an older version counts as present.
        """
        return self.robustness * self.carried_interval + self.query_response_interval

    @property
    def other_querier_present_interval(self) -> float:
        """How long after its last query another querier counts as being there."""
        return self.robustness * self.carried_interval + self.query_response_interval / 2

    @property
    def last_member_query_time(self) -> float:
        """How long after a leave a group stays that nobody claims."""
        return self.last_member_query_interval * self.robustness

    @property
    def startup_query_interval(self) -> float:
        """The time between the first general queries."""
        return self.carried_interval / 4
