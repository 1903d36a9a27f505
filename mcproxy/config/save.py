"""A Configuration as the text of a file."""

from __future__ import annotations

import contextlib
import errno
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
"""The suffix of the file that a new one has replaced."""


def write(configuration: Configuration) -> str:
    """The text of a new TOML file for ``configuration``."""
    return toml_text(document(configuration))


def rewrite(path: str, configuration: Configuration) -> str:
    """The text of the file ``path``, changed only where ``configuration`` is different.

    A new text if the file cannot be read or is in another language.
    """
    from .native.amend import amended  # its parser is rarely needed

    try:
        text = text_of(path)
    except ConfigurationError:
        text = ""
    return amended(text, configuration) or write(configuration)


class Replacement:
    """A new content for the file ``path``: written next to it now, put in place by ``commit``.

    So a reason why it cannot be written (OSError) is known before anything else is done.
    """

    def __init__(self, path: str, text: str) -> None:
        self._path = os.path.realpath(path)
        if not stat.S_ISREG(os.stat(self._path).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        self._written: list[str] = []
        try:
            # Not a link to the old file: the kernel refuses links to another user's file.
            self._kept = self._write(Path(self._path).read_bytes())
            self._new = self._write(text.encode())
        except BaseException:
            self.discard()
            raise

    def commit(self) -> None:
        """Replace the file atomically, and keep the old one as ``path~``; OSError."""
        os.replace(self._kept, self._path + KEPT)
        os.replace(self._new, self._path)

    def discard(self) -> None:
        """Remove what was written; the file stays as it is."""
        for path in self._written:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)

    def _write(self, content: bytes) -> str:
        """Write a file next to the old one, with its owner and mode, and return its path."""
        folder, name = os.path.split(self._path)
        descriptor, path = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
        self._written.append(path)
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            known = os.stat(self._path)
            with contextlib.suppress(PermissionError):  # only root may give a file away
                os.fchown(descriptor, known.st_uid, known.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(known.st_mode))
            os.fsync(descriptor)
        return path
