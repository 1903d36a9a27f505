"""The troubleshooting page, as tests read it."""

from __future__ import annotations

import re

from ..source import PROJECT

PAGE = PROJECT / "docs/troubleshooting/index.rst"


def sections() -> dict[str, str]:
    """The text of each trap's section, by the trap's name."""
    page = PAGE.read_text(encoding="utf-8")
    parts = re.split(r"(?m)^([\w-]+)\n~+\n", page)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
