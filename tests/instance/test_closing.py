"""What comes late: messages, packets and timers after an instance or an upstream has ended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.model import Configuration, InstanceConfig
from mcproxy.events.bus import Events
from mcproxy.instance.context import InstanceContext
from mcproxy.instance.instance import ProxyInstance
from mcproxy.instance.plan.plan import compile_plan
from mcproxy.instance.upstream import Upstream
from mcproxy.messages import CacheMiss, LinkChanged, Message, PacketReceived, WrongInterface
from mcproxy.protocol.family import IPV4, packed
from mcproxy.protocol.sources import ANY_SOURCE, NOTHING, SourceFilter
from mcproxy.protocol.wire.packets import Query, Record, RecordType, Report
from mcproxy.timer import Timer

from .support import Recorder, link

ANY = IPV4.unspecified
G, HOST, SOURCE = packed("239.1.1.1"), packed("10.0.2.9"), packed("192.0.2.1")
JOIN = Report((Record(RecordType.CHANGE_TO_EXCLUDE_MODE, G),))
LEAVE = Report((Record(RecordType.CHANGE_TO_INCLUDE_MODE, G),))
QUERY = Query(3, ANY, 1.0)
CONFIG = InstanceConfig("a", ("up",), ("d1",), mld_version=0, forwarding="per-source")
PLAN = compile_plan(Configuration((CONFIG,)))
UP, D1 = link("up", 1, "10.0.1.1"), link("d1", 2, "10.0.2.1")


class Neighbours(Recorder):
    """They take in sources as well."""

    def source_changed(self, group: bytes, source: bytes) -> None:
        self.changed_groups.append(group + source)

    def found(self) -> tuple[object, ...]:
        """All that an instance may do to them."""
        return self.sent, self.changed_groups, self.vifs, self.heard, self.joined


class User:
    """Wants one group of an upstream."""

    name = "tv"

    def __init__(self, wanted: SourceFilter = ANY_SOURCE) -> None:
        self.messages: list[Message] = []
        self._wanted = wanted

    def receive(self, message: Message) -> None:
        self.messages.append(message)

    def wanted(self, upstream: str, group: bytes) -> SourceFilter:
        return self._wanted

    def planned_groups(self) -> Iterable[bytes]:
        return [G]


class ClosedUpstreamTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.neighbours, self.user = Clock(), Recorder(), User()
        n: Any = self.neighbours
        self.upstream = Upstream(PLAN.upstreams[0], Timer(self.clock), Events(), n, n)
        self.open()

    def open(self) -> None:
        self.upstream.add_user(self.user)
        self.upstream.link_changed(UP)
        self.upstream.changed([G], self.clock.seconds())

    def sent(self) -> list[object]:
        packets = [packet for _, packet in self.neighbours.sent]
        self.neighbours.sent.clear()
        return packets

    def test_last_user_that_goes_leaves_all_groups(self) -> None:
        self.assertEqual(self.sent(), [JOIN])
        self.upstream.remove_user(self.user)
        self.assertEqual((self.sent(), self.neighbours.heard), ([LEAVE], {}))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_upstream_without_users_ignores_what_comes_late(self) -> None:
        self.upstream.remove_user(self.user)
        self.sent()
        self.upstream.receive(PacketReceived("up", HOST, QUERY))
        self.upstream.receive(CacheMiss("up", SOURCE, G))
        self.upstream.answer(QUERY)
        self.upstream.link_changed(UP)
        self.upstream.changed([G], 0.0)
        self.upstream._due(0.0)
        self.clock.pump([1.0] * 300)
        self.assertEqual((self.sent(), self.neighbours.heard, self.user.messages), ([], {}, []))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertIsNone(self.upstream.host.last_query)

    def test_upstream_with_a_new_user_is_used_again(self) -> None:
        self.upstream.remove_user(self.user)
        self.sent()
        self.open()
        self.assertEqual((self.sent(), list(self.neighbours.heard)), ([JOIN], ["up"]))

    def test_user_that_goes_leaves_what_no_other_user_wants(self) -> None:
        self.upstream.add_user(User(NOTHING))
        self.sent()
        self.upstream.remove_user(self.user)
        self.assertEqual(self.sent(), [LEAVE])

    def test_user_that_goes_while_an_upcall_is_passed_on_hides_it_from_no_other(self) -> None:
        other = User()
        self.upstream.add_user(other)
        self.patch(self.user, "receive", lambda _: self.upstream.remove_user(self.user))
        upcall = CacheMiss("up", SOURCE, G)
        self.upstream.receive(upcall)
        self.assertEqual(other.messages, [upcall])


class StoppedInstanceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock, self.neighbours = Clock(), Neighbours()
        n: Any = self.neighbours
        timer = Timer(self.clock)
        self.upstream = Upstream(PLAN.upstreams[0], timer, Events(), n, n)
        context = InstanceContext(timer, Events(), n, n, n, lambda _: None, n.join)
        self.instance = ProxyInstance(PLAN.instances[0], context, [self.upstream])
        self.instance.startService()
        for one in (UP, D1):
            self.instance.receive(LinkChanged(None, one))
        self.instance.receive(PacketReceived("d1", HOST, JOIN))
        self.instance.receive(CacheMiss("up", SOURCE, G))
        self.instance.stopService()
        self.neighbours.sent.clear()
        self.neighbours.changed_groups.clear()

    def check_silence(self) -> None:
        self.clock.pump([1.0] * 300)
        n = self.neighbours
        self.assertEqual(
            (n.sent, n.changed_groups, n.vifs, n.heard, n.joined), ([], [], {}, {}, [])
        )
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_stopped_instance_ignores_late_links(self) -> None:
        for before, after in ((None, UP), (None, D1), (D1, None), (UP, None)):
            self.instance.receive(LinkChanged(before, after))
            self.check_silence()

    def test_stopped_instance_ignores_late_packets_and_upcalls(self) -> None:
        self.instance.receive(PacketReceived("d1", HOST, JOIN))
        self.instance.receive(CacheMiss("up", SOURCE, G))
        self.instance.receive(WrongInterface("d1", SOURCE, G))
        self.check_silence()

    def test_closed_links_are_not_taken_into_use_again(self) -> None:
        self.instance.links.downstream_changed("d1", D1)
        self.instance.links.upstream_changed("up", UP)
        usable = self.instance.links.usable
        self.assertEqual((usable.downstreams, usable.upstreams), ({}, {}))
        self.check_silence()
