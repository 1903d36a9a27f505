"""The shell of a manhole session: its names, and what would freeze or end the daemon."""

from __future__ import annotations

import pydoc
from collections.abc import Callable, Mapping
from pprint import pprint
from typing import TYPE_CHECKING, Any, NoReturn

from twisted.conch import manhole

from .views import counters, groups, instances, routes

if TYPE_CHECKING:
    from ..proxy import Proxy

BANNER = (
    b"This is a Python shell in the mcproxy daemon. help() lists what there is;\n"
    b"exit() or Ctrl-D ends the session. While a command runs, the daemon waits.\n"
)

HELP = """\
proxy        the daemon itself, a Python object
instances()  the instances
groups()     the groups that hosts have joined
routes()     which groups and sources are forwarded from where to where
counters()   messages that were sent, dropped and refused
help(X)      the documentation of a Python object
exit()       end the session, as quit() and Ctrl-D do; the daemon continues to run
"""


def namespace(proxy: Proxy) -> dict[str, Any]:
    """The names in each shell: the daemon, and functions that print its state."""
    return {
        "proxy": proxy,
        "instances": lambda: pprint(instances.rows(proxy)),
        "groups": lambda: pprint([row for row in groups.rows(proxy) if row]),
        "routes": lambda: pprint([row for row in routes.rows(proxy) if row]),
        "counters": lambda: pprint(list(counters.rows(proxy))),
    }


def _help(*things: Any) -> None:
    """Print HELP, or the documentation of each thing. Python's own help waits for keys."""
    if not things:
        print(HELP, end="")
    for thing in things:
        print(pydoc.plain(pydoc.render_doc(thing)))


def _waits(name: str) -> Callable[..., NoReturn]:
    """A function in place of one of Python's that waits for the terminal of the daemon."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise RuntimeError(f"{name}() is not possible here: the daemon would wait for its terminal")

    return refuse


_WAITING = ("input", "breakpoint", "license", "copyright", "credits")
"""Functions of Python that read from the terminal; some do when their text is long."""


class Shell(manhole.Manhole):
    """The shell of one session, with ``names`` in it; the visitor may change them."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        own = {"help": _help, "exit": self._exit, "quit": self._exit}
        own |= {name: _waits(name) for name in _WAITING}
        super().__init__({**own, **names})  # type: ignore[no-untyped-call]  # untyped in Twisted

    def initializeScreen(self) -> None:
        """Show the banner and the prompt."""
        self.terminal.reset()
        self.terminal.write(BANNER)
        self.terminal.write(self.ps[self.pn])
        self.setInsertMode()  # type: ignore[no-untyped-call]  # untyped in Twisted

    def lineReceived(self, line: bytes) -> None:
        """Run a line; one that wants to end the program ends the session."""
        try:
            super().lineReceived(line)  # type: ignore[no-untyped-call]  # untyped in Twisted
        except SystemExit:
            self.handle_QUIT()  # type: ignore[no-untyped-call]  # untyped in Twisted

    @staticmethod
    def _exit(*_: object) -> NoReturn:
        raise SystemExit
