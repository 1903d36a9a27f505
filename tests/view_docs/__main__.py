"""Write the documentation of the views."""

from __future__ import annotations

from pathlib import Path

from .page import stale

for path, text in stale().items():
    Path(path).write_text(text, encoding="utf-8")
    print(f"{path}: written")
