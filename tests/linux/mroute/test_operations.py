"""The structures of the kernel, against the C declarations of its headers."""

import ctypes
import socket
from ctypes import c_int, c_uint8, c_uint16, c_uint32, c_ulong, sizeof

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.linux.mroute.operations import ADD, ADD_VIF, LAYOUTS, REMOVE, REMOVE_VIF, Operations
from mcproxy.protocol.family import IPV4, IPV6, packed


class Vifctl(ctypes.Structure):
    _fields_ = (
        ("vifi", c_uint16),
        ("flags", c_uint8),
        ("threshold", c_uint8),
        ("rate_limit", c_uint32),
        ("ifindex", c_int),
        ("remote", c_uint8 * 4),
    )


class Mfcctl(ctypes.Structure):
    _fields_ = (
        ("origin", c_uint8 * 4),
        ("group", c_uint8 * 4),
        ("parent", c_uint16),
        ("ttls", c_uint8 * 32),
        ("packets", c_uint32),
        ("bytes", c_uint32),
        ("wrong", c_uint32),
        ("expire", c_int),
    )


class Mif6ctl(ctypes.Structure):
    _fields_ = (
        ("mifi", c_uint16),
        ("flags", c_uint8),
        ("threshold", c_uint8),
        ("pifi", c_uint16),
        ("rate_limit", c_uint32),
    )


class SockaddrIn6(ctypes.Structure):
    _fields_ = (
        ("family", c_uint16),
        ("port", c_uint16),
        ("flow", c_uint32),
        ("address", c_uint8 * 16),
        ("scope", c_uint32),
    )


class Mf6cctl(ctypes.Structure):
    _fields_ = (
        ("origin", SockaddrIn6),
        ("group", SockaddrIn6),
        ("parent", c_uint16),
        ("ifset", c_uint32 * 8),
    )


class SgReq(ctypes.Structure):
    _fields_ = (
        ("source", c_uint8 * 4),
        ("group", c_uint8 * 4),
        ("packets", c_ulong),
        ("bytes", c_ulong),
        ("wrong", c_ulong),
    )


class SgReq6(ctypes.Structure):
    _fields_ = (
        ("source", SockaddrIn6),
        ("group", SockaddrIn6),
        ("packets", c_ulong),
        ("bytes", c_ulong),
        ("wrong", c_ulong),
    )


class IPv4Tests(SynchronousTestCase):
    source, group = packed("10.0.0.9"), packed("239.1.2.3")

    def setUp(self) -> None:
        self.make = Operations(IPV4)

    def test_vif_addition_has_the_kernel_s_layout(self) -> None:
        """FWD-08: its threshold is 1."""
        option, data = self.make.vif_addition(31, 70000)
        self.assertEqual((option, len(data)), (ADD_VIF, sizeof(Vifctl)))
        vif = Vifctl.from_buffer_copy(data)
        self.assertEqual((vif.vifi, vif.flags, vif.threshold, vif.ifindex), (31, 8, 1, 70000))

    def test_vif_removal_has_the_kernel_s_layout(self) -> None:
        option, data = self.make.vif_removal(7)
        self.assertEqual((option, len(data)), (REMOVE_VIF, sizeof(Vifctl)))
        self.assertEqual(Vifctl.from_buffer_copy(data).vifi, 7)

    def test_entry_has_the_kernel_s_layout(self) -> None:
        data = self.make.pack(self.source, self.group, 3, [0, 31])
        self.assertEqual(len(data), sizeof(Mfcctl))
        entry = Mfcctl.from_buffer_copy(data)
        self.assertEqual(bytes(entry.origin), self.source)
        self.assertEqual(bytes(entry.group), self.group)
        self.assertEqual(entry.parent, 3)
        self.assertEqual(bytes(entry.ttls), b"\1" + bytes(30) + b"\1")

    def test_counters_request_has_the_kernel_s_size(self) -> None:
        self.assertEqual(LAYOUTS[IPV4].counters.size, sizeof(SgReq))

    def test_operation_is_addresses_and_tail(self) -> None:
        tail = self.make.route_tail(3, [1])
        whole = self.make.pack(self.source, self.group, 3, [1])
        self.assertEqual(self.make.addition(self.source, self.group, tail), (ADD, whole))
        self.assertEqual(self.make.removal(self.source, self.group, tail), (REMOVE, whole))

    def test_entry_is_read_back_from_its_operation(self) -> None:
        tail = self.make.route_tail(3, [1, 4])
        for operation in (
            self.make.addition(self.source, self.group, tail),
            self.make.removal(self.source, self.group, tail),
        ):
            self.assertEqual(self.make.read_entry(operation), (self.source, self.group, tail))

    def test_tail_depends_on_interfaces_and_their_thresholds_only(self) -> None:
        self.assertEqual(self.make.route_tail(0, [1, 2]), self.make.route_tail(0, iter((2, 1, 1))))
        self.assertNotEqual(self.make.route_tail(0, [1, 2]), self.make.route_tail(0, [1]))
        self.assertEqual(self.make.route_tail(0, [1]), self.make.route_tail(0, [1], {2: 7}))
        self.assertNotEqual(self.make.route_tail(0, [1]), self.make.route_tail(0, [1], {1: 7}))

    def test_vif_number_beyond_the_table_is_an_error(self) -> None:
        self.assertRaises(ValueError, self.make.route_tail, 32, [])
        self.assertRaises(ValueError, self.make.route_tail, 0, [32])
        self.assertRaises(ValueError, self.make.route_tail, 0, [-1])


class IPv6Tests(SynchronousTestCase):
    source, group = packed("2001:db8::9"), packed("ff1e::3")

    def setUp(self) -> None:
        self.make = Operations(IPV6)

    def test_vif_addition_has_the_kernel_s_layout(self) -> None:
        option, data = self.make.vif_addition(31, 300)
        self.assertEqual((option, len(data)), (ADD_VIF, sizeof(Mif6ctl)))
        mif = Mif6ctl.from_buffer_copy(data)
        self.assertEqual((mif.mifi, mif.flags, mif.threshold, mif.pifi), (31, 0, 1, 300))

    def test_index_beyond_16_bits_becomes_no_interface(self) -> None:
        # 65536 + 3 cut to its 16 bits would be interface 3.
        _, data = self.make.vif_addition(1, 65539)
        self.assertEqual(Mif6ctl.from_buffer_copy(data).pifi, 0)

    def test_vif_removal_has_the_kernel_s_layout(self) -> None:
        option, data = self.make.vif_removal(7)
        self.assertEqual((option, data), (REMOVE_VIF, bytes(c_uint16(7))))

    def test_entry_has_the_kernel_s_layout(self) -> None:
        data = self.make.pack(self.source, self.group, 3, [0, 31])
        self.assertEqual(len(data), sizeof(Mf6cctl))
        entry = Mf6cctl.from_buffer_copy(data)
        for part, address in ((entry.origin, self.source), (entry.group, self.group)):
            self.assertEqual(part.family, socket.AF_INET6)
            self.assertEqual(bytes(part.address), address)
            self.assertEqual((part.port, part.flow, part.scope), (0, 0, 0))
        self.assertEqual(entry.parent, 3)
        self.assertEqual(list(entry.ifset), [1 | 1 << 31] + [0] * 7)

    def test_entry_is_read_back_from_its_operation(self) -> None:
        tail = self.make.route_tail(3, [1, 4])
        operation = self.make.addition(self.source, self.group, tail)
        self.assertEqual(self.make.read_entry(operation), (self.source, self.group, tail))

    def test_counters_request_has_the_kernel_s_size(self) -> None:
        self.assertEqual(LAYOUTS[IPV6].counters.size, sizeof(SgReq6))
