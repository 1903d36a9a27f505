"""What a process before this one has left: its tables' sockets, and what it knew.

A daemon that restarts itself passes them on to what it becomes; one that ends leaves them
with the service manager. Either way they are descriptors with names, and what is in none of
them is lost. After a crash there is no memory among them, and the kernel's entries must do.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from ..linux.mroute.vif_record import VifRecord
from ..protocol.family import FAMILIES, Family
from ..systemd import passed_on

INHERITED = "MCPROXY_INHERITED"
"""The environment variable that names descriptors: ``NAME:NUMBER``, separated by blanks."""

MEMORY = "memory"
LINK_GROUPS = "groups"

TableKey = tuple[Family, int]
"""A table's family and number."""


class InheritedTable(NamedTuple):
    """A table's socket, and the note of its virtual interfaces."""

    socket: socket.socket
    note: VifRecord


def socket_name(family: Family, table: int) -> str:
    """What the descriptor of a table's socket is called."""
    return f"{family.name}-{table}"


def note_name(family: Family, table: int) -> str:
    """What the descriptor of the note about a table is called."""
    return f"{family.name}-{table}-vifs"


class Inherited:
    """What was left in descriptors with these names; it is ours to close.

    ``tables`` are those whose socket and note are there. ``memory`` is what was known, None
    when there was no time to write it down.
    """

    def __init__(self, descriptors: Iterable[tuple[str, int]] = ()) -> None:
        self.tables: dict[TableKey, InheritedTable] = {}
        self.memory: bytes | None = None
        self._others: list[int] = []
        known: dict[str, int] = {}
        for name, number in descriptors:
            os.set_inheritable(number, False)
            if name in known or name == LINK_GROUPS:
                self._others.append(number)
            else:
                known[name] = number
        self._take_memory(known)
        self._take_tables(known)
        self._others += known.values()

    def _take_memory(self, known: dict[str, int]) -> None:
        number = known.pop(MEMORY, None)
        if number is not None:
            with suppress(OSError), open(number, "rb") as file:
                file.seek(0)
                self.memory = file.read()

    def _take_tables(self, known: dict[str, int]) -> None:
        for name in list(known):
            for family in FAMILIES:
                label, _, table = name.partition("-")
                if label != family.name or not table.isdecimal():
                    continue
                note = known.pop(note_name(family, int(table)), None)
                if note is not None:
                    sock = socket.socket(fileno=known.pop(name))
                    self.tables[family, int(table)] = InheritedTable(sock, VifRecord(note))

    def close(self) -> None:
        """Let go what nobody took: tables that nobody wants are emptied by the kernel."""
        for left in self.tables.values():
            left.socket.close()
            left.note.close()
        self.tables.clear()
        for number in self._others:
            with suppress(OSError):
                os.close(number)
        self._others.clear()


def inherited() -> Inherited:
    """What this process was given, once: its environment does not tell of it any more."""
    named = [word.rpartition(":") for word in os.environ.pop(INHERITED, "").split()]
    ours = [(name, int(number)) for name, _, number in named if number.isdecimal()]
    return Inherited([*ours, *passed_on()])
