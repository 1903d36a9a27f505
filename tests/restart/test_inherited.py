"""What comes in from the process before: descriptors by name, and what to make of them."""

from __future__ import annotations

import os
import socket

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.linux.mroute.vif_record import Place, VifRecord
from mcproxy.protocol.family import IPV4, IPV6
from mcproxy.restart.inherited import INHERITED, Inherited, inherited


def is_open(number: int) -> bool:
    """Whether there is such a descriptor."""
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


class PredecessorTests(SynchronousTestCase):
    def memory(self, text: bytes) -> int:
        """A descriptor of a file with a text."""
        number = os.memfd_create("test")
        os.write(number, text)
        return number

    def socket(self) -> int:
        return socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).detach()

    def test_tables_and_memory(self) -> None:
        named = [
            ("ipv4-0", self.socket()),
            ("memory", self.memory(b"something")),
            ("ipv6-7", self.socket()),
            ("ipv6-7-vifs", VifRecord().descriptor),
            ("ipv4-0-vifs", VifRecord().descriptor),
            ("groups", self.socket()),
            ("groups", self.socket()),
        ]
        known = Inherited(named)
        self.assertEqual(known.memory, b"something")
        self.assertEqual(known.tables.keys(), {(IPV4, 0), (IPV6, 7)})
        self.assertEqual(known.tables[IPV6, 7].note.read(), {})
        taken = known.tables.pop((IPV4, 0))
        known.close()
        still = {number for _, number in named if is_open(number)}
        self.assertEqual(still, {taken.socket.fileno(), taken.note.descriptor})
        taken.socket.close()
        taken.note.close()

    def test_what_is_not_whole_is_let_go(self) -> None:
        named = [
            ("ipv4-0", self.socket()),
            ("ipv6-0-vifs", VifRecord().descriptor),
            ("ipx-0", self.socket()),
            ("", self.socket()),
            ("memory", self.memory(b"1")),
            ("memory", self.memory(b"2")),
        ]
        known = Inherited(named)
        self.assertEqual((known.tables, known.memory), ({}, b"1"))
        known.close()
        self.assertEqual([name for name, number in named if is_open(number)], [])

    def test_by_the_environment_once(self) -> None:
        memory = self.memory(b"x")
        self.patch(os, "environ", {INHERITED: f"memory:{memory} nonsense a:b"})
        self.assertEqual(inherited().memory, b"x")
        self.assertIsNone(inherited().memory)

    def test_nothing(self) -> None:
        known = Inherited()
        known.close()
        self.assertEqual((known.tables, known.memory), ({}, None))


class VifNoteTests(SynchronousTestCase):
    def test_another_descriptor_reads_it(self) -> None:
        note = VifRecord()
        self.addCleanup(note.close)
        places = {0: Place(7, 1), 31: Place(70000, 16)}
        note.write(places)
        again = VifRecord(os.dup(note.descriptor))
        self.addCleanup(again.close)
        self.assertEqual(again.read(), places)
        note.write({})
        self.assertEqual(again.read(), {})

    def test_what_is_none(self) -> None:
        for text in (b"", b"?", bytes(10_000)):
            number = os.memfd_create("test")
            os.write(number, text)
            note = VifRecord(number)
            self.assertRaises(ValueError, note.read)
            note.close()
