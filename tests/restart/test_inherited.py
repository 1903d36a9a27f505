"""Inherited descriptors are sorted by name, and those that nobody needs are closed."""

from __future__ import annotations

import os
import socket

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.linux.mroute.vif_record import VifEntry, VifRecord
from mcproxy.protocol.family import IPV4, IPV6
from mcproxy.restart.inherited import INHERITED, Inherited, inherited


def is_open(number: int) -> bool:
    """Whether there is such a descriptor."""
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


class InheritedTests(SynchronousTestCase):
    def file(self, text: bytes) -> int:
        """A descriptor of a file with a text."""
        number = os.memfd_create("test")
        os.write(number, text)
        return number

    def socket(self) -> int:
        return socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).detach()

    def test_tables_and_state_are_found_and_what_nobody_takes_is_closed(self) -> None:
        named = [
            ("ipv4-0", self.socket()),
            ("state", self.file(b"something")),
            ("ipv6-7", self.socket()),
            ("ipv6-7-vifs", VifRecord().descriptor),
            ("ipv4-0-vifs", VifRecord().descriptor),
            ("groups", self.socket()),
            ("groups", self.socket()),
        ]
        known = Inherited(named)
        self.assertEqual(known.state, b"something")
        self.assertEqual(known.tables.keys(), {(IPV4, 0), (IPV6, 7)})
        self.assertEqual(known.tables[IPV6, 7].vif_record.read(), {})
        taken = known.tables.pop((IPV4, 0))
        known.close()
        still = {number for _, number in named if is_open(number)}
        self.assertEqual(still, {taken.socket.fileno(), taken.vif_record.descriptor})
        taken.close()

    def test_incomplete_and_unknown_descriptors_are_closed(self) -> None:
        named = [
            ("ipv4-0", self.socket()),
            ("ipv6-0-vifs", VifRecord().descriptor),
            ("ipx-0", self.socket()),
            ("", self.socket()),
            ("state", self.file(b"1")),
            ("state", self.file(b"2")),
        ]
        known = Inherited(named)
        self.assertEqual((known.tables, known.state), ({}, b"1"))
        known.close()
        self.assertEqual([name for name, number in named if is_open(number)], [])

    def test_environment_is_read_once(self) -> None:
        state = self.file(b"x")
        self.patch(os, "environ", {INHERITED: f"state:{state} nonsense a:b"})
        self.assertEqual(inherited().state, b"x")
        self.assertIsNone(inherited().state)

    def test_nothing_inherited_is_empty(self) -> None:
        known = Inherited()
        known.close()
        self.assertEqual((known.tables, known.state), ({}, None))

    def test_taken_tables_stay_open_after_close(self) -> None:
        record = VifRecord()
        known = Inherited([("ipv4-0", self.socket()), ("ipv4-0-vifs", record.descriptor)])
        (table,) = known.take_tables().values()
        known.close()
        self.assertTrue(is_open(record.descriptor) and is_open(table.socket.fileno()))
        table.close()
        self.assertFalse(is_open(record.descriptor))


class VifRecordTests(SynchronousTestCase):
    def test_record_is_read_by_another_descriptor(self) -> None:
        record = VifRecord()
        self.addCleanup(record.close)
        entries = {0: VifEntry(7, 1), 31: VifEntry(70000, 16)}
        record.write(entries)
        again = VifRecord(os.dup(record.descriptor))
        self.addCleanup(again.close)
        self.assertEqual(again.read(), entries)
        record.write({})
        self.assertEqual(again.read(), {})

    def test_other_data_is_no_record(self) -> None:
        for text in (b"", b"?", bytes(10_000)):
            number = os.memfd_create("test")
            os.write(number, text)
            record = VifRecord(number)
            self.assertRaises(ValueError, record.read)
            record.close()
