"""What the service manager's descriptor store keeps of ours for the next process."""

from __future__ import annotations

import socket
from contextlib import suppress

from ..linux.mroute.vif_record import VifRecord
from ..routing.adopt import TableKey
from ..systemd import DescriptorStore
from .inherited import STATE, record_name, socket_name


class RestartStore:
    """Tables' sockets with their records, and the saved state, in the store if there is one."""

    def __init__(self) -> None:
        self._store = DescriptorStore()

    @property
    def is_available(self) -> bool:
        """Whether the service manager keeps descriptors for us."""
        return self._store.is_there

    def keep_table(self, key: TableKey, sock: socket.socket, record: VifRecord) -> None:
        """Keep what the next process needs to adopt the table; OSError."""
        self._store.put(record_name(*key), record.descriptor)
        self._store.put(socket_name(*key), sock.fileno())

    def forget_table(self, key: TableKey) -> None:
        """Keep nothing of the table any more; never fails."""
        with suppress(OSError):
            self._store.drop(record_name(*key))
            self._store.drop(socket_name(*key))

    def keep_state(self, descriptor: int) -> None:
        """Keep this saved state in place of any other, and wait until it is kept; OSError."""
        self.forget_state()
        if not self.is_available:
            raise OSError("the service manager does not answer")
        self._store.put(STATE, descriptor)
        self._store.settle()

    def forget_state(self) -> None:
        """Keep no saved state any more; never fails."""
        with suppress(OSError):
            self._store.drop(STATE)
