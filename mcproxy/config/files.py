"""Configuration files in any of the supported languages; the content shows which."""

from __future__ import annotations

import os
import re
import select
import time
from io import FileIO
from typing import IO, NoReturn

from .errors import ConfigurationError, Mistake
from .foreign.draft import CLASSIC, IGMPPROXY, NATIVE, Reading
from .model import Configuration
from .native.toml import decode, parse
from .paths import CONFIGURATION

LONGEST_FILE = 1 << 20
"""Bytes; a longer file is not a configuration, and /dev/zero would never end."""

_LANGUAGES = (
    (NATIVE, re.compile(r"""\[|[\w."' -]+=(?!=)""")),
    (CLASSIC, re.compile(r"(protocol|pinstance|table|disable)\b(?!\s*[.=])", re.IGNORECASE)),
    (
        IGMPPROXY,
        re.compile(
            r"(phyint|quickleave|default[a-z]+|hashtablesize|rescan(vif|conf)|routetables"
            r"|maxorigins|bwcontrol|proxylocalmc|noquerierelection)\b",
            re.IGNORECASE,
        ),
    ),
)
"""The beginnings of lines that only one language has."""

_UCI = re.compile(r"\s*config\s+['\"]?(igmpproxy|phyint)\b")

_NO_DEFAULT = (
    "this is the default; write it (see mcproxy.toml(5)), name another file, or name interfaces: "
    "mcproxy run --upstream IF --downstream IF"
)

MOST_SILENCE = 3.0
"""Seconds that the writer of a pipe has for the whole file."""


def load(path: str) -> Configuration:
    """The configuration in the file ``path``; ConfigurationError, also if the file is disabled."""
    return usable(read(path), path).configuration


def usable(reading: Reading, path: str) -> Reading:
    """``reading``; ConfigurationError if the file has a statement that disables it."""
    if reading.disabled_at is not None:
        _fail(
            path,
            str(reading.disabled_at),
            "this statement disables the file",
            "remove it to use the file",
        )
    return reading


def read(path: str) -> Reading:
    """Read the file ``path``; ConfigurationError."""
    return _read(_content(path), path)


def read_input(stream: IO[bytes], name: str) -> Reading:
    """Read all of ``stream``, which messages call ``name``; ConfigurationError."""
    return _read(_limited(stream.read(LONGEST_FILE + 1), name), name)


def _read(content: bytes, path: str) -> Reading:
    text = _text(content, path)
    _refuse_uci(text, path)
    name = language(text)
    if name == CLASSIC:
        from .foreign import mcproxy_1_1 as classic  # its parser is large, and rarely needed

        return classic.read(text, path)
    if name == IGMPPROXY:
        from .foreign import igmpproxy

        return igmpproxy.read(text, path)
    return Reading(NATIVE, parse(text, path))


def text_of(path: str) -> str:
    """The text of the file ``path``; ConfigurationError."""
    return _text(_content(path), path)


def _text(content: bytes, path: str) -> str:
    """``content`` as text. Files of other programs may have comments in Latin-1."""
    try:
        return decode(content, path)
    except ConfigurationError:
        text = content.decode("latin-1")
        if language(text) == NATIVE:
            raise
        return text


def _refuse_uci(text: str, path: str) -> None:
    for number, line in enumerate(text.splitlines(), 1):
        if _UCI.match(line):
            _fail(
                path,
                f"line {number}",
                "this is OpenWrt's own form (UCI) of a configuration of igmpproxy",
                "use the file that OpenWrt makes of it when igmpproxy starts:"
                " /var/etc/igmpproxy.conf",
            )


def language(text: str) -> str:
    """The language of ``text``; the native one if nothing shows another."""
    for line in text.splitlines():
        for name, beginning in _LANGUAGES:
            if beginning.match(line.lstrip()):
                return name
    return NATIVE


def _content(path: str) -> bytes:
    try:
        with open(path, "rb", buffering=0, opener=_open_at_once) as file:
            content = _read_all(file)
    except FileNotFoundError:
        _fail(path, "", "no such file", _NO_DEFAULT if path == CONFIGURATION else "check the path")
    except IsADirectoryError:
        _fail(path, "", "it is a directory", "name a file in it")
    except PermissionError:
        _fail(path, "", "permission denied", "make it readable for the daemon's user")
    except TimeoutError:
        message = f"it is a pipe, and its end did not come within {MOST_SILENCE:.0f} seconds"
        _fail(path, "", message, "name a file")
    except (OSError, ValueError) as error:
        _fail(path, "", f"cannot be read: {getattr(error, 'strerror', None) or error}")
    return _limited(content, path)


def _limited(content: bytes, path: str) -> bytes:
    if len(content) > LONGEST_FILE:
        _fail(path, "", "it is longer than 1 MiB", "name a configuration file")
    return content


def _open_at_once(path: str, flags: int) -> int:
    """Open without waiting for a writer if the file is a pipe."""
    return os.open(path, flags | os.O_NONBLOCK)


def _read_all(file: FileIO) -> bytes:
    """The content, or as much as is too long; TimeoutError if a pipe's writer is slow."""
    deadline = time.monotonic() + MOST_SILENCE
    content = bytearray()
    poll = select.poll()
    poll.register(file, select.POLLIN)
    while len(content) <= LONGEST_FILE:
        part = file.read(LONGEST_FILE + 1 - len(content))
        if part:
            content += part
        elif part is not None:
            break  # the end; a pipe without a writer has it at once
        elif not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise TimeoutError
    return bytes(content)


def _fail(path: str, where: str, message: str, hint: str = "") -> NoReturn:
    raise ConfigurationError([Mistake(path, where, message, hint)])
