"""How Sphinx builds the documentation; ``make docs`` runs it."""

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]

project = "mcproxy"
author = "the authors of mcproxy"
release = re.search(
    r'^__version__ = "(.+)"$', (PROJECT / "mcproxy/__init__.py").read_text("utf-8"), re.M
)[1]
version = release

extensions = ["sphinx.ext.autosectionlabel"]
# A section is named with its page: reference/configuration:Filters.
autosectionlabel_prefix_document = True
# Pages that are made by a program have a section for each view or trap; pages link to these
# by number of levels only where a reader would.
autosectionlabel_maxdepth = 3
exclude_patterns = ["man", "developer/requirements", "_build"]
nitpicky = True
# Shell, TOML and output stand beside each other; each block that is not plain says what it is.
highlight_language = "none"

html_theme = "furo"
html_title = f"mcproxy {release}"
html_show_copyright = False
html_show_sourcelink = False
# The language is not guessed, so that a build needs no network and no locale.
language = "en"
