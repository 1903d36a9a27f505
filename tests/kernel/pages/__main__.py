"""Put the output of the commands into the pages, where they show output."""

from __future__ import annotations

import sys

from ...documents.blocks import CONSOLE, blocks
from . import test_pages


def _write(self: test_pages.PagesTestCase, page: test_pages.Path) -> None:
    """In place of the comparison: rewrite the samples of a page."""
    reader = self.read(page)
    lines = page.read_text(encoding="utf-8").splitlines()
    for block in reversed([one for one in blocks(page) if one.language == CONSOLE]):
        first = lines[block.line - 1]
        indent = first[: len(first) - len(first.lstrip())]
        rows = []
        for command, shown in block.samples():
            rows.append(f"$ {command}")
            if any(shown):
                rows += [row.rstrip() for row in reader.printed[block.line, command]]
                rows += [""] if not shown[-1] else []
        end = block.line - 1 + block.text.count("\n") + 1
        lines[block.line - 1 : end] = [f"{indent}{row}".rstrip() for row in rows]
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{page}: written")


def main() -> int:
    """With --write, rewrite the samples of all pages; the exit code."""
    if sys.argv[1:] != ["--write"]:
        print(__doc__)
        return 2
    import unittest

    test_pages.PagesTestCase.check = _write  # type: ignore[method-assign]
    suite = unittest.TestLoader().loadTestsFromModule(test_pages)
    return 0 if unittest.TextTestRunner().run(suite).wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
