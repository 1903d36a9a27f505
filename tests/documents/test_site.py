"""The documentation is one that Sphinx builds without a warning, and no link in it is dead."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from docutils.core import publish_doctree
from twisted.trial.unittest import SynchronousTestCase

from ..source import PROJECT

DOCS = PROJECT / "docs"
FRONT_PAGES = sorted(PROJECT.glob("*.rst"))
"""README.rst and the pages beside it, which are read without Sphinx."""

_WARNING = 2
_SPHINX = ["-m", "sphinx", "-q", "-W", "--keep-going", "-n", "-E", "-b", "dummy", "-c"]
_LINK = re.compile(r"<([^<>\s]+)>`_|\n\.\. _[^:]+: (\S+)|\.\. (?:image|figure):: (\S+)")
_NAMED_FILE = re.compile(
    r"``((?:docs|etc|mcproxy|tests)/[\w./-]*\.(?:rst|toml|py|json|service|conf|svg|png|[58]))``"
)


def complaints_of_docutils(text: str, name: str) -> str:
    """What docutils finds wrong in a document."""
    found = StringIO()
    settings = {
        "report_level": _WARNING,
        "halt_level": 5,
        "warning_stream": found,
        "file_insertion_enabled": False,
    }
    publish_doctree(text, source_path=name, settings_overrides=settings)
    return found.getvalue()


def complaints_of_sphinx(folder: Path) -> str:
    """What Sphinx finds wrong in the pages of a folder: all warnings, also of dead references."""
    with tempfile.TemporaryDirectory() as out:
        done = subprocess.run(
            [sys.executable, *_SPHINX, str(DOCS), str(folder), out],
            capture_output=True,
            text=True,
            timeout=300,
        )
    return done.stderr + ("" if done.returncode in (0, 1) else f"exit code {done.returncode}")


def dead_links(page: Path) -> list[str]:
    """The relative links, pictures and named files of a page that do not exist."""
    text = page.read_text(encoding="utf-8")
    links = ["".join(found) for found in _LINK.findall(text)]
    relative = [link.partition("#")[0] for link in links if "://" not in link]
    dead = [link for link in relative if link and not (page.parent / link).exists()]
    named = [name for name in _NAMED_FILE.findall(text) if not (PROJECT / name).exists()]
    return dead + named


class SiteTests(SynchronousTestCase):
    def test_sphinx_builds_the_documentation_without_a_warning(self) -> None:
        self.assertEqual(complaints_of_sphinx(DOCS), "")

    def test_front_pages_have_no_mistake(self) -> None:
        found = [
            complaints_of_docutils(page.read_text(encoding="utf-8"), page.name)
            for page in FRONT_PAGES
        ]
        self.assertIn(PROJECT / "README.rst", FRONT_PAGES)
        self.assertEqual("".join(found), "")

    def test_links_and_named_files_exist(self) -> None:
        pages = [*FRONT_PAGES, *DOCS.rglob("*.rst")]
        dead = {
            str(page.relative_to(PROJECT)): links for page in pages if (links := dead_links(page))
        }
        self.assertEqual(dead, {})

    def test_no_page_has_contents_of_its_own(self) -> None:
        """The theme shows them beside the page, and an error in their place."""
        pages = [page.name for page in DOCS.rglob("*.rst") if "contents::" in page.read_text()]
        self.assertEqual(pages, [])

    def test_every_part_of_the_documentation_has_its_folder(self) -> None:
        parts = {page.parent.name for page in DOCS.glob("*/index.rst")}
        self.assertEqual(parts, {"guide", "reference", "troubleshooting", "developer"})


class DetectionTests(SynchronousTestCase):
    """What the tests above would find."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def test_broken_table_is_found(self) -> None:
        table = "=== ===\na   b\n=== ===\nc   d\n======= ===\n"
        self.assertIn("Malformed table", complaints_of_docutils(table, "broken.rst"))

    def test_dead_reference_is_found(self) -> None:
        (self.folder / "index.rst").write_text("Page\n====\n\nSee :doc:`nowhere`.\n")
        self.assertIn("nowhere", complaints_of_sphinx(self.folder))

    def test_dead_link_is_found(self) -> None:
        page = self.folder / "page.rst"
        page.write_text("`A <other.rst>`_ and ``docs/none.rst``, not `B <https://toml.io>`_.\n")
        self.assertEqual(dead_links(page), ["other.rst", "docs/none.rst"])
