"""A relay of TCP connections from one network namespace to another, at the same loopback port."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from mcproxy.lab.namespace import Namespace

_A_PIECE = 1 << 16


class Relay:
    """Listens at ``port`` of 127.0.0.1 in ``outside``, and connects to the same in ``inside``.

    Where nothing listens inside, a connection is closed at once. Threads end with ``close``.
    """

    def __init__(self, outside: Namespace, inside: Namespace, port: int) -> None:
        self._inside, self._port = inside, port
        self._open: set[socket.socket] = set()
        with outside:
            self._listener = socket.create_server(("127.0.0.1", port))
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no more, and cut all connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        for sock in list(self._open):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                with self._inside:
                    server = socket.create_connection(("127.0.0.1", self._port), timeout=5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            self._open |= {client, server}
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self._copy, args=pair, daemon=True).start()

    def _copy(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(_A_PIECE):
                sink.sendall(data)
        for sock in (source, sink):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self._open.discard(source)
        source.close()
