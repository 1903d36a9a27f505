"""Modules that Twisted and asyncio import and the daemon seldom or never uses.

``late_imports`` puts a stand-in in the place of each while the daemon's modules are imported.
The first use of a stand-in imports the module. At rest this saves 7 MiB of 40 (measured with
CPython 3.11 and Twisted 26.10 without pyOpenSSL): ssl and its libraries take 4.2 MiB, and
http.cookiejar with urllib.request takes 2.7 MiB.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

LATE = (
    "http.cookiejar",  # twisted.python.compat, for the web client
    "ssl",  # asyncio, for its own streams
    "asyncio.sslproto",
)
"""Modules that are imported at their first use."""

WITHOUT = ("OpenSSL",)
"""Modules that are left out, as if they were not installed: the reactor then offers no TLS. The
daemon uses none; its network services are SSH and a UNIX socket. Debian's python3-twisted
depends on pyOpenSSL, which imports cryptography."""


class _StandIn(ModuleType):
    """Imports the module of its name when something of it is used."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # the import system asks for __spec__ and __path__
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        _forget(self)
        return getattr(import_module(self.__name__), name)


@contextmanager
def late_imports() -> Iterator[None]:
    """Stand-ins for the modules above that are not imported yet, until the end of the block.

    An import after the block gets the module itself.
    """
    stand_ins = [_StandIn(name) for name in LATE if name not in sys.modules]
    without = [name for name in WITHOUT if name not in sys.modules]
    sys.modules.update({each.__name__: each for each in stand_ins})
    # The import system raises ImportError for a module that is None.
    sys.modules.update(dict.fromkeys(without))  # type: ignore[arg-type]  # None is meant
    try:
        yield
    finally:
        for each in stand_ins:
            _forget(each)
        for name in without:
            del sys.modules[name]


def _forget(stand_in: _StandIn) -> None:
    """Let the next import of its name find the module itself."""
    if sys.modules.get(stand_in.__name__) is stand_in:
        del sys.modules[stand_in.__name__]
    package, _, name = stand_in.__name__.rpartition(".")
    if package and vars(sys.modules[package]).get(name) is stand_in:
        delattr(sys.modules[package], name)
