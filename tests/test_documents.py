"""The documents are correct reStructuredText, so that every table and paragraph is shown."""

from io import StringIO

from docutils.core import publish_doctree
from twisted.trial.unittest import SynchronousTestCase

from .source import PROJECT

_WARNING = 2


def complaints(text: str, name: str) -> str:
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


class DocumentTests(SynchronousTestCase):
    """README.rst and docs/."""

    def test_documents_have_no_mistake(self) -> None:
        documents = [PROJECT / "README.rst", *sorted((PROJECT / "docs").rglob("*.rst"))]
        found = [complaints(path.read_text(encoding="utf-8"), path.name) for path in documents]
        self.assertGreater(len(documents), 5)
        self.assertEqual("".join(found), "")

    def test_broken_table_is_found(self) -> None:
        table = "=== ===\na   b\n=== ===\nc   d\n======= ===\n"
        self.assertIn("Malformed table", complaints(table, "broken.rst"))
