"""The daemon, with the way of each report that comes alone stamped.

``python -m tests.benchmarks.path_recorder STAMPS FILE`` runs ``mcproxy run --config FILE``. Each
line of the file STAMPS is a JSON object: the nanoseconds of the system's clock at which a report
passed each stage of STAGES. The first stamp is the kernel's. The stages of the routing thread are
stamped in that thread. ``cpu`` has the nanoseconds of processor time that the reactor's thread used
for the whole turn, with the wait for it. The line of a report is written when the next one comes.

The stamps are taken by wrappers around methods of the daemon, which itself is not changed. Each
costs less than a microsecond.
"""

from __future__ import annotations

import functools
import json
import socket
import sys
import time
from collections.abc import Callable
from struct import Struct
from typing import Any, TextIO

from mcproxy.instance.downstream import Downstream
from mcproxy.instance.instance import ProxyInstance
from mcproxy.linux.mroute.socket import MulticastTable
from mcproxy.protocol.wire import datagram
from mcproxy.receiver.table_port import TablePort
from mcproxy.receiver.table_reader import TableProtocol
from mcproxy.routing.thread import RoutingThread
from mcproxy.sender import Sender

STAGES = {
    "arrived": "the kernel queued the report on the routing socket",
    "woken": "the reactor begins to read the socket",
    "read": "recvmsg gave the datagram",
    "decoded": "the report is decoded, and goes to the instance",
    "decided": "the querier has changed its state",
    "handed": "the entry was handed to the routing thread",
    "built": "the report upstream is encoded",
    "sent": "the report upstream was sent",
    "installing": "the routing thread asks the kernel for the entry",
    "installed": "the kernel has the entry",
    "turned": "the reactor has read what it takes in this turn",
}
"""What a stamp means."""

_SO_TIMESTAMPNS = 35
_TIMESPEC = Struct("@qq")


class _Path:
    """The stamps of the report that came last."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._stamps: dict[str, int] = {}
        self._is_in_turn = False
        self._cpu = 0

    def begin(self) -> None:
        """Another report comes: write the stamps of the one before."""
        if "arrived" in self._stamps:
            self._file.write(json.dumps(self._stamps) + "\n")
        self._stamps = {"woken": time.time_ns()}
        self._is_in_turn = True

    def end_turn(self) -> None:
        """The reactor looks at its descriptors again."""
        before, self._cpu = self._cpu, time.thread_time_ns()
        if self._is_in_turn:
            self._is_in_turn = False
            self._stamps["cpu"] = self._cpu - before

    def stamp(self, stage: str) -> None:
        """The report passes a stage; only the first time counts."""
        self._stamps.setdefault(stage, time.time_ns())

    def note_arrival(self, ancillary: Any) -> Any:
        """Stamp what the kernel tells of the time, and return all that it tells else."""
        others = []
        for level, kind, value in ancillary:
            if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
                seconds, nanoseconds = _TIMESPEC.unpack_from(value)
                self._stamps.setdefault("arrived", seconds * 1_000_000_000 + nanoseconds)
            else:
                others.append((level, kind, value))
        return others


def _wrap(owner: Any, name: str, before: Callable[[], None], after: Callable[[], None]) -> None:
    """Have ``owner.name`` call something before and after it."""
    wrapped = getattr(owner, name)

    @functools.wraps(wrapped)
    def call(*arguments: Any, **options: Any) -> Any:
        before()
        try:
            return wrapped(*arguments, **options)
        finally:
            after()

    setattr(owner, name, call)


def _record(path: _Path) -> None:
    def nothing() -> None:
        """No stamp."""

    def stamp(stage: str) -> Callable[[], None]:
        return functools.partial(path.stamp, stage)

    _record_arrival(path)
    for name in ("doRead", "read_first"):
        _wrap(TablePort, name, path.begin, stamp("turned"))
    _wrap(ProxyInstance, "receive", stamp("decoded"), nothing)
    _wrap(Downstream, "_carry_out", stamp("decided"), nothing)
    _wrap(RoutingThread, "callInThreadWithCallback", nothing, stamp("handed"))
    _wrap(datagram, "encode", nothing, stamp("built"))
    _wrap(Sender, "send", nothing, stamp("sent"))
    _wrap(MulticastTable, "apply", stamp("installing"), stamp("installed"))


def _record_arrival(path: _Path) -> None:
    start, receive = TableProtocol.start, TableProtocol.datagramReceived

    def start_stamped(protocol: TableProtocol) -> None:
        protocol.table.socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        start(protocol)

    def receive_stamped(protocol: TableProtocol, data: Any, ancillary: Any, address: Any) -> None:
        path.stamp("read")
        receive(protocol, data, path.note_arrival(ancillary), address)

    owner: Any = TableProtocol
    owner.start, owner.datagramReceived = start_stamped, receive_stamped


class _Poller:
    """Stands before the reactor's epoll object, and tells when a turn ends."""

    def __init__(self, poller: Any, path: _Path) -> None:
        self._poller = poller
        self._path = path

    def __getattr__(self, name: str) -> Any:
        return getattr(self._poller, name)

    def poll(self, timeout: float, most: int) -> Any:
        """End the turn, and wait as the reactor wants."""
        self._path.end_turn()
        return self._poller.poll(timeout, most)


def main() -> int:
    """Run the daemon with the ways of reports recorded."""
    from mcproxy.linux.epoll_reactor import install

    install()
    from twisted.internet import reactor

    from mcproxy.cli.run import main as run

    stamps, config = sys.argv[1:]
    with open(stamps, "w", buffering=1, encoding="ascii") as file:
        path = _Path(file)
        _record(path)
        measured: Any = reactor
        measured._poller = _Poller(measured._poller, path)
        return run(["--config", config])


if __name__ == "__main__":
    sys.exit(main())
