"""A Configuration as the text of a file."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from .errors import ConfigurationError
from .files import text_of
from .model import Configuration
from .native.document import document
from .native.text import toml_text

KEPT = "~"
"""What the name of a file has after it once another one has replaced it."""


def write(configuration: Configuration) -> str:
    """A file in TOML that is read as ``configuration``."""
    return toml_text(document(configuration))


def rewrite(path: str, configuration: Configuration) -> str:
    """The file ``path`` with what is different in ``configuration``; as it is otherwise.

    Written anew where it cannot be read, or is in another language.
    """
    from .native.amend import amended  # its parser is rarely needed

    try:
        text = text_of(path)
    except ConfigurationError:
        text = ""
    return amended(text, configuration) or write(configuration)


class Replacement:
    """A new content for the file ``path``: written beside it now, put in place by ``commit``.

    So that what stands in the way of writing (OSError) is known before anything else is done.
    """

    def __init__(self, path: str, text: str) -> None:
        self._path = os.path.realpath(path)
        self._written: list[str] = []
        try:
            # Not a link to the old one: of another user's file the kernel lets none be made.
            self._kept = self._write(Path(self._path).read_bytes())
            self._new = self._write(text.encode())
        except BaseException:
            self.discard()
            raise

    def commit(self) -> None:
        """Put it in the file's place at one blow; the old file is kept as ``path~``; OSError."""
        os.replace(self._kept, self._path + KEPT)
        os.replace(self._new, self._path)

    def discard(self) -> None:
        """Leave everything as it is."""
        for path in self._written:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)

    def _write(self, content: bytes) -> str:
        """A file beside the old one, with its mode; its path."""
        folder, name = os.path.split(self._path)
        descriptor, path = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
        self._written.append(path)
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(descriptor, stat.S_IMODE(os.stat(self._path).st_mode))
            os.fsync(descriptor)
        return path
