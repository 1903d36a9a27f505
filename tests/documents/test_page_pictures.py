"""The pictures of the web page in the documents."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from ..source import PROJECT

LARGEST = 150 * 1024
"""Bytes of a picture."""


class PagePictureTests(SynchronousTestCase):
    def test_pictures_are_small_png_files(self) -> None:
        """Otherwise ``python -m tests.page_pictures`` has to draw a smaller window."""
        for name in ("page-light.png", "page-dark.png", "page-telephone.png"):
            content = (PROJECT / "docs/pictures" / name).read_bytes()
            self.assertEqual(content[:8], b"\x89PNG\r\n\x1a\n", name)
            self.assertLessEqual(len(content), LARGEST, name)
