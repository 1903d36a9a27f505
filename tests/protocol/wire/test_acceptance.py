"""Which received datagrams are accepted."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4, IPV6, Address, packed
from mcproxy.protocol.wire import mld
from mcproxy.protocol.wire.datagram import Datagram, accept, destination
from mcproxy.protocol.wire.packets import (
    DropReason,
    Leave,
    OldReport,
    Packet,
    Query,
    Report,
    WireError,
)

from ..families import TO_EX, FamilyTests, addresses, both_families, examples, group, host, source
from .messages import CODECS, PACKETS, summed


@both_families
class AcceptanceTests(FamilyTests):
    """Which received datagrams are accepted."""

    def arriving(self, packet: Packet, **changed: Any) -> Datagram:
        """Return ``packet`` from host 1, valid except for what is ``changed``."""
        here, there = host(self.family, 1), destination(self.family, packet)
        message = CODECS[self.family].encode(packet, here, there)
        return Datagram(here, there, 1, True, message)._replace(**changed)

    def refused(self, arriving: Datagram, reason: DropReason) -> None:
        """Check that the datagram is refused for that reason."""
        error = self.assertRaises(WireError, accept, self.family, arriving)
        self.assertIs(error.reason, reason)

    @given(st.data())
    def test_packet_that_we_send_is_accepted(self, data: st.DataObject) -> None:
        """Another proxy of ours would accept it."""
        packet = data.draw(PACKETS[self.family]())
        self.assertEqual(accept(self.family, self.arriving(packet)), packet)

    def test_datagram_with_a_hop_limit_other_than_1_is_refused(self) -> None:
        """V-6, IP6-06: it may come from beyond the link."""
        for hops in (0, 2, 64, 255, -1):
            for packet in (Report((self.record(TO_EX),)), Query(2, group(self.family, 1), 1.0)):
                self.refused(self.arriving(packet, hops=hops), DropReason.TTL)

    def test_mld_without_router_alert_is_refused(self) -> None:
        """V-7, IP6-06: IGMP does not require it."""
        report = Report((self.record(TO_EX),))
        arriving = self.arriving(report, router_alert=False)
        if self.family is IPV4:
            self.assertEqual(accept(self.family, arriving), report)
        else:
            self.refused(arriving, DropReason.ROUTER_ALERT)

    def test_report_of_the_unspecified_address_is_accepted_in_igmp_only(self) -> None:
        """V-8, IP4-SD-08, IP6-05: 0.0.0.0 may report, :: may not."""
        older = [OldReport(v, group(self.family, 1)) for v in range(1, self.family.current_version)]
        for report in (Report((self.record(TO_EX),)), *older):
            arriving = self.arriving(report, source=self.family.unspecified)
            if self.family is IPV4:
                self.assertEqual(accept(self.family, arriving), report)
            else:
                self.refused(arriving, DropReason.SOURCE)

    def test_older_report_to_another_group_is_refused(self) -> None:
        """IGMP1-03: the interface has no such address, and the report contradicts itself."""
        for version in range(1, self.family.current_version):
            report = OldReport(version, group(self.family, 1))
            self.refused(
                self.arriving(report, destination=group(self.family, 2)), DropReason.DESTINATION
            )

    def own_destinations(self) -> list[Address]:
        """Return the addresses of a router's interface: its unicast one, and its groups."""
        family = self.family
        groups = [family.all_nodes, family.all_routers, family.report_destination]
        return [host(family, 9), *groups]

    def test_older_report_to_any_address_of_the_interface_is_accepted(self) -> None:
        """IP4-SD-07, IP6-08: the group that it names, our own address, and those of routers."""
        g = group(self.family, 1)
        for version in range(1, self.family.current_version):
            for there in [g, *self.own_destinations()]:
                arriving = self.arriving(OldReport(version, g), destination=there)
                self.assertEqual(accept(self.family, arriving), OldReport(version, g))

    def test_other_messages_to_any_address_of_the_interface_are_accepted(self) -> None:
        """IP4-SD-06, IP6-11: specific queries, reports and leaves."""
        g = group(self.family, 1)
        current = self.family.current_version
        for packet in (
            Report((self.record(TO_EX),)),
            Leave(g),
            Query(current - 1, g, 1.0),
            Query(current, g, 1.0),
            Query(current, g, 1.0, self.sources(1)),
        ):
            for there in [g, *self.own_destinations()]:
                arriving = self.arriving(packet, destination=there)
                self.assertEqual(accept(self.family, arriving), packet)

    def test_general_query_to_another_group_is_refused_in_igmp(self) -> None:
        """HQ-07: it is sent to all hosts; one to this machine alone is accepted."""
        current, nobody = self.family.current_version, self.family.unspecified
        other = (group(self.family, 1), self.family.all_routers, self.family.report_destination)
        for version in range(1, current + 1):
            general = Query(version, nobody, 1.0)
            for there in (self.family.all_nodes, host(self.family, 9)):
                arriving = self.arriving(general, destination=there)
                self.assertEqual(accept(self.family, arriving).group, nobody)
            for there in other if self.family is IPV4 else ():
                self.refused(self.arriving(general, destination=there), DropReason.DESTINATION)

    @given(st.data())
    @examples(10)
    def test_random_datagram_is_accepted_or_refused(self, data: st.DataObject) -> None:
        """SEC-07: a packet or a WireError, whatever the headers say."""
        arriving = Datagram(
            data.draw(addresses(self.family)),
            data.draw(addresses(self.family)),
            data.draw(st.sampled_from([1, 2])),
            data.draw(st.booleans()),
            summed(data.draw(st.binary(min_size=4, max_size=80))),
        )
        try:
            packet = accept(self.family, arriving)
        except WireError as error:
            self.assertIsInstance(error.reason, DropReason)
        else:
            self.assertIsInstance(packet, Packet)


class MldSourceTests(SynchronousTestCase):
    """MLD messages must come from a link-local address."""

    def test_mld_from_a_source_that_is_not_link_local_is_refused(self) -> None:
        """V-8, IP6-03, 05, 06, 10: queries, reports and Done."""
        g = group(IPV6, 1)
        for address in (source(IPV6, 1), IPV6.unspecified, packed("fec0::1"), packed("::1")):
            for packet in (Query(2, g, 1.0), Report(()), OldReport(1, g), Leave(g)):
                message = mld.encode(packet, address, g)
                arriving = Datagram(address, g, 1, True, message)
                error = self.assertRaises(WireError, accept, IPV6, arriving)
                is_query = isinstance(packet, Query)
                reason = DropReason.QUERY_SOURCE if is_query else DropReason.SOURCE
                self.assertIs(error.reason, reason)

    def test_mld_from_any_link_local_address_is_accepted(self) -> None:
        """Fe80::/10 is more than fe80::/64."""
        arriving = Datagram(packed("febf::1"), b"", 1, True, mld.encode(Report(()), b"", b""))
        self.assertEqual(accept(IPV6, arriving), Report(()))
