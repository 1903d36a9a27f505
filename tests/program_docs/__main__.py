"""Write the reference of the commands and of the events."""

from __future__ import annotations

from .pages import stale

for path, text in stale().items():
    path.write_text(text, encoding="utf-8")
    print(f"{path}: written")
