"""Sockets whose end takes time in the kernel."""

from __future__ import annotations

import socket
import threading
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.linux.closing import close_socket


class Slow:
    """A socket whose end waits until the test lets it go on."""

    def __init__(self, family: int) -> None:
        self.family = family
        self.may_end, self.has_ended = threading.Event(), threading.Event()
        self.closed_by: threading.Thread | None = None

    def close(self) -> None:
        self.closed_by = threading.current_thread()
        if self.closed_by is not threading.main_thread():
            self.may_end.wait(10)
        self.has_ended.set()


class ClosingTests(SynchronousTestCase):
    def test_end_of_a_packet_socket_is_not_waited_for(self) -> None:
        sock: Any = Slow(socket.AF_PACKET)
        close_socket(sock)
        self.assertFalse(sock.has_ended.is_set())
        sock.may_end.set()
        self.assertTrue(sock.has_ended.wait(10))

    def test_other_socket_is_closed_at_once(self) -> None:
        sock: Any = Slow(socket.AF_INET)
        close_socket(sock)
        self.assertIs(sock.closed_by, threading.current_thread())
