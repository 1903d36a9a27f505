"""Socket filters: what the assembler makes of instructions and labels."""

from __future__ import annotations

import socket
from struct import iter_unpack

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.linux.bpf import (
    accept_from,
    assemble,
    attach,
    drop,
    if_equal,
    keep,
    load_byte,
    load_half,
    load_word,
    shift_right,
)
from mcproxy.protocol.family import FAMILIES

NEXT = b"next"


def lines(program: bytes) -> list[tuple[int, ...]]:
    """Code, distance if true and if false, and value of each instruction."""
    return list(iter_unpack("=HBBI", program))


class AssemblerTests(SynchronousTestCase):
    def test_each_instruction_has_its_code_and_value(self) -> None:
        program = assemble(load_byte(9), load_half(4), load_word(8), shift_right(4), keep(), drop())
        codes = [(code, value) for code, _, _, value in lines(program)]
        whole = 0xFFFFFFFF
        self.assertEqual(codes, [(48, 9), (40, 4), (32, 8), (116, 4), (6, whole), (6, 0)])

    def test_jump_counts_the_instructions_up_to_its_label(self) -> None:
        program = assemble(
            if_equal(1, "a", "b"), if_equal(2), drop(), "a", keep(), "b", "c", drop()
        )
        distances = [(true, false) for _, true, false, _ in lines(program)]
        self.assertEqual(distances, [(2, 3), (0, 0), (0, 0), (0, 0), (0, 0)])

    def test_jump_back_is_refused(self) -> None:
        self.assertRaises(ValueError, assemble, "a", load_byte(0), if_equal(1, "a"), drop())

    def test_jump_to_unknown_label_is_refused(self) -> None:
        self.assertRaises(ValueError, assemble, if_equal(1, "nowhere"), drop())

    def test_jump_over_more_than_255_instructions_is_refused(self) -> None:
        between = [load_byte(0)] * 255
        self.assertEqual(lines(assemble(if_equal(1, "a"), *between, "a", drop()))[0][1], 255)
        between.append(load_byte(0))
        self.assertRaises(ValueError, assemble, if_equal(1, "a"), *between, "a", drop())


class AttachTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.near, self.far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.near.setblocking(False)
        self.addCleanup(self.near.close)
        self.addCleanup(self.far.close)

    def passes(self, data: bytes) -> bool:
        """Whether the filter delivers this, followed by something that it does deliver."""
        for one in (data, NEXT):
            self.far.send(one)
        came = self.near.recv(100) == data
        if came:
            self.assertEqual(self.near.recv(100), NEXT)
        return came

    def test_socket_gets_only_what_the_program_keeps(self) -> None:
        program = assemble(
            load_byte(0), if_equal(NEXT[0], "keep"), if_equal(7, "keep"), drop(), "keep", keep()
        )
        attach(self.near, program)
        self.assertTrue(self.passes(b"\7 long"))
        self.assertFalse(self.passes(b"\10 long"))

    def test_program_that_the_kernel_refuses_is_an_error(self) -> None:
        self.assertRaises(OSError, attach, self.near, b"")

    def test_filter_for_very_many_interfaces_is_accepted(self) -> None:
        for family in FAMILIES:
            accept_from(self.near, family, range(1, 1001))
            self.assertRaises(OSError, accept_from, self.near, family, range(1, 5000))
