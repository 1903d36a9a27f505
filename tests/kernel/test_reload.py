"""Reload of a running daemon: streams that the change does not concern lose no packet."""

from __future__ import annotations

import os
import signal

from mcproxy.lab.waiting import wait_until

from .messages import TO_EX, TO_IN, queries, record, records
from .running import FILTER, ONE_INSTANCE, TWO_INSTANCES, RunningTestCase


class StreamTests(RunningTestCase):
    """Ten streams of 1,000 packets per second, in both families."""

    def test_reload_of_the_same_file_loses_no_packet(self) -> None:
        self.run_streams(TWO_INSTANCES)
        self.await_quiet_upstream()
        links = [self.proxy.capture(name) for name in ("up", "down1", "down2")]
        before = self.entries()
        for _ in range(3):
            self.assertEqual(self.reload("# the same\n" + TWO_INSTANCES), [])
        self.await_stream_packets()
        self.assertEqual([link.frames(outgoing=True) for link in links], [[], [], []])
        for entry, packets in self.entries().items():
            # A smaller count would mean that the entry was replaced.
            self.assertGreaterEqual(packets, before.pop(entry), entry)
        self.assertEqual(before, {})
        self.assert_no_stream_loss()

    def entries(self) -> dict[tuple[object, ...], int]:
        """The kernel's entries and the number of packets that each has forwarded."""
        return {(r.source, r.group, r.parent, r.outgoing): r.packets for r in self.routes()}

    def test_instance_added_and_removed_loses_no_packet_of_others(self) -> None:
        self.run_streams(ONE_INSTANCE)
        for count in range(2):
            self.assertEqual(self.reload(TWO_INSTANCES), ["instance.radio: added"])
            member = self.other.join(self.groups[0])
            stream = self.stream()
            self.await_packets(member)
            member.close()
            stream.stop()
            self.assert_no_stream_loss()
            self.assertEqual(self.reload(ONE_INSTANCE), ["instance.radio: removed"])
            wait_until(lambda: self.vifs() == ["down1", "up"], message=f"vifs, round {count}")
        self.assert_no_stream_loss()

    def test_instance_on_its_own_table_added_and_removed_loses_no_packet_of_others(self) -> None:
        self.run_streams(ONE_INSTANCE)
        own = TWO_INSTANCES.replace(
            '"up"\ndownstream = ["down2"]', '"gone"\ndownstream = ["down2"]\ntable=7'
        )
        for _ in range(2):
            self.assertEqual(self.reload(own), ["instance.radio: added"])
            self.assertIn("lookup 7", self.proxy.run("ip", "mrule"))
            self.assertEqual(self.reload(ONE_INSTANCE), ["instance.radio: removed"])
            self.assertNotIn("lookup 7", self.proxy.run("ip", "mrule"))
        self.assert_no_stream_loss()

    def test_instance_on_its_own_table_added_and_removed_leaves_no_descriptor(self) -> None:
        self.run_daemon(ONE_INSTANCE)
        own = TWO_INSTANCES.replace(
            '"up"\ndownstream = ["down2"]', '"gone"\ndownstream = ["down2"]\ntable=7'
        )
        counts = []
        for _ in range(10):
            self.reload(own)
            self.reload(ONE_INSTANCE)
            counts.append(len(os.listdir(f"/proc/{self.daemon.pid}/fd")))
        # A connection or a closed table may have its descriptor for a moment.
        self.assertLessEqual(max(counts) - min(counts), 1, counts)

    def test_downstream_added_and_removed_loses_no_packet_of_others(self) -> None:
        self.run_streams(ONE_INSTANCE)
        group = self.members[0][0].group
        for _ in range(2):
            change = "instance.tv.downstream: down2"
            self.assertEqual(
                self.reload(ONE_INSTANCE.replace('"down1"', '"down1", "down2"')),
                [f"{change} added"],
            )
            member = self.other.join(group)
            self.await_packets(member)
            self.assertEqual(self.reload(ONE_INSTANCE), [f"{change} removed"])
            self.assertEqual([m.lost for m in member.received.values()], [0])
            member.close()
        self.assert_no_stream_loss()

    def test_changed_timers_lose_no_packet(self) -> None:
        self.run_streams(TWO_INSTANCES)
        link = self.home.capture()
        changed = self.reload(
            "[defaults]\nquery-interval = 2\nquery-max-response-time = 1\n" + TWO_INSTANCES
        )
        self.assertIn("defaults.query-interval: default -> 2", changed)
        wait_until(lambda: len({q.source for q in queries(link)}) > 1, 5, "no queries")
        self.assert_no_stream_loss()
        self.assertEqual(queries(link)[0].packet.interval, 2)
        self.reload(TWO_INSTANCES + "[instance.tv.interface.down1]\nimmediate-leave = true\n")
        self.assert_no_stream_loss()

    def test_filter_for_another_group_loses_no_packet(self) -> None:
        self.run_streams(TWO_INSTANCES + FILTER.format('"239.9.9.8"'))
        for denied in ('"239.9.9.9"', '"239.9.9.9", "ff15::9"', '"239.9.9.8"'):
            self.assertIn("filter", self.reload(TWO_INSTANCES + FILTER.format(denied))[0])
            self.assert_no_stream_loss()

    def test_deletion_of_another_link_loses_no_packet(self) -> None:
        self.run_streams(TWO_INSTANCES)
        self.other.join(self.group)
        self.stream()
        self.proxy.delete_link("down2")
        self.await_log("radio/ipv4 down2", "lost")
        self.assert_no_stream_loss()
        self.create_link("down2")
        wait_until(lambda: "down2" in self.vifs(), message="down2 is not back")
        self.assert_no_stream_loss()

    def test_move_of_another_downstream_loses_no_packet(self) -> None:
        self.run_streams(TWO_INSTANCES)
        member = self.other.join(self.members[0][0].group)
        self.await_packets(member)
        third = TWO_INSTANCES + '[instance.third]\nupstream = "up"\ndownstream = ["x"]\n'
        self.reload(third.replace('"down2"', '"y"').replace('"x"', '"down2"'))
        self.await_packets(member)
        self.assert_no_stream_loss()

    def test_removal_of_another_instance_on_a_shared_upstream_loses_no_packet(self) -> None:
        self.run_streams(TWO_INSTANCES)
        self.await_quiet_upstream()
        upstream = self.server.capture()
        member = self.other.join(self.group)
        self.await_reported(upstream, record(TO_EX, self.group))
        self.reload(ONE_INSTANCE)
        self.await_reported(upstream, record(TO_IN, self.group))
        for each, _ in self.members:
            self.assertEqual(records(upstream, each.group), [])
        member.close()
        self.assert_no_stream_loss()

    def test_repeated_sighup_loses_no_packet(self) -> None:
        self.run_streams(ONE_INSTANCE)
        self.write_config(TWO_INSTANCES)
        self.daemon.process.send_signal(signal.SIGHUP)
        self.await_log("changed: instance.radio: added")
        self.write_config("[instance.tv]\n")
        self.daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: any("downstream is missing" in line for line in self.daemon.lines))
        self.assertEqual(
            [row["instance"] for row in self.ask("GET", "/status")["instance"]][::2],
            ["tv/ipv4", "radio/ipv4"],
        )
        self.daemon.lines[:] = [line for line in self.daemon.lines if "not reloaded" not in line]
        self.assert_no_stream_loss()
