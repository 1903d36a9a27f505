"""Mistakes in [manhole]."""

from __future__ import annotations

from ..support import SMALLEST, ConfigurationTestCase


class ManholeTests(ConfigurationTestCase):
    def manhole(self, *lines: str) -> list[str]:
        return self.mistakes("[manhole]\n" + "\n".join(lines) + SMALLEST)

    def test_listen_is_a_path_or_a_loopback_port(self) -> None:
        for listen in ("/run/mcproxy/manhole", "127.0.0.1:1", "[::1]:65535"):
            text = f'[manhole]\nlisten = "{listen}"\nauthorized-keys = "/k"\n{SMALLEST}'
            manhole = self.good(text).manhole
            assert manhole is not None
            self.assertEqual(manhole.listen, listen)
        for listen in (
            "", "22", ":22", "0.0.0.0:22", "[::]:22", "::1:22", "localhost:22", "127.0.0.1",
            "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:²",
            "run/mcproxy", "/" + "x" * 107, "/a\\u0000",
        ):  # fmt: skip
            (mistake,) = self.manhole(f'listen = "{listen}"', 'authorized-keys = "/k"')
            self.assertTrue(mistake.startswith("manhole.listen (line 2): "), mistake)

    def test_missing_keys_are_refused(self) -> None:
        self.assertEqual(
            self.manhole(),
            [
                'manhole (line 1): listen is missing; write listen = "127.0.0.1:4022"',
                "manhole (line 1): authorized-keys is missing;"
                ' write authorized-keys = "/etc/mcproxy/manhole_keys"',
            ],
        )

    def test_relative_paths_are_refused(self) -> None:
        self.assertEqual(
            self.manhole('listen = "/s"', 'authorized-keys = "keys"', 'host-key = ""'),
            [
                'manhole.authorized-keys (line 3): "keys" is not an absolute path; start it with /',
                'manhole.host-key (line 4): "" is not an absolute path; start it with /',
            ],
        )
