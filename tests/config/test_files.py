"""Files in any language."""

from __future__ import annotations

import os
import subprocess
import sys

from mcproxy.config.files import language
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
