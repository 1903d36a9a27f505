"""Configurations as files."""

from __future__ import annotations

import os
from pathlib import Path

import attrs

from mcproxy.config.files import load
from mcproxy.config.write import Replacement, write

from .support import SMALLEST, ConfigurationTestCase
from .test_document import EVERYTHING


class WriteTests(ConfigurationTestCase):
    def test_it_is_read_as_what_was_written(self) -> None:
        for text in (SMALLEST, EVERYTHING):
            configuration = self.good(text)
            self.assertEqual(self.good(write(configuration)), configuration)


class ReplacementTests(ConfigurationTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        self.path = self.folder / "mcproxy.toml"
        self.path.write_text(SMALLEST, encoding="utf-8")
        self.path.chmod(0o640)

    def files(self) -> list[str]:
        return sorted(os.listdir(self.folder))

    def test_the_old_file_is_kept(self) -> None:
        before = load(str(self.path))
        for count in (1, 2):
            Replacement(str(self.path), write(before) + f"# {count}\n").commit()
        self.assertEqual(load(str(self.path)), before)
        self.assertEqual(self.files(), ["mcproxy.toml", "mcproxy.toml~"])
        kept = load(str(self.path) + "~")
        self.assertEqual(attrs.evolve(kept, path=before.path), before)
        self.assertTrue((self.folder / "mcproxy.toml~").read_text("utf-8").endswith("# 1\n"))
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o640)

    def test_nothing_is_left_of_what_is_discarded(self) -> None:
        replacement = Replacement(str(self.path), "")
        self.assertEqual(len(self.files()), 2)
        replacement.discard()
        self.assertEqual(self.files(), ["mcproxy.toml"])
        self.assertEqual(self.path.read_text("utf-8"), SMALLEST)

    def test_a_link_stays_a_link(self) -> None:
        link = self.folder / "link"
        link.symlink_to("mcproxy.toml")
        Replacement(str(link), "new").commit()
        self.assertTrue(link.is_symlink())
        self.assertEqual(self.path.read_text("utf-8"), "new")

    def test_what_stands_in_the_way_is_told_before(self) -> None:
        self.assertRaises(OSError, Replacement, str(self.folder / "gone.toml"), "")
        self.assertEqual(self.files(), ["mcproxy.toml"])
