"""The tools of the benchmarks: peers of the command line, tables, storms, and pictures."""

from __future__ import annotations

import random
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4
from mcproxy.protocol.wire import datagram
from mcproxy.protocol.wire.packets import RecordType, Report

from .benchmarks import contenders, curves, scale, storms, table
from .benchmarks.measure import Findings, Measure, Row, at_most_best, at_most_part
from .benchmarks.svg import curves as picture


class PeerTests(SynchronousTestCase):
    def test_placeholders_become_the_interfaces(self) -> None:
        made = contenders.peer(
            "one=prog -u {upstream} 'a b' {upstream},{downstreams} -d={downstream}"
        )
        words = ("prog", "-u", "up", "a b", "up,down1,down2", "-d=down1", "-d=down2")
        self.assertEqual((made.name, made.command), ("one", words))
        self.assertFalse(made.has_file)

    def test_text_without_name_or_command_is_refused(self) -> None:
        for text in ("prog", "=prog", "one=", "one=  ", ""):
            with self.assertRaisesRegex(ValueError, "is not NAME=COMMAND"):
                contenders.peer(text)

    def test_name_of_a_daemon_that_is_measured_anyway_is_refused(self) -> None:
        for name in ("mcproxy", "igmpproxy", "smcroute"):
            with self.assertRaisesRegex(ValueError, f"{name} is measured anyway"):
                contenders.peer(f"{name}=prog")


class TargetTests(SynchronousTestCase):
    def test_best_peer_is_the_one_with_the_least_value(self) -> None:
        target = at_most_best(1.5, "at most 1.5 times the best peer's")
        self.assertTrue(target.met(3.0, {"one": 4.0, "two": 2.0}))
        self.assertFalse(target.met(3.1, {"one": 4.0, "two": 2.0}))
        self.assertFalse(target.met(0.1, {}))

    def test_part_of_igmpproxy_takes_no_other_peer(self) -> None:
        target = at_most_part(10)
        self.assertTrue(target.met(1.0, {"igmpproxy": 10.0, "other": 1.0}))
        self.assertFalse(target.met(1.0, {"other": 100.0}))

    def test_table_has_a_column_for_each_daemon(self) -> None:
        row = Row("key", "a row", "ms", 1, at_most_best(1.0, "at most the best"))
        measure = Measure("m", "M", "", (row,), 1, lambda _, __: None)
        results = {name: Findings() for name in ("mcproxy", "igmpproxy", "third")}
        for name, value in (("mcproxy", 2.0), ("igmpproxy", 3.0), ("third", 1.0)):
            results[name].add("key", value)
        head, _, line, *_ = table.plain([measure], results, list(results)).splitlines()
        self.assertEqual(head.split(), ["mcproxy", "igmpproxy", "third", "target", "met"])
        self.assertEqual(line.split()[-5:], ["at", "most", "the", "best", "no"])
        self.assertIn("1.0 ms", line)


class StormTests(SynchronousTestCase):
    def decode(self, packet: bytes) -> tuple[bytes, Report]:
        found = datagram.decode_ipv4(packet)
        message = datagram.accept(IPV4, found)
        assert isinstance(message, Report)
        return found.source, message

    def test_join_storm_joins_each_group_once_from_many_hosts(self) -> None:
        reports = [self.decode(packet) for packet in storms.join_storm()]
        joined = [record.group for _, each in reports for record in each]
        self.assertEqual((len(joined), len(set(joined))), (100_000, 100_000))
        self.assertEqual(len({source for source, _ in reports}), 10_000)

    def test_zap_storm_leaves_what_was_joined_before(self) -> None:
        watched: dict[bytes, bytes] = {}
        packets = storms.zap_storm(3, random.Random(2))
        self.assertEqual(len(packets), 3000)
        for source, message in map(self.decode, packets):
            leave, join = message
            self.assertEqual(leave.type, RecordType.CHANGE_TO_INCLUDE_MODE)
            self.assertEqual(join.type, RecordType.CHANGE_TO_EXCLUDE_MODE)
            self.assertEqual(watched.setdefault(source, leave.group), leave.group)
            watched[source] = join.group
        self.assertEqual(len(watched), 1000)

    def test_data_packet_is_one_that_the_kernel_forwards(self) -> None:
        packet = scale.data_packet(bytes([239, 1, 0, 1]))
        self.assertEqual(len(packet), int.from_bytes(packet[2:4], "big"))
        words = [int.from_bytes(packet[at : at + 2], "big") for at in range(0, 20, 2)]
        total = sum(words)
        self.assertEqual((total & 0xFFFF) + (total >> 16), 0xFFFF)


class PictureTests(SynchronousTestCase):
    def test_picture_is_xml_with_a_curve_and_a_name_for_each_line(self) -> None:
        made = picture(
            "A <title>", "groups", "µs", {"one": [(100, 1.5), (10, 2)], "two": [(10, 9)]}
        )
        root = ElementTree.fromstring(made)
        space = "{http://www.w3.org/2000/svg}"
        lines = root.findall(f"{space}polyline")
        self.assertEqual(len(lines), 2)
        self.assertEqual(len(root.findall(f"{space}circle")), 3)
        texts = [each.text for each in root.findall(f"{space}text")]
        for text in ("A <title>", "one", "two", "10", "100", "1"):
            self.assertIn(text, texts)
        xs = [float(point.split(",")[0]) for point in lines[0].attrib["points"].split()]
        self.assertEqual(xs, sorted(xs))

    def test_more_is_further_up_and_to_the_right(self) -> None:
        made = picture("t", "x", "y", {"one": [(1, 1), (10, 100)]})
        points = ElementTree.fromstring(made).find("{http://www.w3.org/2000/svg}polyline")
        assert points is not None
        (x1, y1), (x2, y2) = (map(float, p.split(",")) for p in points.attrib["points"].split())
        self.assertTrue(x1 < x2 and y1 > y2)

    def test_values_that_no_logarithm_has_are_refused(self) -> None:
        for lines in ({}, {"one": []}, {"one": [(1, 0)]}, {"one": [(-1, 1)]}):
            with self.assertRaisesRegex(ValueError, "above 0"):
                picture("t", "x", "y", lines)

    def test_findings_become_a_file_for_each_kind_that_has_points(self) -> None:
        results = {"mcproxy": Findings(), "igmpproxy": Findings()}
        for count, value in ((100, 3.0), (1_000, 2.0)):
            results["mcproxy"].add(f"curve-join-{count}", value)
        with TemporaryDirectory() as folder:
            names = curves.write_pictures(Path(folder), results)
            self.assertEqual(names, ["groups-join.svg"])
            text = Path(folder, names[0]).read_text("utf-8")
        self.assertIn("mcproxy", text)
        self.assertNotIn("igmpproxy", text)
