"""Random datagrams for the protocol core: ``python -m tests.fuzz --datagrams 10000000``.

The program damages valid messages, corrects most of their checksums, and delivers them to the
decoders, routers and hosts of both families, while a simulated clock runs. A decoder may raise
WireError only, and a state machine no exception at all; what it sends must be valid; and memory
must not grow. The same ``--seed`` gives the same run.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from random import Random

from mcproxy.protocol.family import FAMILIES, IPV4, Address, Family, packed
from mcproxy.protocol.forwarding.planner import Planner
from mcproxy.protocol.host.host import Host
from mcproxy.protocol.membership import MembershipDatabase
from mcproxy.protocol.router.effects import Effects
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.wire import datagram, igmp, mld
from mcproxy.protocol.wire.datagram import Datagram
from mcproxy.protocol.wire.encoding import checksum
from mcproxy.protocol.wire.packets import (
    Leave,
    MembershipPacket,
    OldReport,
    Packet,
    Query,
    Record,
    RecordType,
    Report,
    Send,
    WireError,
)

from .protocol.mld_checksum import verify_checksum

MTU = 1280
MAX_GROUPS = 60
CORPUS = 500
"""How many valid messages are in use; each is replaced from time to time."""

SILENCE = 100_000.0
"""Seconds after which every group has expired, even with the longest adopted timers."""

MAX_CALLS = 1000
"""Calls of ``advance`` in a row; after them no deadline may be in the past."""

ADDRESSES = {
    IPV4: ("239.1.1.{}", "232.1.1.{}", "224.0.0.{}", "10.0.0.{}", "192.0.2.{}"),
    # In MLD, hosts and routers have link-local addresses.
    FAMILIES[1]: ("ff1e::{}", "ff3e::8000:{}", "ff02::{}", "2001:db8::{}", "fe80::{}"),
}
ROUTER = 5


class Messages:
    """Makes datagrams of one family, from valid ones to random bytes."""

    def __init__(self, family: Family, random: Random) -> None:
        self.family = family
        self._random = random
        *groups, sources, hosts = [self._addresses(text) for text in ADDRESSES[family]]
        self._groups = [address for some in groups for address in some] + groups[0] * 3
        self._sources = sources
        self.hosts = [*hosts, family.unspecified]
        self._corpus: list[tuple[Address, bytes]] = [self._valid() for _ in range(CORPUS)]

    def _addresses(self, text: str) -> list[Address]:
        return [packed(text.format(number)) for number in range(1, 10)]

    def next(self) -> Datagram:
        """Return a datagram as from a socket; raise WireError if its IP header is invalid."""
        random = self._random
        chance = random.random()
        at = int(chance * 1e6) % CORPUS
        if chance < 0.02:
            self._corpus[at] = self._valid()
        there, message = self._corpus[at]
        if random.random() < 0.6:
            message = self._with_damage(message)
        sender = random.choice(self.hosts)
        if random.random() < 0.02:
            there = random.choice(self._groups)
        if self.family is not IPV4:
            hops, alert = random.random() > 0.01, random.random() > 0.01
            return Datagram(sender, there, int(hops), alert, message)
        whole = datagram.encode(IPV4, sender, there, Leave(there))[:-8] + message
        whole = whole[:2] + len(whole).to_bytes(2, "big") + whole[4:]
        if random.random() < 0.05:
            whole = self._damaged(whole)
        return datagram.decode_ipv4(whole)

    def _valid(self) -> tuple[Address, bytes]:
        packet = self.packet()
        sender, there = self.hosts[0], datagram.destination(self.family, packet)
        encode = igmp.encode if self.family is IPV4 else mld.encode
        return there, encode(packet, sender, there)

    def packet(self) -> Packet:
        """Return a random packet."""
        random = self._random
        group = random.choice(self._groups)
        kind = random.randrange(8)
        if kind < 4:
            return Report(tuple(self._record() for _ in range(random.randrange(4))))
        if kind < 5:
            return OldReport(random.randrange(1, self.family.current_version), group)
        if kind < 6:
            return Leave(group)
        version = random.randint(1, self.family.current_version)
        if random.random() < 0.4:
            group, listed = self.family.unspecified, frozenset[Address]()
        else:
            listed = self._some_sources()
        flags = (random.random() < 0.3, random.randrange(8), random.choice([0, 1, 20, 125, 31744]))
        return Query(version, group, random.choice([0.0, 0.1, 1.0, 10.0]), listed, *flags)

    def _record(self) -> Record:
        kind = self._random.choice(list(RecordType))
        return Record(kind, self._random.choice(self._groups), self._some_sources())

    def _some_sources(self) -> frozenset[Address]:
        return frozenset(self._random.choices(self._sources, k=self._random.randrange(4)))

    def _with_damage(self, message: bytes) -> bytes:
        random = self._random
        message = self._damaged(message)
        if self.family is IPV4 and random.random() < 0.9:
            message = message[:2] + b"\0\0" + message[4:]
            message = message[:2] + checksum(message).to_bytes(2, "big") + message[4:]
        return message

    def _damaged(self, whole: bytes) -> bytes:
        """Return the bytes after some were changed, removed or inserted."""
        random = self._random
        data = bytearray(whole)
        for _ in range(random.randint(1, 3)):
            at = int(random.random() * (len(data) + 1))
            kind = random.random()
            if kind < 0.6:
                data[at : at + 1] = bytes([random.getrandbits(8)])
            elif kind < 0.7:
                del data[at:]
            elif kind < 0.8:
                del data[at : at + random.choice((1, 4, 16))]
            elif kind < 0.9:
                data[at:at] = random.randbytes(random.choice((1, 4, 16)))
            elif kind < 0.99:
                data += data[at : at + 20]
            else:
                data = bytearray(random.randbytes(random.randrange(200)))
        return bytes(data)


class Proxy:
    """The state machines of a proxy of one family, with checks of what they do."""

    def __init__(self, family: Family, random: Random) -> None:
        self.family = family
        self.now = 1000.0
        older = family.current_version - 1
        ours = packed(ADDRESSES[family][-1].format(ROUTER))
        self.queriers = {
            name: Querier(family, settings, MTU, ours)
            for name, settings in {
                "plain": QuerierSettings(max_groups=MAX_GROUPS),
                "quick": QuerierSettings(
                    query_interval=20.0,
                    query_response_interval=5.0,
                    robustness=3,
                    last_member_query_interval=0.5,
                    immediate_leave=True,
                    max_groups=MAX_GROUPS,
                ),
                "bounded": QuerierSettings(
                    explicit_tracking=True,
                    max_hosts=5,
                    max_group_hosts=3,
                    max_groups=MAX_GROUPS // 4,
                    max_group_sources=4,
                    max_report_rate=3.0,
                ),
                "older": QuerierSettings(max_groups=MAX_GROUPS, version=older),
            }.items()
        }
        self._turns = list(self.queriers.values())
        self._turn = 0
        self._ours = ours
        self._database = MembershipDatabase(self.queriers)
        self._host = Host(family, random.random, MTU)
        self._planner = Planner(family.unspecified, "up", lambda source, group: "up")
        for querier in self._turns:
            self._carry_out(querier.start(self.now))

    def hear(self, packet: Packet, source: Address) -> None:
        """Deliver a packet to the host and, about groups, to one of the routers, in turn."""
        self._turn = (self._turn + 1) % len(self._turns)
        querier = self._turns[self._turn]
        if isinstance(packet, MembershipPacket):
            self._carry_out(querier.receive(packet, source, self.now))
        assert len(querier.groups) <= MAX_GROUPS, "too many groups"
        assert not querier.hosts or len(querier.hosts.times()) <= querier.hosts.most, (
            "too many hosts"
        )
        if not isinstance(packet, Report):
            self._check_valid(self._host.receive(packet, self.now))

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and do what is due."""
        self.now += seconds
        for querier in self._turns:
            for _ in range(MAX_CALLS):
                when = querier.next_deadline()
                if when is None or when > self.now:
                    break
                self._carry_out(querier.advance(self.now))
            else:
                raise AssertionError(f"the router leaves a deadline in the past: {when}")
        for _ in range(MAX_CALLS):
            when = self._host.next_deadline()
            if when is None or when > self.now:
                return
            self._check_valid(self._host.advance(self.now))
        raise AssertionError(f"the host leaves a deadline in the past: {when}")

    def _carry_out(self, effects: Effects) -> None:
        if effects.send:
            self._check_valid(effects.send)
        if effects.changed:
            merged = [(group, self._database.merged(group)) for group in effects.changed]
            self._check_valid(self._host.update(merged, self.now))
            for group in effects.changed:
                self._planner.plan(group, self._database.subscriptions(group))

    def _check_valid(self, sends: Iterable[Send]) -> None:
        for there, packet in sends:
            whole = datagram.encode(self.family, self._ours, there, packet)
            assert len(whole) <= MTU, "the packet is larger than the MTU"
            if self.family is IPV4:
                datagram.accept(IPV4, datagram.decode_ipv4(whole))
            else:
                message = whole[48:]
                verify_checksum(message, self._ours, there)
                datagram.accept(self.family, Datagram(self._ours, there, 1, True, message))

    def check_agreement(self) -> None:
        """Check that the host wants what the routers forward, and nothing else."""
        wanted = {group: self._database.merged(group) for group in self._database.groups()}
        assert self._host.groups == wanted, "the host and the routers disagree"

    def check_end(self) -> None:
        """Check that no group is left after a long silence."""
        for _ in range(4):
            self.pass_time(SILENCE)
        self.check_agreement()
        assert not any(querier.groups for querier in self._turns), "groups are left"
        assert all(querier.is_querier for querier in self._turns), (
            "another router is still the querier"
        )


def resident() -> int:
    """Return the resident memory of this process in KiB."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024


def fuzz(
    family: Family, datagrams: int, seed: int, progress: Callable[[int], None] = lambda done: None
) -> Counter[str]:
    """Process that many datagrams; count packets by type and dropped ones by reason."""
    random = Random(seed)
    messages, proxy = Messages(family, random), Proxy(family, random)
    counts: Counter[str] = Counter()
    tenth = max(1, datagrams // 10)
    for number in range(1, datagrams + 1):
        try:
            received = messages.next()
            packet = datagram.accept(family, received)
        except WireError as error:
            counts[error.reason.value] += 1
        else:
            counts[type(packet).__name__] += 1
            proxy.hear(packet, received.source)
        chance = random.random()
        proxy.pass_time(300 * random.random() if chance < 1e-4 else chance / 10)
        if chance < 0.001:
            proxy.check_agreement()
        if number % tenth == 0:
            progress(number)
    proxy.check_end()
    return counts


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument(
        "--datagrams",
        type=int,
        default=1_000_000,
        help="number of datagrams, half of them for each family",
    )
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for family in FAMILIES:
        begin = time.monotonic()

        def progress(done: int, family: Family = family, begin: float = begin) -> None:
            rate = done / (time.monotonic() - begin)
            print(f"{family.protocol} {done:>10} {rate:>8.0f}/s {resident():>7} KiB", flush=True)

        counts = fuzz(family, arguments.datagrams // 2, arguments.seed, progress)
        print(", ".join(f"{what} {number}" for what, number in counts.most_common()))


if __name__ == "__main__":
    main()
