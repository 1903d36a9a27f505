"""Observed sources against a slow model: a flat list that is searched for each question."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4
from mcproxy.protocol.forwarding.observed_sources import (
    IDLE_TIME,
    UNWANTED_IDLE_TIME,
    ObservedSources,
    Outcome,
)

from ..families import examples, group, source

MOST, INTERVAL = 2, 10
SOURCES, GROUPS, INTERFACES = (1, 2), (1, 2), ("up", "down")

Channel = tuple[int, int]
"""Numbers of a source and of its group."""

channels = st.tuples(st.sampled_from(SOURCES), st.sampled_from(GROUPS))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("data"), channels, st.sampled_from(INTERFACES)),
        st.tuples(st.just("data"), channels, st.just("up")),
        st.tuples(st.just("packets"), channels),
        st.tuples(st.just("delivers"), channels),
        st.tuples(st.just("wanted"), channels),
        st.tuples(st.just("lost"), st.sampled_from(INTERFACES)),
        st.tuples(st.just("answers"), st.sampled_from(["at once", "late", "not"])),
        st.tuples(st.just("time"), st.sampled_from([1, 5, 10, 20, 250])),
        st.tuples(st.just("time"), st.just(5)),
    ),
    min_size=5,
    max_size=40,
)


@dataclass
class Row:
    """A known source: where it is, whether it sent since the last reading, last activity."""

    channel: Channel
    arrival: str
    sent: bool
    when: float


class Model:
    """What should be known, full, refused and delivered, and when the next reading is."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.full: set[str] = set()
        self.refused: Counter[str] = Counter()
        self.delivered: set[Channel] = set()
        self.reading: float | None = None
        self.is_read = False

    def on(self, interface: str) -> list[Row]:
        """The sources on an interface."""
        return [row for row in self.rows if row.arrival == interface]

    def data(self, channel: Channel, interface: str, counted: bool, now: float) -> bool:
        """Data came in; whether its source is accepted."""
        for row in self.on(interface):
            if row.channel == channel:
                row.when = now
                break
        else:
            if len(self.on(interface)) >= MOST:
                self.refused[interface] += 1
                self.full.add(interface)
                return False
            self.rows = [row for row in self.rows if row.channel != channel]
            self.rows.append(Row(channel, interface, counted, now))
        if not self.is_read:
            self.reading = self.reading or now + INTERVAL
        return True

    def lost(self, interface: str) -> None:
        """The link is gone."""
        self.rows = [row for row in self.rows if row.arrival != interface]
        self.full.discard(interface)

    def begin_reading(self) -> bool:
        """The time of the reading has come; whether there is something to read for."""
        self.reading, self.is_read = None, bool(self.rows or self.full)
        return self.is_read

    def read(self, wanted: set[Channel], now: float) -> tuple[set[Channel], set[Channel]]:
        """The counters were read; the sources that are forgotten, and those not delivered."""
        gone: set[Channel] = set()
        silent: set[Channel] = set()
        for row in self.rows:
            if row.sent:
                row.sent, row.when = False, now
            quiet = now - row.when
            if quiet >= INTERVAL and row.channel in self.delivered:
                self.delivered.discard(row.channel)
                silent.add(row.channel)
                gone.add(row.channel)
            elif quiet >= (IDLE_TIME if row.channel in wanted else UNWANTED_IDLE_TIME):
                gone.add(row.channel)
        self.rows = [row for row in self.rows if row.channel not in gone]
        self.full = {name for name in self.full if len(self.on(name)) >= MOST}
        self.is_read = False
        self.reading = now + INTERVAL if self.rows or self.full else None
        return gone, silent


class ObservedModelTests(SynchronousTestCase):
    """FWD-13, FWD-14, SEC-04, MU-07: the machine and the model never differ."""

    def begin(self) -> None:
        """Both know nothing; the kernel has counted nothing."""
        self.now = 1000.0
        self.model = Model()
        self.delivered: set[Channel] = set()
        self.observed = ObservedSources(INTERVAL, self.stops_delivering, MOST)
        self.counts: dict[Channel, int] = {}
        self.wanted: set[Channel] = set()
        self.answers = "at once"

    def stops_delivering(self, one: bytes, where: bytes) -> bool:
        """What upstream selection knows of the one that delivers."""
        found = [c for c in self.delivered if self.address(c) == (one, where)]
        self.delivered.difference_update(found)
        return bool(found)

    def address(self, channel: Channel) -> tuple[bytes, bytes]:
        """The addresses of source and group."""
        return source(IPV4, channel[0]), group(IPV4, channel[1])

    def step(self, kind: str, what: object, interface: str = "") -> None:
        """One thing happens, to both."""
        match kind, what:
            case "data", (int(), int()) as channel:
                counted = self.counts.get(channel, 0) > 0
                accepted = self.model.data(channel, interface, counted, self.now)
                outcome = self.observed.note(*self.address(channel), interface, self.now)
                self.assertIs(outcome is Outcome.ACCEPTED, accepted)
            case "packets", (int(), int()) as channel if not self.model.is_read:
                for row in self.model.rows:
                    if row.channel == channel:
                        row.sent = True
                        self.counts[channel] = self.counts.get(channel, 0) + 1
            case "delivers", (int(), int()) as channel:
                self.delivered.add(channel)
                self.model.delivered.add(channel)
            case "wanted", (int(), int()) as channel:
                self.wanted ^= {channel}
            case "lost", str() as name:
                self.model.lost(name)
                self.observed.forget_interface(name)
                self.drop_counters()
            case "answers", str() as answers:
                self.answers = answers
                if self.model.is_read:
                    self.answer()
            case "time", int() as seconds:
                self.pass_time(self.now + seconds)

    def pass_time(self, until: float) -> None:
        """Step to each deadline on the way."""
        while (when := self.observed.next_deadline()) is not None and when <= until:
            self.now = when
            reads = self.observed.advance(when)
            self.assertIs(reads, self.model.begin_reading())
            if reads and self.answers != "late":
                self.answer()
        self.now = until

    def answer(self) -> None:
        """The kernel's counters come, or they cannot be read."""
        if self.answers == "not":
            self.observed.not_counted(self.now)
            self.model.is_read, self.model.reading = False, self.now + INTERVAL
            return
        packets = {self.address(channel): count for channel, count in self.counts.items()}
        changes = self.observed.counted(packets, set(map(self.address, self.wanted)), self.now)
        before = self.model.full
        gone, silent = self.model.read(self.wanted, self.now)
        self.assertEqual(set(changes.forgotten), set(map(self.address, gone)))
        self.assertEqual(set(changes.silent), {group(IPV4, number) for _, number in silent})
        self.assertEqual(changes.freed, before - self.model.full)
        self.drop_counters()

    def drop_counters(self) -> None:
        """The kernel's counters go with the entries."""
        known = {row.channel for row in self.model.rows}
        self.counts = {channel: n for channel, n in self.counts.items() if channel in known}

    def compare(self) -> None:
        """Both know the same."""
        observed = {
            (address, where): heard.arrival
            for where, sources in self.observed.groups.items()
            for address, heard in sources.items()
        }
        expected = {self.address(row.channel): row.arrival for row in self.model.rows}
        self.assertEqual(observed, expected)
        self.assertEqual(self.observed.full, self.model.full)
        self.assertEqual(self.observed.refused, self.model.refused)
        self.assertEqual(self.delivered, self.model.delivered)
        self.assertEqual(self.observed.next_deadline(), self.model.reading)
        self.assertEqual(len(self.observed), len(self.model.rows))

    @examples(5)
    @given(steps)
    def test_machine_and_model_agree_after_each_step(
        self, history: list[tuple[str, object] | tuple[str, object, str]]
    ) -> None:
        self.begin()
        for one in history:
            self.step(*one)
            self.compare()
