"""Write the reference of the metrics."""

from __future__ import annotations

from .page import PAGE, page

PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
print(f"{PAGE}: written")
