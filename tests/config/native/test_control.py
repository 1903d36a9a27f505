"""The table [control]."""

from __future__ import annotations

from mcproxy.config.model import ControlConfig

from ..support import SMALLEST, ConfigurationTestCase


class ControlTests(ConfigurationTestCase):
    def control(self, *lines: str) -> str:
        return "\n".join(["[control]", *lines, SMALLEST])

    def test_missing_table_is_none(self) -> None:
        self.assertIsNone(self.good(SMALLEST).control)

    def test_options_of_the_table_are_read(self) -> None:
        text = self.control('socket = "/run/s"', 'mode = "660"', 'group = "tv"')
        self.assertEqual(self.good(text).control, ControlConfig("/run/s", "660", "tv"))
        self.assertEqual(self.good(self.control()).control, ControlConfig())
        self.assertEqual(self.good(self.control('socket = ""')).control, ControlConfig(""))

    def test_wrong_values_are_refused(self) -> None:
        self.refuses(
            self.control('socket = "s"', 'mode = "rw"', "group = 7"),
            'control.socket (line 2): "s" is not an absolute path; start it with /',
            'control.mode (line 3): "rw" is not a file mode; use octal digits, as in "0660"',
            "control.group (line 4): 7 is not text; write it in quotes",
        )
        self.refuses(
            self.control('mode = "0066"'),
            'control.mode (line 2): mode "0066" locks out the daemon\'s own user; '
            'start it with "06"',
        )
        self.refuses(
            self.control(f'socket = "/{"s" * 107}"'),
            f'control.socket (line 2): "/{"s" * 54}..." is too long for a socket\'s path; '
            "use 107 bytes at most",
        )

    def test_mode_without_quotes_is_refused(self) -> None:
        (mistake,) = self.mistakes(self.control("mode = 0o660"))
        self.assertIn("432 is not text; write it in quotes", mistake)
