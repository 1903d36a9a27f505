"""What readers of the traffic views cost: how much later joins take effect, and answer times."""

from __future__ import annotations

import math
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcproxy.protocol.family import Address
from mcproxy.protocol.wire.packets import RecordType

from .contenders import MCPROXY_QUICK, Contender
from .measure import Findings, Measure, Row, at_most
from .packets import IGMPV3
from .site import Site, groups

_MILLISECOND = 1e6
_ROUTES = 50_000
_FLOWS = 10_000
_JOINS = 200
_ANSWERS = 5
_SETTLING = 5.0


def _delays(contender: Contender, findings: Findings) -> None:
    *many, group = groups(_ROUTES + 1)
    with Site(contender) as site:
        if not site.send_reports(reports(many)):
            raise RuntimeError(f"{contender.name} did not read the joins of {_ROUTES} groups")
        time.sleep(_SETTLING)
        with site.stream(group):
            without = joins(site, group)
            with _reader(site.daemon.socket, findings):
                beside = joins(site, group)
    for name, (reported, arrived) in (("alone", without), ("read", beside)):
        findings.add(f"reported-{name}", *reported)
        findings.add(f"arrived-{name}", *arrived)
    for what, one, other in (
        ("reported", without[0], beside[0]),
        ("arrived", without[1], beside[1]),
    ):
        findings.add(f"{what}-later", percentile_99(other) - percentile_99(one))


def joins(site: Site, group: Address) -> tuple[list[float], list[float]]:
    """Join and leave a group: milliseconds until it was reported upstream, and data arrived."""
    reported, arrived = [], []
    for _ in range(_JOINS):
        time.sleep(0.03 + random.random() * 0.03)
        site.home_data.received()
        site.join(group)
        time.sleep(0.06)
        joined = site.sent_joins()[group]
        upstream, data = site.reported_joins(), site.home_data.received()
        if group in upstream and data:
            reported.append((upstream[group] - joined) / _MILLISECOND)
            arrived.append((data[0].time - joined) / _MILLISECOND)
        site.leave(group)
        time.sleep(0.03)
        site.provider_igmp.received()
    return reported, arrived


@contextmanager
def _reader(path: Path, findings: Findings) -> Iterator[None]:
    """Ask for all flows without a pause."""
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            findings.add("reading", _ask(path)[0])

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _ask(path: Path) -> tuple[float, int]:
    """Seconds until the answer is complete, and its bytes."""
    begin, size = time.monotonic(), 0
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        sock.sendall(b"GET /flows HTTP/1.1\r\nHost: mcproxy\r\n\r\n")
        while data := sock.recv(1 << 18):
            size += len(data)
    return time.monotonic() - begin, size


def _answers(contender: Contender, findings: Findings) -> None:
    with Site(contender) as site:
        if not site.send_reports(reports(groups(_FLOWS))):
            raise RuntimeError(f"{contender.name} did not read the joins of {_FLOWS} groups")
        time.sleep(_SETTLING)
        for _ in range(_ANSWERS):
            begin = time.monotonic()
            site.daemon.command("show", "flows")
            findings.add("show-flows", time.monotonic() - begin)
            time.sleep(1)


def reports(wanted: list[Address]) -> list[bytes]:
    """Reports of a host that joins these groups from any source."""
    return IGMPV3.reports(IGMPV3.host, RecordType.CHANGE_TO_EXCLUDE_MODE, wanted)


def percentile_99(values: list[float]) -> float:
    """The smallest value that 99 % do not exceed."""
    return sorted(values)[math.ceil(0.99 * len(values)) - 1]


def delay_row(key: str, title: str) -> Row:
    """A row of delays in milliseconds, as their 99th percentile."""
    return Row(key, title, "ms", 2, statistic=percentile_99)


READERS = (
    Measure(
        "readers",
        "Joins while somebody reads the flows",
        "With 50,000 groups, a host joins and leaves one more group, to which 1,000 packets a "
        "second are sent. First nobody reads; then a reader asks for all flows again and again. "
        "The times are those from the join until it is reported upstream, and until data "
        "arrives. The 99th percentiles are shown, and how much larger they are with the reader.",
        (
            delay_row("reported-alone", "join to report upstream, nobody reads"),
            delay_row("reported-read", "join to report upstream, flows are read"),
            Row("reported-later", "difference", "ms", 2, at_most(5)),
            delay_row("arrived-alone", "join to data, nobody reads"),
            delay_row("arrived-read", "join to data, flows are read"),
            Row("arrived-later", "difference", "ms", 2, at_most(5)),
            Row("reading", "answer with 50,000 flows", "s", 2),
        ),
        1,
        _delays,
        (MCPROXY_QUICK,),
    ),
    Measure(
        "show-flows",
        "mcproxy show flows",
        "The time of the whole command with 10,000 flows, its start included.",
        (Row("show-flows", "show flows with 10,000 flows", "s", 2, at_most(1)),),
        1,
        _answers,
        (MCPROXY_QUICK,),
    ),
)
