"""What a capture makes of packets."""

from __future__ import annotations

from struct import Struct

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.diagnosis import capturing
from mcproxy.diagnosis.evidence import Arrived, Heard
from mcproxy.linux.group_capture import Seen
from mcproxy.protocol.family import IPV4, IPV6, Family, packed, text
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.packets import (
    Leave,
    OldReport,
    Packet,
    Query,
    Record,
    RecordType,
    Report,
)

GROUPS = {IPV4: packed("239.1.1.1"), IPV6: packed("ff15::1")}
HOSTS = {IPV4: packed("10.0.2.2"), IPV6: packed("fe80::2")}
OTHER = {IPV4: packed("239.9.9.9"), IPV6: packed("ff15::9")}
_IPV4, _IPV6 = Struct("!BBHHHBBH4s4s"), Struct("!IHBB16s16s")
UDP = 17


def data(family: Family, source: str, hops: int, length: int) -> bytes:
    """The IP packet of a stream, ``length`` bytes long."""
    if family is IPV4:
        fields = (0x45, 0, length, 0, 0, hops, UDP, 0, packed(source), GROUPS[family])
        return _IPV4.pack(*fields).ljust(length, b"\0")
    header = _IPV6.pack(6 << 28, length - 40, UDP, hops, packed(source), GROUPS[family])
    return header.ljust(length, b"\0")


class CapturingTests(SynchronousTestCase):
    def capture(
        self, family: Family, *packets: bytes, is_leaving: bool = False, strict: bool = False
    ) -> capturing.Capture:
        """What a capture makes of packets on the interface "lan"."""
        seen = [Seen("lan", is_leaving, packet) for packet in packets]
        self.patch(capturing, "capture_group", lambda *_: iter(seen))
        return capturing.capture(family, GROUPS[family], 1.0, ["lan"] if strict else [])

    def heard(self, family: Family, *messages: Packet, **options: bool) -> list[Heard]:
        """What is told of messages of the host."""
        packets = [
            datagram.encode(family, HOSTS[family], datagram.destination(family, one), one)
            for one in messages
        ]
        return list(self.capture(family, *packets, **options).heard)

    def test_data_is_counted_by_source_and_hops_with_its_largest_size(self) -> None:
        for family, source in ((IPV4, "10.0.1.2"), (IPV6, "fd00::2")):
            packets = [data(family, source, 8, size) for size in (100, 300, 200)]
            packets.append(data(family, source, 1, 100))
            found = self.capture(family, *packets)
            told = [(one.source, one.hops, one.packets, one.length) for one in found.arrived]
            self.assertEqual(told, [(source, 1, 1, 100), (source, 8, 3, 300)])
            self.assertIsInstance(found.arrived[0], Arrived)
            self.assertEqual(found.heard, ())

    def test_records_that_want_something_are_reports_and_others_leaves(self) -> None:
        wanted = {
            RecordType.MODE_IS_EXCLUDE: "report",
            RecordType.CHANGE_TO_EXCLUDE_MODE: "report",
            RecordType.CHANGE_TO_INCLUDE_MODE: "leave",
            RecordType.MODE_IS_INCLUDE: "leave",
            RecordType.BLOCK_OLD_SOURCES: "leave",
            RecordType.ALLOW_NEW_SOURCES: "report",
        }
        for family in (IPV4, IPV6):
            for kind, word in wanted.items():
                [one] = self.heard(family, Report((Record(kind, GROUPS[family]),)))
                expected = f"{family.protocol}v{family.current_version} {word}"
                self.assertEqual((one.kind, one.host), (expected, text(HOSTS[family])))

    def test_messages_of_older_versions_and_queries_are_told(self) -> None:
        for family, version in ((IPV4, 2), (IPV6, 1)):
            group, protocol = GROUPS[family], family.protocol
            found = self.heard(
                family,
                OldReport(version, group),
                Leave(group),
                Query(family.current_version, family.unspecified, 1.0),
                Query(family.current_version, group, 1.0),
            )
            current = f"{protocol}v{family.current_version}"
            self.assertEqual(
                [one.kind for one in found],
                [
                    f"{protocol}v{version} report",
                    f"{protocol} leave",
                    f"{current} query",
                    f"{current} query for the group",
                ],
            )

    def test_messages_about_other_groups_are_left_out(self) -> None:
        for family in (IPV4, IPV6):
            other = Report((Record(RecordType.MODE_IS_EXCLUDE, OTHER[family]),))
            self.assertEqual(self.heard(family, other, Leave(OTHER[family])), [])

    def test_message_that_breaks_a_rule_has_a_fault_unless_it_is_ours(self) -> None:
        report = Report((Record(RecordType.MODE_IS_EXCLUDE, GROUPS[IPV6]),))
        packet = bytearray(
            datagram.encode(IPV6, HOSTS[IPV6], datagram.destination(IPV6, report), report)
        )
        packet[7] = 2
        [one] = self.capture(IPV6, bytes(packet)).heard
        self.assertEqual(one.fault, "ttl")
        [one] = self.capture(IPV6, bytes(packet), is_leaving=True).heard
        self.assertEqual((one.fault, one.is_leaving), ("", True))

    def test_repeated_messages_are_counted(self) -> None:
        report = Report((Record(RecordType.MODE_IS_EXCLUDE, GROUPS[IPV4]),))
        [one] = self.heard(IPV4, report, report, report)
        self.assertEqual(one.count, 3)

    def test_malformed_packets_are_left_out(self) -> None:
        packet = datagram.encode(IPV4, HOSTS[IPV4], GROUPS[IPV4], Leave(GROUPS[IPV4]))
        self.assertEqual(self.capture(IPV4, packet[:25]).heard, ())
