"""ChosenUpstreams: the upstreams of one proxy instance, and the choice among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Protocol

from ..events.bus import Events
from ..events.links import LinkLost
from ..events.upstream import UpstreamsReordered
from ..latency import Change
from ..linux.netlink.links import Link
from ..protocol.family import Address
from ..protocol.upstreams.selection import Selection
from ..protocol.wire.packets import Query
from ..timer import Timer
from .attached_links import AttachedLinks
from .upstream import Upstream, UpstreamUser

GROUPS_A_TURN = 400
"""Groups that upstreams pull in one turn of the reactor, which takes 2 to 8 ms."""

ASKED_AT_ONCE = 16
"""If hosts change more groups than this at once, upstreams pull them in a later turn.

Where dictionaries have an entry for each group, all grow at the same number of groups. With
100,000 each takes 3 to 6 ms then. So the querier's, the two of the upstream, and that of the
table's entries grow in three turns. Where the upstream's grew in the same turn as the querier's,
it took 12 to 23 ms.
"""


class UpstreamsOwner(UpstreamUser, Protocol):
    """Whose upstreams these are: a proxy instance."""

    def upstreams_changed(self) -> None:
        """Other upstreams are usable or preferred: plan everything again, and ask anew."""


class ChosenUpstreams:
    """The upstreams of one proxy instance.

    ``by_name`` has them in order of priority. ``selection`` says which of them provides what; it
    follows the usable links, and time. ``plan`` has the entries of groups planned.
    """

    def __init__(
        self,
        owner: UpstreamsOwner,
        upstreams: Iterable[Upstream],
        selection: Selection,
        links: AttachedLinks,
        timer: Timer,
        events: Events,
        plan: Callable[[Iterable[Address]], None],
    ) -> None:
        self.by_name = {upstream.name: upstream for upstream in upstreams}
        self.selection = selection
        self._owner = owner
        self._links = links
        self._timer = timer
        self._events = events
        self._plan = plan
        self._reminder = timer.reminder(lambda _: self._select())
        self._waiting: dict[Address, None] = {}
        self._changed: dict[Address, None] = {}
        self._changes: list[Change] = []
        self._just_changed: dict[Address, None] = {}  # in the present turn; they wait for the next
        self._just_measured: list[Change] = []
        self._all: Iterator[Address] = iter(())
        self._asking = timer.reminder(self._next_turn)

    def start(self) -> None:
        """Use the upstreams, of which other instances may use some too."""
        for upstream in self.by_name.values():
            upstream.add_user(self._owner)

    def close(self) -> None:
        """Leave all groups that no other instance wants."""
        self._pull_changed()
        self._reminder.cancel()
        self._asking.cancel()
        self._waiting.clear()
        self._all = iter(())
        for upstream in self.by_name.values():
            upstream.remove_user(self._owner)

    def ask(self, groups: Iterable[Address]) -> None:
        """Have upstreams pull what is wanted of any number of groups, most in the next turns."""
        self._waiting.update(dict.fromkeys(groups))
        self._ask_some(self._timer.now())

    def ask_all(self, groups: Iterator[Address]) -> None:
        """The same for all groups there are, taken from ``groups`` only in the next turns."""
        self._all = groups
        self._asking.set(self._timer.now())

    def pull_later(self, groups: Iterable[Address]) -> None:
        """Have upstreams pull groups that changed, and plan them then, from the next turn on."""
        self._just_changed.update(dict.fromkeys(groups))
        if self._events.latencies is not None:
            self._just_measured += self._events.latencies.changes
        self._asking.set(self._timer.now())

    def _next_turn(self, now: float) -> None:
        self._ask_some(now)
        self._let_pull()

    def _let_pull(self) -> None:
        """The groups that have just changed are pulled from now on."""
        self._changed.update(self._just_changed)
        self._just_changed = {}
        self._changes += self._just_measured
        self._just_measured = []

    def _ask_some(self, now: float) -> None:
        changed = _take(self._changed, GROUPS_A_TURN)
        others = _take(self._waiting, GROUPS_A_TURN - len(changed))
        others += islice(self._all, GROUPS_A_TURN - len(changed) - len(others))
        self._pull(changed, others, now)
        is_full = len(changed) + len(others) == GROUPS_A_TURN
        self._asking.set(now if is_full or self._just_changed else None)

    def _pull(self, changed: list[Address], others: list[Address], now: float) -> None:
        """Have upstreams pull these groups; plan those that have changed.

        Latencies end with the last groups that have changed.
        """
        latencies = self._events.latencies
        if latencies is not None and changed and not self._changed:
            latencies.resume(self._changes)
        for upstream in self.by_name.values() if changed or others else ():
            upstream.changed(changed + others, now)
        if changed:
            self._plan(changed)
        if not self._changed:
            self._changes = []
            if latencies is not None and changed:
                latencies.end()

    def _pull_changed(self) -> None:
        """Have the present upstreams pull all that has changed, before they are others."""
        self._let_pull()
        changed, self._changed = list(self._changed), {}
        self._pull(changed, [], self._timer.now())

    def _ask_the_rest(self) -> None:
        while self._asking.when is not None:
            self._next_turn(self._timer.now())

    def answer(self, name: str, query: Query) -> None:
        """Answer our own query on a downstream, if it is an upstream too.

        Such a link is a peer: its router may have left asking to us.
        """
        upstream = self.by_name.get(name)
        if upstream is not None:
            upstream.answer(query)

    # -- links, and other upstreams

    def link_changed(self, name: str, link: Link | None) -> None:
        """Use the link of an upstream as it is now, or none."""
        usable = link if link is not None and link.up else None
        self._links.upstream_changed(name, usable)
        # First the other upstreams, which may have to provide what this one did. Entries change
        # to another iif while the vif exists; without it they would be removed, and added later.
        self._select()
        if usable is None:
            self._links.release_upstream(name)
        self.by_name[name].link_changed(usable)

    def set_selection(self, selection: Selection) -> None:
        """Choose by this selection from now on; deliveries that it permits continue."""
        selection.continue_from(self.selection)
        self.selection = selection

    def exchange(self, upstreams: Iterable[Upstream], links: Mapping[str, Link]) -> None:
        """Use these upstreams: join on the new ones, then leave the old ones."""
        self._pull_changed()
        before, self.by_name = self.by_name, {one.name: one for one in upstreams}
        for name, upstream in self.by_name.items():
            if name not in before:
                upstream.add_user(self._owner)
                self.link_changed(name, links.get(name))
        gone = [name for name in before if name not in self.by_name]
        for name in gone:
            if name in self._links.usable.upstreams:
                place = {"instance": self._owner.name, "interface": name}
                self._events.tell(LinkLost(role="upstream", reason="configured no more", **place))
            self._links.forget_upstream(name)
        self._select(anyway=True)
        if gone:
            self._ask_the_rest()
        for name in gone:
            before[name].remove_user(self._owner)
            self._links.release_upstream(name)

    def _select(self, anyway: bool = False) -> None:
        """Choose by the links that are usable now; tell the owner if the choice changes."""
        selection, usable = self.selection, self._links.usable.upstreams
        before = selection.usable
        moved = selection.note(self.by_name, usable, self._timer.now())
        if selection.usable != before and len(self.by_name) > 1:
            order = ", ".join(selection.usable) or "none"
            self._events.tell(UpstreamsReordered(order=order, instance=self._owner.name))
        if moved or anyway:
            self._owner.upstreams_changed()
        self._reminder.set(selection.next_deadline())


def _take(waiting: dict[Address, None], most: int) -> list[Address]:
    """Take the first of these groups, at most so many."""
    taken = list(islice(waiting, most))
    for group in taken:
        del waiting[group]
    return taken
