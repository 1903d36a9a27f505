"""The role of this router on one link: the querier, or a router that listens to the querier.

As the querier it sends general queries: ``robustness`` of them at start-up, a quarter of the
query interval apart, then one each query interval (RFC 9776, section 6.1).

When a router with a lower address queries, that router becomes the querier (section 6.6.2).
This router then reports its groups to the new querier (``handover``), sends no general queries,
uses the timer values of the querier's queries, and keeps its groups up to date. When the other
querier has been silent for the other querier present interval, this router becomes the querier
again, with start-up queries and its own timers.

Three deadlines belong to the role. Their keys are addresses that no group has: the unspecified
address for the next general query, the all-nodes address for the end of the other querier, the
all-routers address for the next part of the handover.
"""

from __future__ import annotations

from ..deadlines import Deadlines
from ..family import Address, Family
from ..wire.packets import Query
from .effects import Effects
from .election import Election, Verdict
from .groups import GroupTable
from .handover import PART_INTERVAL, Handover
from .queries import Queries
from .settings import QuerierSettings


class QuerierRole:
    """Elects the querier of one link and sends its general queries.

    ``settings`` are the ones in use: ``configured``, with the timers of the elected querier
    while another router is the querier.
    """

    def __init__(
        self,
        family: Family,
        settings: QuerierSettings,
        election: Election,
        groups: GroupTable,
        queries: Queries,
        deadlines: Deadlines[Address],
    ) -> None:
        self.settings = settings
        self.configured = settings
        self.election = election
        self.last_general_query: float | None = None
        self._family = family
        self._groups = groups
        self._queries = queries
        self._deadlines = deadlines
        self._startup_left = 0
        self._handover = Handover(family, groups.groups)

    @property
    def is_querier(self) -> bool:
        """Whether this router is the querier of the link."""
        return self.election.other is None

    @property
    def next_general_query(self) -> float | None:
        """When the next general query is due; None while another router is the querier."""
        return self._deadlines.when(self._family.unspecified)

    def become_querier(self, effects: Effects, now: float) -> None:
        """Become the querier: use our own timers and send the start-up queries.

        No group may expire before its hosts could answer the first query: as the other router's
        timers ran, groups may be due half a response interval after it fell silent, and reports
        that were sent while nobody listened are not known. And none stays for longer than our own
        membership interval, whatever the other router's timers were.
        """
        effects.role_changed = not self.is_querier
        self.election.win()
        self.settings = settings = self.configured
        self._groups.bound_timers(
            now + settings.query_response_interval, now + settings.group_membership_interval
        )
        self._startup_left = settings.robustness
        self._deadlines.cancel(self._family.unspecified)
        self._deadlines.cancel(self._family.all_nodes)
        self._handover.end()
        self._send_scheduled_query(effects, now)

    def reconfigure(self, settings: QuerierSettings, effects: Effects, now: float) -> None:
        """Use other settings, of the same version, from now on.

        They also decide whether the present querier may stay.
        """
        self.configured = settings
        self.election.configure(settings.allowed_queriers, settings.elects)
        other = self.election.other
        if other is None:
            self.settings = settings
            if self.last_general_query is not None:
                when = max(now, self.last_general_query + settings.carried_interval)
                self._deadlines.schedule(self._family.unspecified, when)
        elif self.election.allows(other):
            used = self.settings
            self.settings = settings.with_querier_timers(used.robustness, used.query_interval)
        else:
            self.become_querier(effects, now)

    def restore_other(self, other: Address, until: float, robustness: int, interval: float) -> None:
        """Restore the querier that was elected before a restart, with its timers."""
        self.settings = self.configured.with_querier_timers(robustness, interval)
        self._yield_to(other, until)

    def receive(self, query: Query, source: Address, now: float, effects: Effects) -> Verdict:
        """React to a query of another router (sections 6.6.1 and 6.6.2)."""
        verdict = self.election.judge(query, source, now)
        if verdict is Verdict.OBJECT:
            self._send_general_query(effects, now)
        elif verdict is Verdict.YIELD:
            if self.is_querier:
                effects.role_changed = True
                if self.election.ends_all_queries:
                    self._groups.cancel_queries()
                self._handover.begin(min(query.version, self._queries.version))
                self._hand_over(effects, now)
            self._follow(query, now)
            self._yield_to(source, now + self._presence())
        elif verdict is Verdict.FOLLOW:
            self._follow(query, now)
        return verdict

    def _presence(self) -> float:
        """How long the other querier counts after its last query.

        Its own timers say so, but no more than ours allow: otherwise one forged query could end
        forwarding for days.
        """
        configured = self.configured.other_querier_present_interval
        return min(self.settings.other_querier_present_interval, configured)

    def _follow(self, query: Query, now: float) -> None:
        """Use the timers of the elected querier, and lower those that it asks about."""
        if query.version == self._family.current_version:  # queries of older versions carry none
            self.settings = self.configured.with_querier_timers(query.robustness, query.interval)
        self._groups.lower_timers(query, now + query.max_response * self.settings.robustness)

    def _yield_to(self, other: Address, until: float) -> None:
        self._deadlines.cancel(self._family.unspecified)
        self.election.yield_to(other, until)
        self._deadlines.schedule(self._family.all_nodes, until)

    def advance(self, key: Address, effects: Effects, now: float) -> None:
        """Do what is due for a deadline that is not a group's."""
        if key == self._family.unspecified:
            self._send_scheduled_query(effects, now)
        elif key == self._family.all_routers:
            self._hand_over(effects, now)
        elif self.election.until > now:
            self._deadlines.schedule(key, self.election.until)
        else:
            self.become_querier(effects, now)

    def _hand_over(self, effects: Effects, now: float) -> None:
        """Report a part of the groups to the new querier, and schedule the next one."""
        effects.send += self._handover.take(self._queries.mtu)
        if self._handover:
            self._deadlines.schedule(self._family.all_routers, now + PART_INTERVAL)

    def _send_scheduled_query(self, effects: Effects, now: float) -> None:
        """Send a start-up or periodic general query, and schedule the next."""
        self._send_general_query(effects, now)
        self._startup_left -= 1
        settings = self.settings
        starting = self._startup_left > 0
        wait = settings.startup_query_interval if starting else settings.carried_interval
        self._deadlines.schedule(self._family.unspecified, now + wait)

    def _send_general_query(self, effects: Effects, now: float) -> None:
        effects.send.append(self._queries.general())
        self.last_general_query = now
