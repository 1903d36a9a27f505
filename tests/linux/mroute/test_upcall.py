"""Upcalls are parsed, and other messages on the socket are not taken for upcalls."""

import random

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.linux.mroute.upcall import Upcall, UpcallKind, parse_upcall
from mcproxy.protocol.family import FAMILIES, IPV4, IPV6, packed

# The interface number of mrt6msg is in the machine's byte order, here the same in both.
# As read from the sockets: struct igmpmsg and eight bytes more, struct mrt6msg and the
# beginning of the packet.
IPV4_NOCACHE = bytes.fromhex("45000021ed3d4000 01000300 0a000009 ef010203 1100000000000000")
IPV4_WRONG = bytes.fromhex("45000021ed3d4000 02000201 0a000009 ef010203")
IPV6_WRONG = bytes.fromhex(
    "0002 0505 00000000 20010db8000000000000000000000009 ff1e0000000000000000000000000003 6000"
)
IPV4_REPORT = bytes.fromhex(
    "46c0002800004000 01 02 44fc 0a000002 e0000016 94040000 2200f9fb0000000104000000ef010203"
)
IPV6_REPORT = bytes.fromhex("8f0041d900000001 04000000ff1e0000000000000000000000000003") + bytes(20)


class UpcallTests(SynchronousTestCase):
    def test_ipv4_cache_miss_is_parsed(self) -> None:
        self.assertEqual(
            parse_upcall(IPV4, IPV4_NOCACHE),
            Upcall(UpcallKind.NOCACHE, 3, packed("10.0.0.9"), packed("239.1.2.3")),
        )

    def test_ipv4_wrong_interface_is_parsed(self) -> None:
        self.assertEqual(
            parse_upcall(IPV4, IPV4_WRONG),
            Upcall(
                UpcallKind.WRONG_INTERFACE, 2 + (1 << 8), packed("10.0.0.9"), packed("239.1.2.3")
            ),
        )

    def test_ipv6_wrong_interface_is_parsed(self) -> None:
        self.assertEqual(
            parse_upcall(IPV6, IPV6_WRONG),
            Upcall(UpcallKind.WRONG_INTERFACE, 0x0505, packed("2001:db8::9"), packed("ff1e::3")),
        )

    def test_message_of_a_host_is_no_upcall(self) -> None:
        self.assertIsNone(parse_upcall(IPV4, IPV4_REPORT))
        self.assertIsNone(parse_upcall(IPV6, IPV6_REPORT))

    def test_unknown_kind_is_no_upcall(self) -> None:
        self.assertIsNone(parse_upcall(IPV4, IPV4_WRONG[:8] + b"\x09" + IPV4_WRONG[9:]))
        self.assertIsNone(parse_upcall(IPV6, b"\0\0" + IPV6_WRONG[2:]))

    def test_data_that_is_too_short_is_no_upcall(self) -> None:
        for family, whole in ((IPV4, IPV4_WRONG), (IPV6, IPV6_WRONG[:40])):
            self.assertIsNotNone(parse_upcall(family, whole))
            for size in range(len(whole)):
                self.assertIsNone(parse_upcall(family, whole[:size]))

    def test_random_data_raises_nothing(self) -> None:
        noise = random.Random(1)
        for _ in range(2000):
            data = noise.randbytes(noise.randrange(60))
            for family in FAMILIES:
                parse_upcall(family, data)
