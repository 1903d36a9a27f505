"""The HTTP endpoint of a running daemon: reloads, addresses, and that it only reads."""

from __future__ import annotations

import json
import socket
from subprocess import CalledProcessError
from typing import Any

from mcproxy.lab.waiting import wait_until

from .running import ONE_INSTANCE, RunningTestCase

PORT = 9464
ON_LOOPBACK = f'[http]\nlisten = "127.0.0.1:{PORT}"\n'
ON_A_LINK = f'[http]\nlisten = "10.0.2.1:{PORT}"\nallow-remote = true\n'


class HttpTestCase(RunningTestCase):
    """Sends requests from a node's network."""

    def connect(self, host: str = "127.0.0.1", node: Any = None) -> socket.socket:
        """Connect to the endpoint, from the proxy or another node; OSError."""
        sock: socket.socket = (node or self.proxy).namespace.call(
            socket.create_connection, (host, PORT), 5
        )
        self.addCleanup(sock.close)
        return sock

    def get(self, target: str, host: str = "127.0.0.1", node: Any = None) -> tuple[int, Any]:
        """Status and JSON value of the answer to a GET request."""
        head, _, body = self.exchange(f"GET {target} HTTP/1.0\r\n\r\n".encode(), host, node)
        return int(head.split()[1]), json.loads(body)

    def exchange(
        self, request: bytes, host: str = "127.0.0.1", node: Any = None
    ) -> tuple[bytes, bytes, bytes]:
        """Send bytes; the head and the body of the answer."""
        sock = self.connect(host, node)
        sock.sendall(request)
        answer = b""
        while data := sock.recv(1 << 16):
            answer += data
        return answer.partition(b"\r\n\r\n")


class EndpointTests(HttpTestCase):
    def test_views_are_those_of_the_control_socket(self) -> None:
        self.start(ONE_INSTANCE + ON_LOOPBACK)
        self.home.join(self.group)
        wait_until(lambda: self.rows("groups"), 5, "the group is joined")
        for view in ("groups", "hosts", "upstreams", "interfaces"):
            status, value = self.get(f"/{view}?family=4")
            self.assertEqual(status, 200)
            names = [row.get("interface") for row in self.ask("GET", f"/{view}?family=4")[view]]
            self.assertEqual([row.get("interface") for row in value[view]], names)
        self.assertEqual(self.get("/status")[1]["pid"], self.daemon.pid)
        self.assertEqual(self.get("/groups?colour=red")[0], 400)

    def test_explanation_is_made_without_a_long_capture(self) -> None:
        self.start(ONE_INSTANCE + ON_LOOPBACK)
        status, value = self.get(f"/explain?group={self.group}")
        self.assertEqual(status, 200)
        self.assertIn("verdict", value)
        self.assertEqual(self.get(f"/explain?group={self.group}&capture=9")[0], 403)

    def test_nothing_changes_the_daemon(self) -> None:
        self.start(ONE_INSTANCE + ON_LOOPBACK)
        before = self.ask("GET", "/config"), self.ask("GET", "/log-level")
        for path in ("reload", "add", "remove", "move", "restart", "clear", "log-level"):
            for method in ("POST", "PUT", "GET"):
                head = f"{method} /{path} HTTP/1.1\r\nHost: localhost\r\n"
                for rest in ("\r\n", 'Content-Length: 22\r\n\r\n{"instance": "tv","x"}'):
                    answer, _, _ = self.exchange((head + rest).encode())
                    status = int(answer.split()[1])
                    is_read = (method, path, rest) == ("GET", "log-level", "\r\n")
                    self.assertIn(status, (200,) if is_read else (404, 405, 413), answer)
        self.assertEqual((self.ask("GET", "/config"), self.ask("GET", "/log-level")), before)

    def test_reload_opens_moves_and_closes_the_port(self) -> None:
        self.start(ONE_INSTANCE)
        self.assertRaises(ConnectionRefusedError, self.connect)
        self.assertEqual(self.reload(ONE_INSTANCE + ON_LOOPBACK), ["http: added"])
        self.assertEqual(self.get("/status")[0], 200)
        self.reload(ONE_INSTANCE + ON_A_LINK)
        self.assertRaises(ConnectionRefusedError, self.connect)
        self.assertEqual(self.get("/status", "10.0.2.1", self.home)[0], 200)
        self.assertEqual(self.reload(ONE_INSTANCE), ["http: removed"])
        self.assertRaises(ConnectionRefusedError, self.connect, "10.0.2.1")

    def test_followers_of_events_are_cut_with_the_port(self) -> None:
        self.start(ONE_INSTANCE + ON_LOOPBACK)
        sock = self.connect()
        sock.sendall(b"GET /events HTTP/1.0\r\n\r\n")
        self.assertIn(b" 200 OK", sock.recv(1 << 16))
        self.reload(ONE_INSTANCE)
        self.assertRaises(ConnectionResetError, sock.recv, 1)

    def test_address_that_comes_later_is_used(self) -> None:
        self.proxy.delete_address("down1", "10.0.2.1/24")
        self.start(ONE_INSTANCE + ON_A_LINK)
        self.proxy.add_address("down1", "10.0.2.1/24")
        self.assertEqual(self.get("/status", "10.0.2.1", self.home)[0], 200)

    def test_port_that_is_taken_refuses_the_reload(self) -> None:
        self.start(ONE_INSTANCE)
        other = self.proxy.namespace.call(socket.create_server, ("127.0.0.1", PORT))
        self.addCleanup(other.close)
        self.write_config(ONE_INSTANCE + ON_LOOPBACK)
        self.assertEqual(
            self.assert_refused("/reload"),
            f"cannot listen for HTTP on 127.0.0.1:{PORT}: Address already in use"
            " (see listen in [http])",
        )
        other.close()
        self.change("/reload")
        self.assertEqual(self.get("/status")[0], 200)

    def test_restart_opens_the_port_again(self) -> None:
        self.start(ONE_INSTANCE + ON_LOOPBACK)
        self.daemon.command("restart")
        self.assertEqual(self.get("/status")[1]["pid"], self.daemon.pid)

    def test_health_follows_the_upstream(self) -> None:
        self.start(ONE_INSTANCE + ON_LOOPBACK)
        self.assertEqual(self.get("/health")[0], 200)
        self.daemon.command("health")
        self.proxy.run("ip", "link", "set", "dev", "up", "down")
        wait_until(lambda: self.get("/health")[0] == 503, 5, "the upstream is missed")
        problems = self.get("/health")[1]["problems"]
        self.assertEqual({one["problem"] for one in problems}, {"no-upstream"})
        self.assertIn("up: administratively down", problems[0]["text"])
        error = self.assertRaises(CalledProcessError, self.daemon.command, "health")
        self.assertEqual(error.returncode, 1)
        self.proxy.run("ip", "link", "set", "dev", "up", "up")
        wait_until(lambda: self.get("/health")[0] == 200, 5, "the upstream is used again")
