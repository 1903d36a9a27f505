"""What does not grow, or hardly: 100,000 groups, 10,000 flows, 100 instances."""

from __future__ import annotations

import time
from struct import pack

from pyroute2 import IPRoute

from mcproxy.lab.daemon import Daemon
from mcproxy.lab.node import Node
from mcproxy.lab.topology import Lab
from mcproxy.protocol.family import Address, packed
from mcproxy.protocol.wire.encoding import checksum
from mcproxy.protocol.wire.packets import RecordType

from . import process
from .contenders import MCPROXY_UNLIMITED, Contender
from .load import refresh
from .measure import Findings, Measure, Row, at_most
from .packets import IGMPV3
from .single import cpu_alone
from .site import SOURCE, Site, groups
from .storms import flooding

_FEW, _MANY = 1_000, 100_000
_ALONE = 500
_REFRESHES = 3
_FLOWS = 10_000
_INSTANCES = 100
_SECONDS = 10.0
_SETTLING = 5.0
_FIRST_TABLE = 1000


def join(site: Site, wanted: list[Address]) -> None:
    """Join groups in reports of many records; RuntimeError if the daemon does not read them."""
    reports = IGMPV3.reports(IGMPV3.host, RecordType.CHANGE_TO_EXCLUDE_MODE, wanted)
    if not site.send_reports(reports):
        raise RuntimeError(f"{site.contender.name} did not read {len(wanted)} joins in time")
    time.sleep(_SETTLING)


def _among(contender: Contender, findings: Findings) -> None:
    """Two daemons at once, in turns: one with few groups and one with many."""
    with Site(contender) as small, Site(contender) as large:
        join(small, groups(_FEW))
        join(large, groups(_MANY))
        few = IGMPV3.reports(IGMPV3.host, RecordType.MODE_IS_EXCLUDE, groups(_FEW))
        many = IGMPV3.reports(IGMPV3.host, RecordType.MODE_IS_EXCLUDE, groups(_MANY))
        for _ in range(_REFRESHES):
            cost = refresh(large, many)
            findings.add("among-refresh", cost)
            findings.add("among-flat", cost / refresh(small, few * (_MANY // _FEW // 4)))
        for number in range(_REFRESHES):
            first = int.from_bytes(packed("239.240.0.1"), "big") + number * _ALONE
            more = [each.to_bytes(4, "big") for each in range(first, first + _ALONE)]
            costs = [
                cpu_alone(site, RecordType.CHANGE_TO_EXCLUDE_MODE, more, 3.5)
                for site in (large, small)
            ]
            findings.add("among-join", costs[0] / costs[1])


def data_packet(group: Address) -> bytes:
    """An IPv4 packet with UDP from the server to a group."""
    payload = bytes(32)
    udp = pack("!HHHH", 5000, 5000, 8 + len(payload), 0) + payload
    head = pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 16, 17, 0) + packed(SOURCE) + group
    return head[:10] + pack("!H", checksum(head)) + head[12:] + udp


def _flows(contender: Contender, findings: Findings) -> None:
    wanted = groups(_FLOWS)
    with Site(contender) as site:
        join(site, wanted)
        site.home_data.read()
        cpu = process.cpu_ns(site.pid)
        packets = [data_packet(group) for group in wanted]
        with flooding(site.server, packets, float(_FLOWS), _SECONDS):
            pass
        time.sleep(0.5)
        findings.add("flows-cpu", (process.cpu_ns(site.pid) - cpu) / _SECONDS / 1e7)
        sent, arrived = len(site.server_data.sent()), len(site.home_data.received())
        findings.add("flows-lost", 100 * (1 - arrived / sent))
        findings.add("flows-memory", process.resident_bytes(site.pid) / 2**20)


def instances(count: int) -> str:
    """A configuration with ``count`` instances, each with a kernel table of its own."""
    return "".join(
        f'[instance.i{number}]\nupstream = "up{number}"\ndownstream = ["down{number}"]\n'
        f"table = {_FIRST_TABLE + number}\n"
        for number in range(count)
    )


def _add_links(near: Node, far: Node, count: int) -> None:
    """Links between two nodes for that many instances, without waiting for each."""
    with near.namespace, IPRoute() as ip:
        for number in range(count):
            for net, name in ((1, f"up{number}"), (2, f"down{number}")):
                other = {"ifname": f"x{name}", "net_ns_fd": far.namespace.descriptor}
                ip.link("add", ifname=name, kind="veth", peer=other)
                index = ip.link_lookup(ifname=name)[0]
                ip.link("set", index=index, state="up")
                address = f"10.{net * 100 + number // 250}.{number % 250}.1"
                ip.addr("add", index=index, address=address, prefixlen=24)
    with far.namespace, IPRoute() as ip:
        for link in ip.get_links():
            ip.link("set", index=link["index"], state="up")
    time.sleep(_SETTLING)


def _instances(contender: Contender, findings: Findings) -> None:
    with Lab() as lab:
        proxy, far = lab.node("proxy"), lab.node("far")
        _add_links(proxy, far, _INSTANCES)
        proxy.sysctl("ipv4/ip_forward", 1)
        daemon = Daemon(proxy, instances(_INSTANCES))
        findings.add("instances-start", daemon.wait_ready(120.0))
        findings.add("instances-start-cpu", process.cpu_ns(daemon.pid) / 1e9)
        time.sleep(60.0)  # beyond the start-up queries
        cpu = process.cpu_ns(daemon.pid)
        time.sleep(_SECONDS)
        findings.add("instances-cpu", (process.cpu_ns(daemon.pid) - cpu) / _SECONDS / 1e7)
        findings.add("instances-memory", process.resident_bytes(daemon.pid) / 2**20)
        findings.add("instances-stop", daemon.terminate(timeout=60.0)[1])


SCALE = (
    Measure(
        "among",
        f"Among {_MANY:,} groups",
        f"Two daemons run at once, one with {_FEW:,} groups and one with {_MANY:,}. In turns, "
        f"each receives records that refresh its groups, and {_ALONE} joins of further groups "
        "that come alone. The values are the CPU time for a record of the large one, the same as "
        "a multiple of that of the small one, and the CPU time for such a join as a multiple.",
        (
            Row("among-refresh", f"CPU a refreshed record, {_MANY:,} groups", "µs", 2, at_most(6)),
            Row("among-flat", "the same against 1,000 groups", "times", 2, at_most(1.25)),
            Row("among-join", "CPU a join alone, against 1,000 groups", "times", 2, at_most(1.2)),
        ),
        1,
        _among,
        (MCPROXY_UNLIMITED,),
    ),
    Measure(
        "flows",
        f"{_FLOWS:,} flows",
        f"{_FLOWS:,} groups are joined, and a source sends a packet a second to each. The values "
        "are the daemon's share of one processor meanwhile, the lost packets and its memory.",
        (
            Row("flows-cpu", f"CPU with {_FLOWS:,} flows", "%", 2, at_most(1)),
            Row("flows-lost", f"packets lost of {_FLOWS:,} flows", "%", 2, at_most(0, "none"), max),
            Row("flows-memory", f"memory with {_FLOWS:,} flows", "MiB", 1),
        ),
        1,
        _flows,
        (MCPROXY_UNLIMITED,),
    ),
    Measure(
        "instances",
        f"{_INSTANCES} instances",
        f"One daemon has {_INSTANCES} instances, each with an upstream, a downstream and a kernel "
        "table of its own, for IPv4 and IPv6. The values are the time from its start until it is "
        "ready, the CPU time for that, its share of one processor a minute later, its memory, "
        "and the time that it takes to end.",
        (
            Row("instances-start", f"start with {_INSTANCES} instances", "s", 2),
            Row("instances-start-cpu", "CPU of this start", "s", 2),
            Row("instances-cpu", f"CPU at rest, {_INSTANCES} instances", "%", 2, at_most(1)),
            Row("instances-memory", f"memory at rest, {_INSTANCES} instances", "MiB", 1),
            Row("instances-stop", f"stop with {_INSTANCES} instances", "s", 2),
        ),
        1,
        _instances,
        (MCPROXY_UNLIMITED,),
    ),
)
