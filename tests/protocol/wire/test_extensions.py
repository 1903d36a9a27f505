"""Extensions of RFC 9279: none is sent, and received ones are ignored."""

from __future__ import annotations

from mcproxy.protocol.family import IPV4
from mcproxy.protocol.router.queries import Queries
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.wire import igmp, mld
from mcproxy.protocol.wire.datagram import encode
from mcproxy.protocol.wire.encoding import pack_reports
from mcproxy.protocol.wire.packets import Packet, Query, Record, Report

from ..families import ALLOW, TO_EX, FamilyTests, both_families, group, host
from .messages import summed


@both_families
class ReceivedExtensionTests(FamilyTests):
    """RFC 9279: received extensions."""

    def check_extended(self, packet: Packet, at: int, extension: str) -> None:
        """Check that ``packet`` is decoded the same with the E bit in byte ``at`` and TLVs."""
        codec = igmp if self.family is IPV4 else mld
        here, there = host(self.family, 1), self.family.all_nodes
        plain = codec.encode(packet, here, there)
        flagged = plain[:at] + bytes([plain[at] | 0x80]) + plain[at + 1 :]
        longer = summed(flagged + bytes.fromhex(extension))
        self.assertEqual(codec.decode(longer), packet)

    def test_extension_bit_is_no_part_of_the_fields_beside_it(self) -> None:
        """EXT-01: of the S flag, QRV and the number of records."""
        flags = self.family.query_size - 4
        version, address = self.family.current_version, group(self.family, 1)
        for suppress in (False, True):
            for robustness in (0, 2, 7):
                query = Query(version, address, 1.0, self.sources(1), suppress, robustness, 125)
                self.check_extended(query, flags, "0009 0000")
        self.check_extended(Report((self.record(TO_EX),)), 4, "0009 0000")
        self.check_extended(Report(()), 4, "0009 0000")

    def test_values_of_extensions_are_not_read_as_sources_or_records(self) -> None:
        """EXT-02, EXT-03: several follow each other; their values look like parts of a message."""
        address = self.source_hex(2)
        record = "04000000" + group(self.family, 2).hex()
        flags = self.family.query_size - 4
        version = self.family.current_version
        for value in (address, record, ""):
            one = f"0009 {len(bytes.fromhex(value)):04x} {value}"
            for extension in (one, one * 3, f"0000 0000 {one} fffe 0001 00"):
                query = Query(version, group(self.family, 1), 1.0, self.sources(1), False, 2, 125)
                self.check_extended(query, flags, extension)
                self.check_extended(Report((self.record(ALLOW, 1),)), 4, extension)

    def source_hex(self, number: int) -> str:
        """Return a source in hexadecimal digits."""
        [one] = self.sources(number)
        return one.hex()

    def test_extensions_are_not_part_of_the_decoded_message(self) -> None:
        """EXT-07: a message that is encoded again has none."""
        report = Report((self.record(TO_EX), self.record(ALLOW, 1, group_number=2)))
        codec = igmp if self.family is IPV4 else mld
        here, there = host(self.family, 1), self.family.report_destination
        plain = codec.encode(report, here, there)
        flagged = plain[:4] + b"\x80" + plain[5:]
        for extensions in ("00000000", "0009 0003 aabbcc", "0009 0001 aa fffe 0002 bbcc"):
            longer = summed(flagged + bytes.fromhex(extensions))
            self.assertEqual(codec.decode(longer), report)
            self.assertEqual(codec.encode(codec.decode(longer), here, there), plain)


@both_families
class SentExtensionTests(FamilyTests):
    """EXT-06: what we send has no extensions; the whole MTU is for the message."""

    def test_sent_reports_and_queries_have_no_extensions_and_fit_the_mtu(self) -> None:
        """EXT-05, EXT-06, IGMP3-Q-09, IGMP3-R-04, MLD2-Q-08, MLD2-R-04: nothing follows."""
        listed = frozenset(
            bytes([10 if self.family is IPV4 else 0x20]) + n.to_bytes(self.family.address_size - 1)
            for n in range(1, 600)
        )
        address, us = group(self.family, 1), host(self.family, 1)
        for mtu in (1280, 1500, 9000):
            records = [Record(kind, address, listed) for kind in (ALLOW, TO_EX)]
            queries = Queries(self.family, self.family.current_version, QuerierSettings(), mtu)
            version = self.family.current_version
            packets = [*pack_reports(records, self.family, mtu), queries.general().packet]
            packets.append(Query(version, address, 1.0, self.sources(1, 2)))
            for packet in packets:
                whole = encode(self.family, us, self.family.all_nodes, packet)
                self.assertLessEqual(len(whole), mtu)
                message = whole[self.family.header_size :]
                if isinstance(packet, Report):
                    self.assertEqual(message[4] & 0x80, 0)
                    size = sum(
                        4 + self.family.address_size * (1 + len(record.sources))
                        for record in packet
                    )
                    self.assertEqual(len(message), 8 + size)
                else:
                    self.assertEqual(message[self.family.query_size - 4] & 0x80, 0)
                    size = self.family.address_size * len(packet.sources)
                    self.assertEqual(len(message), self.family.query_size + size)
