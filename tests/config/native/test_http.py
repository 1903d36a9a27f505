"""The table [http]: where the daemon answers HTTP, and mistakes in it."""

from __future__ import annotations

from mcproxy.config.model import HttpConfig

from ..support import SMALLEST, ConfigurationTestCase


class HttpTests(ConfigurationTestCase):
    def http(self, *lines: str) -> list[str]:
        return self.mistakes("[http]\n" + "\n".join(lines) + SMALLEST)

    def accepted(self, *lines: str) -> HttpConfig:
        http = self.good("[http]\n" + "\n".join(lines) + SMALLEST).http
        assert http is not None
        return http

    def test_without_the_table_there_is_no_endpoint(self) -> None:
        self.assertIsNone(self.good(SMALLEST).http)

    def test_empty_table_is_a_loopback_address(self) -> None:
        self.assertEqual(self.accepted(), HttpConfig("127.0.0.1:9464", False, ()))  # type: ignore[arg-type]

    def test_loopback_addresses_need_no_permission(self) -> None:
        for listen in ("127.0.0.1:1", "127.9.9.9:80", "[::1]:65535"):
            self.assertEqual(self.accepted(f'listen = "{listen}"').listen, listen)

    def test_other_addresses_need_the_permission(self) -> None:
        for listen in ("0.0.0.0:80", "[::]:80", "192.0.2.1:80", "[fe80::1%eth0]:80"):
            (mistake,) = self.http(f'listen = "{listen}"')
            self.assertEqual(
                mistake,
                f"http.listen (line 2): other machines can reach {listen}; use 127.0.0.1 or"
                " [::1], or add allow-remote = true if everybody who reaches the port may read"
                " the daemon's state",
            )
            self.accepted(f'listen = "{listen}"', "allow-remote = true")

    def test_listen_is_an_address_with_a_port(self) -> None:
        for listen in (
            "", "80", ":80", "::1:80", "localhost:80", "127.0.0.1", "127.0.0.1:0", "[127.0.0.1]:80",
            "127.0.0.1:65536", "127.0.0.1:x", "/run/http", "[::1]", "224.0.0.1:80", "[ff02::1]:80",
        ):  # fmt: skip
            (mistake,) = self.http(f'listen = "{listen}"', "allow-remote = true")
            self.assertTrue(mistake.startswith("http.listen (line 2): "), mistake)

    def test_link_local_address_needs_its_interface(self) -> None:
        (mistake,) = self.http('listen = "[fe80::1]:80"', "allow-remote = true")
        self.assertEqual(
            mistake,
            'http.listen (line 2): "[fe80::1]:80" is link-local, and each interface can have it;'
            " name the interface too, as in [fe80::1%eth0]:80",
        )

    def test_hosts_are_names(self) -> None:
        self.assertEqual(self.accepted('hosts = ["router", "a.b-c.example"]').hosts[0], "router")
        for name in ("", "a b", "a:80", "http://a", "*.example", "x" * 254, "[::1]"):
            (mistake,) = self.http(f'hosts = ["{name}"]')
            self.assertTrue(mistake.startswith("http.hosts (line 2): "), mistake)
