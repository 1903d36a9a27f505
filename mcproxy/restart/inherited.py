"""What a previous process left: the tables' sockets, and its saved state.

It comes as descriptors with names, from the process that became this one (exec) or from the
service manager's store. After a crash there is no saved state among them.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from contextlib import suppress

from ..linux.mroute.vif_record import VifRecord
from ..protocol.family import FAMILIES, Family
from ..routing.adopt import InheritedTable, TableKey
from ..systemd import passed_on

INHERITED = "MCPROXY_INHERITED"
"""The environment variable that names descriptors: ``NAME:NUMBER``, separated by blanks."""

STATE = "state"
"""The name of the descriptor of the saved state."""

LINK_GROUPS = "groups"
"""The name of each socket by which reports of a downstream link reach us."""


def socket_name(family: Family, table: int) -> str:
    """The name of the descriptor of a table's socket."""
    return f"{family.name}-{table}"


def record_name(family: Family, table: int) -> str:
    """The name of the descriptor of a table's record of vifs."""
    return f"{family.name}-{table}-vifs"


class Inherited:
    """Sorts ``descriptors``, by name and number, and owns them.

    ``tables`` are those whose socket and record both came. ``state`` is the text of the saved
    state, None after a crash.
    """

    def __init__(self, descriptors: Iterable[tuple[str, int]] = ()) -> None:
        self.tables: dict[TableKey, InheritedTable] = {}
        self.state: bytes | None = None
        self._others: list[int] = []
        named: dict[str, int] = {}
        for name, number in descriptors:
            os.set_inheritable(number, False)
            if name in named or name == LINK_GROUPS:
                self._others.append(number)
            else:
                named[name] = number
        self._read_state(named)
        self._find_tables(named)
        self._others += named.values()

    def _read_state(self, named: dict[str, int]) -> None:
        number = named.pop(STATE, None)
        if number is not None:
            with suppress(OSError), open(number, "rb") as file:
                file.seek(0)
                self.state = file.read()

    def _find_tables(self, named: dict[str, int]) -> None:
        for name in list(named):
            for family in FAMILIES:
                label, _, table = name.partition("-")
                if label != family.name or not table.isdecimal():
                    continue
                record = named.pop(record_name(family, int(table)), None)
                if record is not None:
                    sock = socket.socket(fileno=named.pop(name))
                    self.tables[family, int(table)] = InheritedTable(sock, VifRecord(record))

    def take_tables(self) -> dict[TableKey, InheritedTable]:
        """The tables, which belong to the caller from now on."""
        tables, self.tables = self.tables, {}
        return tables

    def close(self) -> None:
        """Close what nobody took; the kernel empties a table whose last socket is closed."""
        for table in self.tables.values():
            table.close()
        self.tables.clear()
        for number in self._others:
            with suppress(OSError):
                os.close(number)
        self._others.clear()


def inherited() -> Inherited:
    """What this process inherits; a second call finds nothing, as the environment is cleared."""
    named = [word.rpartition(":") for word in os.environ.pop(INHERITED, "").split()]
    ours = [(name, int(number)) for name, _, number in named if number.isdecimal()]
    return Inherited([*ours, *passed_on()])
