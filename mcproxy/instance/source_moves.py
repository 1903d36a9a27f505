"""Wrong-interface upcalls of an instance: looks at the kernel's counters before an entry moves."""

from __future__ import annotations

from collections.abc import Callable

from ..events.bus import Events
from ..events.forwarding import WrongInterfaceData
from ..messages import WrongInterface
from ..protocol.forwarding.moves import Delivered, Moves, Suspect, Verdict
from ..routing.table import ForwardingTable
from ..timer import Timer


class SourceMoves:
    """Decides on wrong-interface upcalls; both kinds of forwarding use it.

    ``judge`` says what links, filters and upstream selection allow; LOOK leaves the decision to
    the counters. ``is_routed`` says whether the unicast route of the source leads to the
    interface of the upcall and not to the iif. ``move`` is called for each entry that moves.
    Events carry the ``name`` of the instance.
    """

    def __init__(
        self,
        name: str,
        timer: Timer,
        events: Events,
        table: ForwardingTable,
        judge: Callable[[WrongInterface], Verdict],
        is_routed: Callable[[WrongInterface], bool],
        move: Callable[[WrongInterface], None],
    ) -> None:
        self.moves = Moves()
        self._name = name
        self._timer = timer
        self._events = events
        self._table = table
        self._judge = judge
        self._is_routed = is_routed
        self._move = move
        self._reminder = timer.reminder(self._due)
        self._closed = False

    def receive(self, upcall: WrongInterface) -> None:
        """Move the entry, keep it, or look at its counters again after a moment."""
        if self._closed:
            return
        verdict = self._judge(upcall)
        if verdict is Verdict.LOOK:
            verdict = self._look(upcall)
        if verdict is Verdict.MOVE:
            self._move(upcall)
        elif verdict is Verdict.STAY:
            self.moves.refuse(upcall.interface)

    def _look(self, upcall: WrongInterface) -> Verdict:
        delivered = self._delivered(upcall)
        if delivered is None:
            return Verdict.STAY  # the entry that the upcall was about is gone
        interface, source, group = upcall
        suspect = Suspect((source, group), interface, self._is_routed(upcall), delivered)
        verdict = self.moves.begin(suspect, self._timer.now())
        self._reminder.set(self.moves.next_deadline())
        return verdict

    def _delivered(self, upcall: WrongInterface) -> Delivered | None:
        """What the entry's interfaces delivered; None if the kernel has no such entry."""
        counters = self._table.entry_counters(upcall.source, upcall.group)
        if counters is None:
            return None
        return Delivered(counters.packets - counters.wrong_interface, counters.wrong_interface)

    def _due(self, now: float) -> None:
        if self._closed:
            return
        for suspect in self.moves.take_due(now):
            self._decide(suspect)
        if not self._closed:
            self._reminder.set(self.moves.next_deadline())

    def _decide(self, suspect: Suspect) -> None:
        """Links, filters or the entry may have changed since the upcall."""
        upcall = WrongInterface(suspect.interface, *suspect.channel)
        verdict = self._judge(upcall)
        if verdict is Verdict.LOOK:
            delivered = self._delivered(upcall)
            if delivered is not None:
                verdict = self.moves.decide(suspect, delivered)
                if verdict is Verdict.STAY:
                    self._warn(upcall)
        elif verdict is Verdict.STAY:
            self.moves.refuse(suspect.interface)
        if verdict is Verdict.MOVE:
            self._move(upcall)

    def _warn(self, upcall: WrongInterface) -> None:
        interface, source, group = upcall
        self._events.tell(
            WrongInterfaceData(
                source=source,
                group=group,
                count=self.moves.refused[interface],
                instance=self._name,
                interface=interface,
            )
        )

    def close(self) -> None:
        """Ignore upcalls and timers from now on."""
        self._closed = True
        self._reminder.cancel()
