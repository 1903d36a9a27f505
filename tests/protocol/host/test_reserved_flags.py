"""Queries and reports with flags that have no meaning yet: a host answers as without them."""

from __future__ import annotations

from mcproxy.protocol.family import IPV4
from mcproxy.protocol.wire.datagram import Datagram, accept
from mcproxy.protocol.wire.packets import Packet, Query, Report

from ..families import IS_EX, START, TO_EX, both_families, host
from ..wire.messages import CODECS, summed
from .simulated_host import HostTests


@both_families
class ReservedFlagTests(HostTests):
    """Each bit beside S and QRV in a query, and each bit of the flags of a report."""

    def received(self, packet: Packet, offset: int, bits: int) -> Packet:
        """Return what is accepted of ``packet`` with these bits set in one of its bytes."""
        here = host(self.family, 1)
        there = self.family.all_nodes
        message = bytearray(CODECS[self.family].encode(packet, here, there))
        message[offset] |= bits
        data = summed(bytes(message)) if self.family is IPV4 else bytes(message)
        return accept(self.family, Datagram(here, there, 1, True, data))

    def test_query_with_a_reserved_flag_is_answered_as_without(self) -> None:
        """CHG-03: robustness and response time are those of the query."""
        flags = 8 if self.family is IPV4 else 24
        self.has_reported(self.excluding())
        for bit in (0x80, 0x40, 0x20, 0x10):
            query = Query(self.version, self.family.unspecified, 4.0, robustness=3, interval=125)
            received = self.received(query, flags, bit)
            self.assertEqual(received, query)
            assert isinstance(received, Query)
            begin = self.now
            self.receives(received, 0.5)
            self.pass_time(20)
            [(when, records)] = self.sent_messages()
            self.assertEqual((when + START - begin, records), (2.0, (self.record(IS_EX),)))
            self.assertEqual(self.host.robustness, 3)

    def test_report_with_a_reserved_flag_is_read_as_without(self) -> None:
        """CHG-03: each of the 16 bits of the word before the number of records."""
        report = Report((self.record(TO_EX),))
        for number in range(16):
            received = self.received(report, 4 + number // 8, 0x80 >> number % 8)
            self.assertEqual(received, report)
