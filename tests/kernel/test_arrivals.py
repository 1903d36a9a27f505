"""The look at data that arrives: groups that it names, and small TTLs of all groups."""

from mcproxy.linux.arrivals import Arrival, ArrivalLook
from mcproxy.linux.host_counters import ANY_INTERFACE, read_host_counters
from mcproxy.linux.mroute.socket import MulticastTable
from mcproxy.protocol.family import FAMILIES, IPV4, Family, packed

from .support import await_datagrams
from .tables import GROUPS, SOURCES, TableTestCase

OTHERS = {IPV4: "239.7.7.7", FAMILIES[1]: "ff1e::7"}
LINK_SCOPE = {IPV4: "224.0.0.9", FAMILIES[1]: "ff02::9"}


class ArrivalTests(TableTestCase):
    def look(self, *groups: bytes, hops: int = 1) -> ArrivalLook:
        look: ArrivalLook = self.open(self.router, ArrivalLook, groups, hops)
        return look

    def arrival(self, family: Family, group: str, hops: int) -> Arrival:
        return Arrival("up0", packed(SOURCES[family]), packed(group), hops)

    def test_named_group_is_seen_with_interface_source_and_ttl(self) -> None:
        look = self.look(*(packed(GROUPS[family]) for family in FAMILIES))
        for family in FAMILIES:
            for group in (GROUPS, GROUPS, OTHERS, LINK_SCOPE):
                self.send_data("up0", SOURCES[family], group[family], hops=9)
        expected = {self.arrival(family, GROUPS[family], 9): 2 for family in FAMILIES}
        self.assertEqual(look.take(), expected)

    def test_small_ttl_is_seen_of_any_group_but_those_of_the_link(self) -> None:
        look = self.look()
        for family in FAMILIES:
            for hops in (1, 2):
                self.send_data("up0", SOURCES[family], OTHERS[family], hops)
                self.send_data("up0", SOURCES[family], LINK_SCOPE[family], hops)
        expected = {self.arrival(family, OTHERS[family], 1): 1 for family in FAMILIES}
        self.assertEqual(look.take(), expected)

    def test_look_at_what_leaves_sees_the_groups_that_are_forwarded(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            for group in (GROUPS, OTHERS):
                address = packed(group[family])
                table.add(table.pack(family.unspecified, address, 0, [0, 1]))
            out = self.sniff(self.peer, "down0", family)
            groups = [packed(GROUPS[family])]
            look = self.open(self.router, ArrivalLook, groups, 1, True)
            for group in (GROUPS, OTHERS):
                self.send_data("up0", SOURCES[family], group[family], hops=9)
            await_datagrams(out, lambda data: data.endswith(b"data"), 2)
            seen = self.arrival(family, GROUPS[family], 8)._replace(interface="down0")
            self.assertEqual(look.take(), {seen: 1})

    def test_threshold_is_the_largest_ttl_that_is_seen(self) -> None:
        look = self.look(hops=16)
        for hops in (15, 16, 17):
            self.send_data("up0", SOURCES[IPV4], OTHERS[IPV4], hops)
        self.assertEqual(sorted(arrival.hops for arrival in look.take()), [15, 16])

    def test_what_rp_filter_drops_is_seen_and_counted_by_the_kernel(self) -> None:
        self.router.sysctl("ipv4/conf/up0/rp_filter", 1)
        self.peer.ip("addr add 10.99.0.5/32 dev up0")
        look = self.look(packed(GROUPS[IPV4]))
        table: MulticastTable = self.table(IPV4)
        table.add(table.pack(bytes(4), packed(GROUPS[IPV4]), 0, [1]))
        with self.router:
            before = read_host_counters(())
        self.send_data("up0", "10.99.0.5", GROUPS[IPV4])
        with self.router:
            after = read_host_counters(())
        self.assertEqual(after.reverse_path - before.reverse_path, 1)
        self.assertEqual(look.take().total(), 1)

    def test_forwarded_multicast_counts_as_sent(self) -> None:
        for family in FAMILIES:
            table = self.table(family)
            table.add(table.pack(family.unspecified, packed(GROUPS[family]), 0, [0, 1]))
            out = self.sniff(self.peer, "down0", family)
            key = (family, ANY_INTERFACE if family is IPV4 else "down0")
            with self.router:
                before = read_host_counters(["down0"]).sent[key]
            for _ in range(3):
                self.send_data("up0", SOURCES[family], GROUPS[family])
            await_datagrams(out, lambda data: data.endswith(b"data"), 3)
            with self.router:
                self.assertGreaterEqual(read_host_counters(["down0"]).sent[key] - before, 3)
