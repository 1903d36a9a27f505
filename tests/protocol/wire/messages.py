"""Messages of both families for tests: strategies, encoding, checksums."""

from __future__ import annotations

from hypothesis import strategies as st

from mcproxy.protocol.family import IPV4, IPV6, Family
from mcproxy.protocol.wire import datagram, igmp, mld
from mcproxy.protocol.wire import encoding as wire
from mcproxy.protocol.wire.datagram import destination
from mcproxy.protocol.wire.packets import (
    Discovery,
    Leave,
    OldReport,
    Packet,
    Query,
    Report,
    RouterAdvertisement,
    RouterSolicitation,
    RouterTermination,
)

from ..families import host, multicast, records, source_lists


def summed(message: bytes) -> bytes:
    """Return ``message`` with its checksum filled in."""
    blank = message[:2] + b"\0\0" + message[4:]
    return blank[:2] + wire.checksum(blank).to_bytes(2, "big") + blank[4:]


def message(text: str) -> bytes:
    """Return bytes from hexadecimal text, with the checksum filled in."""
    return summed(bytes.fromhex(text))


def discovery_packets() -> st.SearchStrategy[Discovery]:
    """Return a strategy for every message of router discovery."""
    number = st.integers(0, 0xFFFF)
    return st.one_of(
        st.builds(RouterAdvertisement, st.integers(0, 0xFF), number, number),
        st.just(RouterSolicitation()),
        st.just(RouterTermination()),
    )


def igmp_packets() -> st.SearchStrategy[Packet]:
    """Return a strategy for every IGMP packet that the wire can carry without rounding."""
    codes = st.integers(0, 255)
    float_times = codes.map(lambda code: wire.decode_float(code, 8))
    reports = st.lists(records(IPV4), max_size=5).map(tuple).map(Report)
    maybe_group = st.just(IPV4.unspecified) | multicast(IPV4)
    return st.one_of(
        reports,
        discovery_packets(),
        multicast(IPV4).map(Leave),
        st.builds(OldReport, st.sampled_from([1, 2]), multicast(IPV4)),
        st.builds(Query, st.just(1), st.just(IPV4.unspecified), st.just(igmp.IGMPV1_MAX_RESPONSE)),
        st.builds(Query, st.just(2), maybe_group, st.integers(1, 255).map(lambda t: t / 10)),
        st.builds(
            Query,
            st.just(3),
            multicast(IPV4),
            float_times.map(lambda t: t / 10),
            source_lists(IPV4),
            st.booleans(),
            st.integers(0, 7),
            float_times,
        ),
    )


def mld_packets() -> st.SearchStrategy[Packet]:
    """Return a strategy for every MLD packet that the wire can carry without rounding."""
    times = st.integers(0, 0xFFFF).map(lambda code: wire.decode_float(code, 16) / 1000)
    intervals = st.integers(0, 255).map(lambda code: wire.decode_float(code, 8))
    return st.one_of(
        st.lists(records(IPV6), max_size=5).map(tuple).map(Report),
        discovery_packets(),
        multicast(IPV6).map(Leave),
        st.builds(OldReport, st.just(1), multicast(IPV6)),
        st.builds(
            Query,
            st.just(1),
            st.just(IPV6.unspecified) | multicast(IPV6),
            st.integers(0, 0xFFFF).map(lambda t: t / 1000),
        ),
        st.builds(
            Query,
            st.just(2),
            multicast(IPV6),
            times,
            source_lists(IPV6),
            st.booleans(),
            st.integers(0, 7),
            intervals,
        ),
    )


CODECS = {IPV4: igmp, IPV6: mld}
PACKETS = {IPV4: igmp_packets, IPV6: mld_packets}


def sent(family: Family, packet: Packet) -> bytes:
    """Return the IP packet as host 1 sends it."""
    return datagram.encode(family, host(family, 1), destination(family, packet), packet)
