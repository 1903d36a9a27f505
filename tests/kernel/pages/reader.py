"""The reader: runs the blocks of a page one after the other."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...documents.blocks import CONSOLE, SHELL, TOML, Block, blocks
from ...documents.snippets import PLACEHOLDERS
from .exceptions import lacking_interface, reason_not_to_run
from .machine import Router

CONFIG = "/etc/mcproxy.toml"
UNIT = "/etc/systemd/system/mcproxy.service"

OF_OTHERS = "# on the "
"""How a configuration begins that another machine has, as "# on the anchor"."""

_MAY_FIND_SOMETHING = ("mcproxy doctor", "mcproxy explain")
"""Commands whose exit code 1 is an answer."""


class PageError(Exception):
    """A page says something that does not work."""


class Reader:
    """Does what ``page`` says on ``router``; ``printed`` has the output of each sample.

    Before a sample of the running daemon, ``receive`` starts what receives, and waits for it.
    """

    def __init__(
        self, router: Router, page: Path, receive: Callable[[], None] = lambda: None
    ) -> None:
        self.router = router
        self._receive = receive
        self.page = page
        self.printed: dict[tuple[int, str], list[str]] = {}
        self.not_run: dict[str, str] = {}
        self._whole: dict[str, str] = {}  # by instance, the latest configuration that has it
        self._present = _instance("tv")

    def read(self, until: str = "") -> None:
        """Run all blocks, or those before the text ``until``; PageError."""
        text = self.page.read_text(encoding="utf-8")
        last = text.count("\n", 0, text.index(until)) if until else len(text)
        for block in blocks(self.page):
            if block.line > last:
                return
            if block.language == TOML:
                self._configure(block)
            elif block.language == SHELL:
                for command in block.commands():
                    self._run(block, command)
            elif block.language == CONSOLE:
                if self.router.runs("mcproxy"):
                    self._receive()
                for command, _ in block.samples():
                    self.printed[block.line, command] = self._run(block, command).splitlines()

    # -- commands

    def _run(self, block: Block, command: str) -> str:
        """Run a command as the reader would; what it prints."""
        words = shlex.split(command.replace("\\\n", " ").partition("\n")[0], comments=True)
        program = words[0].rpartition("/")[2]
        reason = reason_not_to_run(f"{program} {' '.join(words[1:])}") or reason_not_to_run(command)
        if reason:
            self.not_run[command] = reason
            return ""
        if words[0] == "systemctl":
            return self._systemctl(block, words[1:])
        if program == "mcproxy" and words[1] == "run":
            self.router.start("mcproxy", words)
            return ""
        if program == "mcproxy":
            command = " ".join(PLACEHOLDERS.get(word, word) for word in command.split(" "))
        done = self.router.run(command)
        name = lacking_interface(command)
        if done.returncode and name:
            self.not_run[command] = "this kernel has no such interfaces"
            done = self.router.run(f"ip link add {name} type veth peer name {name[:8]}-far")
        may_be_1 = command.startswith(_MAY_FIND_SOMETHING)
        if done.returncode not in ((0, 1) if may_be_1 else (0,)):
            raise PageError(f"{block}: {command}: exit code {done.returncode}: {done.stdout}")
        return done.stdout

    def _systemctl(self, block: Block, words: list[str]) -> str:
        """What the service manager would do: start the unit's command, or end it."""
        match words:
            case ["daemon-reload"]:
                if not self.router.path(UNIT).exists():
                    raise PageError(f"{block}: {UNIT} is not installed")
            case ["enable", "--now", "mcproxy"]:
                unit = self.router.path(UNIT).read_text(encoding="utf-8")
                [command] = [one for one in unit.splitlines() if one.startswith("ExecStart=")]
                self.router.start("mcproxy", shlex.split(command.partition("=")[2]))
            case ["disable", "--now", name]:
                if not self.router.stop(name):
                    raise PageError(f"{block}: {name} does not run")
            case _:
                raise PageError(f"{block}: systemctl {' '.join(words)}: not known here")
        return ""

    # -- configurations

    def _configure(self, block: Block) -> None:
        """Run the daemon with a configuration; one that is a part is completed.

        One of another machine is only tried: the daemon goes back to the one before.
        """
        text = self._completed(block)
        self._use(block, text)
        if block.text.startswith(OF_OTHERS):
            self._use(block, self._present)
        else:
            self._present = text

    def _use(self, block: Block, text: str) -> None:
        self.router.path(CONFIG).write_text(text, encoding="utf-8")
        checked = self.router.run(f"mcproxy check {CONFIG}")
        if checked.returncode:
            raise PageError(f"{block}: {checked.stdout}")
        if self.router.runs("mcproxy"):
            done = self.router.run("mcproxy reload")
            if done.returncode:
                raise PageError(f"{block}: {done.stdout}")
        else:
            self.router.start("mcproxy", ["mcproxy", "run"])

    def _completed(self, block: Block) -> str:
        """The text of a configuration that can run."""
        try:
            tables: dict[str, Any] = tomllib.loads(block.text)
        except tomllib.TOMLDecodeError as error:
            raise PageError(f"{block}: {error}") from error
        instances: dict[str, Any] = tables.get("instance", {})
        whole = [name for name, table in instances.items() if "downstream" in table]
        for name in whole:
            self._whole[name] = block.text
        parts = instances.keys() - whole
        if not parts:
            return block.text if whole else f"{self._present}\n{block.text}"
        [name] = parts
        return f"{self._whole.get(name) or _instance(name)}\n{block.text}"


def _instance(name: str) -> str:
    return f'[instance.{name}]\nupstream = "eth0"\ndownstream = "eth1"\n'
