"""Files in any language."""

from __future__ import annotations

import os
import subprocess
import sys

from mcproxy.config import files
from mcproxy.config.errors import ConfigurationError
from mcproxy.config.files import language, load
from mcproxy.config.foreign.draft import CLASSIC, IGMPPROXY, NATIVE
from tests.source import PROJECT

from . import samples
from .support import SMALLEST, ConfigurationTestCase

PROGRAM = """
import sys
from mcproxy.config.files import load
load(sys.argv[1])
print(*("lark" in sys.modules, "mcproxy.config.foreign.igmpproxy" in sys.modules))
"""


class LanguageTests(ConfigurationTestCase):
    def test_language_is_recognised_by_content(self) -> None:
        for text, name in (
            (SMALLEST, NATIVE),
            (samples.SMALLEST, CLASSIC),
            (samples.MOBILE, CLASSIC),
            (samples.SPLIT, CLASSIC),
            (samples.EVERYTHING, CLASSIC),
            (samples.IGMPPROXY, IGMPPROXY),
            ("# pinstance\n  # phyint\ntable.x = 3", NATIVE),
            ("table = 3", NATIVE),
            ('"table" . a=3', NATIVE),
            ("protocol='x'", NATIVE),
            ("  TABLE x {", CLASSIC),
            ("disable\n", CLASSIC),
            ("protcol IGMPv3;\npinstance a: b ==> c;", CLASSIC),
            ("u1 ==> d1;\npinstance a: b ==> c;", CLASSIC),
            ("user nobody\nphyint eth0 upstream", IGMPPROXY),
            ("", NATIVE),
            ("hello", NATIVE),
            ("instance.a.upstream", NATIVE),
        ):
            self.assertEqual(language(text), name, text)

    def test_comment_of_an_old_file_may_be_in_latin_1(self) -> None:
        for text in (samples.SMALLEST, samples.IGMPPROXY):
            path = self.written(("# Fernseher im Büro\n" + text).encode("latin-1"))
            self.assertTrue(load(path).instances)
        path = self.written(("# Büro\n" + SMALLEST).encode("latin-1"))
        with self.assertRaisesRegex(ConfigurationError, "not UTF-8: byte 4 of the file is 0xfc"):
            load(path)

    def test_uci_file_of_openwrt_is_named_with_the_file_to_use(self) -> None:
        path = self.written(b"\nconfig igmpproxy\n\toption quickleave 1\n\nconfig phyint wan\n")
        error = self.assertRaises(ConfigurationError, load, path)
        self.assertEqual(
            str(error),
            f"{path}: line 2: this is OpenWrt's own form (UCI) of a configuration of igmpproxy; use"
            " the file that OpenWrt makes of it when igmpproxy starts: /var/etc/igmpproxy.conf",
        )

    def test_silent_pipe_ends_the_wait(self) -> None:
        """Reload goes on although the file was replaced by a FIFO whose writer says nothing."""
        self.patch(files, "MOST_SILENCE", 0.1)
        path = self.mktemp()
        os.mkfifo(path)
        writer = os.open(path, os.O_RDWR)
        self.addCleanup(os.close, writer)
        with self.assertRaisesRegex(ConfigurationError, "it is a pipe, and its end did not come"):
            load(path)
        os.write(writer, b"[instance.a]\n")
        with self.assertRaisesRegex(ConfigurationError, "it is a pipe, and its end did not come"):
            load(path)

    def test_pipe_with_a_whole_file_is_read(self) -> None:
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        os.write(writing, SMALLEST.encode())
        os.close(writing)
        self.assertTrue(load(f"/dev/fd/{reading}").instances)

    def written(self, content: bytes) -> str:
        """A file with this content."""
        path = os.path.abspath(self.mktemp())
        with open(path, "wb") as file:
            file.write(content)
        return path

    def test_native_file_does_not_import_other_parsers(self) -> None:
        for text, loaded in (
            (SMALLEST, "False False"),
            (samples.SMALLEST, "True False"),
            (samples.IGMPPROXY, "False True"),
        ):
            path = self.mktemp()
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            done = subprocess.run(
                [sys.executable, "-c", PROGRAM, os.path.abspath(path)],
                cwd=PROJECT,
                capture_output=True,
                text=True,
            )
            self.assertEqual((done.stdout.strip(), done.stderr), (loaded, ""))
