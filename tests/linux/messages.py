"""Netlink messages as the kernel sends them, for tests."""

from struct import pack

from mcproxy.linux.netlink import frame as netlink

AF_INET, AF_INET6, AF_BRIDGE = 2, 10, 7
UP = 0x1 | 0x40 | 0x10000
TENTATIVE, DADFAILED, SECONDARY = 0x40, 0x48, 0x01


def message(kind: int, body: bytes, flags: int = 0, sequence: int = 0) -> bytes:
    """One message, padded so that another may follow."""
    size = netlink.HEADER.size + len(body)
    return netlink.HEADER.pack(size, kind, flags, sequence, 0) + body + bytes(-size & 3)


def link(
    index: int,
    name: str,
    flags: int = UP,
    mtu: int = 1500,
    family: int = 0,
    gone: bool = False,
    port_of: str = "",
    master: int = 0,
    altnames: tuple[str, ...] = (),
) -> bytes:
    """RTM_NEWLINK, or RTM_DELLINK when it is gone; a port is one of this kind of link."""
    body = pack("=BxHiII", family, 1, index, flags, 0)
    body += netlink.attribute(3, name.encode() + b"\0") + netlink.attribute(4, pack("=I", mtu))
    if altnames:
        names = b"".join(netlink.attribute(53, name.encode() + b"\0") for name in altnames)
        body += netlink.attribute(0x8000 | 52, names)
    if port_of:
        body += netlink.attribute(18, netlink.attribute(4, port_of.encode() + b"\0"))
    if master:
        body += netlink.attribute(10, pack("=I", master))
    return message(17 if gone else 16, body)


def address(
    index: int,
    own: bytes,
    prefix_length: int = 24,
    flags: int = 0,
    peer: bytes | None = None,
    gone: bool = False,
) -> bytes:
    """RTM_NEWADDR, or RTM_DELADDR when it is gone."""
    family = AF_INET if len(own) == 4 else AF_INET6
    body = pack("=BBBBI", family, prefix_length, flags & 0xFF, 0, index)
    body += netlink.attribute(1, peer or own)
    if peer or family == AF_INET:
        body += netlink.attribute(2, own)
    body += netlink.attribute(8, pack("=I", flags))
    return message(21 if gone else 20, body)


def done(sequence: int, interrupted: bool = False) -> bytes:
    """NLMSG_DONE."""
    flags = 2 | (netlink.NLM_F_DUMP_INTR if interrupted else 0)
    return message(netlink.NLMSG_DONE, pack("=i", 0), flags, sequence)


def failed(sequence: int, error: int) -> bytes:
    """NLMSG_ERROR."""
    body = pack("=i", -error) + netlink.HEADER.pack(16, 18, 0, sequence, 0)
    return message(netlink.NLMSG_ERROR, body, 0, sequence)


def route(
    family: int,
    table: int,
    source: bytes,
    group: bytes,
    *,
    gone: bool = True,
    flags: int = 0,
    parent: int = 0,
    outgoing: tuple[int, ...] = (),
    counted: tuple[int, int] = (0, 0),
) -> bytes:
    """RTM_DELROUTE or RTM_NEWROUTE of a multicast table."""
    bits = len(group) * 8
    body = pack("=BBBBBBBBI", family, bits, bits, 0, 0, 17, 0, 5, flags)
    body += netlink.attribute(15, pack("=I", table))
    body += netlink.attribute(2, source) + netlink.attribute(1, group)
    if parent:
        body += netlink.attribute(3, pack("=i", parent))
    hops = b"".join(pack("=HBBi", 8, 0, 1, index) for index in outgoing)
    body += netlink.attribute(9, hops) + netlink.attribute(17, pack("=QQQ", *counted, 0))
    return message(25 if gone else 24, body)


def mc_forwarding(family: int, ifindex: int, count: int) -> bytes:
    """RTM_NEWNETCONF about the number of virtual interfaces on an interface."""
    body = pack("=B3x", family) + netlink.attribute(1, pack("=i", ifindex))
    return message(80, body + netlink.attribute(4, pack("=i", count)))


def wireless_event(index: int, name: str, flags: int = UP) -> bytes:
    """RTM_NEWLINK as cfg80211 sends it after a scan: name, IFLA_WIRELESS, and nothing else."""
    body = pack("=BxHiII", 0, 1, index, flags, 0) + netlink.attribute(3, name.encode() + b"\0")
    scan_done = pack("=HHI", 8, 0x8B19, 0)  # struct iw_event of SIOCGIWSCAN
    return message(16, body + netlink.attribute(11, scan_done))


def link_attributes(index: int, attributes: bytes, flags: int = UP) -> bytes:
    """RTM_NEWLINK with these attributes alone."""
    return message(16, pack("=BxHiII", 0, 1, index, flags, 0) + attributes)
