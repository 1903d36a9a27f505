"""The HTTP endpoint as a service, on real TCP sockets of the loopback interface."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any, cast

from twisted.internet import reactor
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from mcproxy.config.model import HttpConfig
from mcproxy.control.http_service import HttpService, make_service

REQUEST = b"GET /log-level HTTP/1.1\r\nHost: localhost\r\n\r\n"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


def exchange(address: tuple[str, int], request: bytes) -> bytes:
    """All that the endpoint sends for this request."""
    with socket.create_connection(address, 5) as sock:
        sock.sendall(request)
        answer = b""
        while data := sock.recv(1 << 16):
            answer += data
        return answer


class HttpServiceTests(TestCase):
    def service(self, listen: str) -> HttpService:
        self.measured: list[bool] = []
        proxy: Any = SimpleNamespace(measure_latencies=self.measured.append)
        made = cast(HttpService, make_service(reactor, HttpConfig(listen), proxy))
        self.addCleanup(made.stopService)
        return made

    def start(self, listen: str) -> HttpService:
        service = self.service(listen)
        service.privilegedStartService()
        return service

    async def test_both_families_answer(self) -> None:
        port = free_port()
        for listen, host in ((f"127.0.0.1:{port}", "127.0.0.1"), (f"[::1]:{port}", "::1")):
            self.start(listen)
            answer = await deferToThread(exchange, (host, port), REQUEST)
            self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer)
            self.assertIn(b'{"level": ', answer)

    async def test_stopped_service_does_not_listen(self) -> None:
        port = free_port()
        service = self.start(f"127.0.0.1:{port}")
        self.assertEqual(self.measured, [True])
        await service.stopService()
        self.assertEqual(self.measured, [True, False])
        await self.assertFailure(
            deferToThread(exchange, ("127.0.0.1", port), REQUEST), ConnectionRefusedError
        )
        await self.start(f"127.0.0.1:{port}").stopService()

    def test_port_of_another_program_is_an_error_that_names_the_option(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            listen = f"127.0.0.1:{other.getsockname()[1]}"
            error = self.assertRaises(OSError, self.service(listen).privilegedStartService)
        self.assertEqual(
            str(error),
            f"cannot listen for HTTP on {listen}: Address already in use (see listen in [http])",
        )

    def test_interface_of_an_address_that_is_missing_is_named(self) -> None:
        listen = f"[fe80::1%nosuch]:{free_port()}"
        error = self.assertRaises(OSError, self.service(listen).privilegedStartService)
        self.assertEqual(
            str(error),
            f"cannot listen for HTTP on {listen}: there is no interface nosuch"
            " (see listen in [http])",
        )

    def test_address_may_come_later(self) -> None:
        service = self.start(f"192.0.2.77:{free_port()}")
        self.assertIsNotNone(service._port)
