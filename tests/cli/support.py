"""Runs the program in this process, and in a process of its own."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.cli import main

PROJECT = Path(__file__).resolve().parents[2]

GOOD = '[instance.tv]\nupstream = "eth0"\ndownstream = ["eth1", "lan*"]\n'

DUMMY = """
import sys, time
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from mcproxy import tap
from mcproxy.change_counts import ChangeCounts
from mcproxy.cli import main
from mcproxy.events.bus import Events
from mcproxy.linux.mroute.errors import NotPermitted, TableInUse
from mcproxy.timer import Timer
from mcproxy.optional_services import OptionalServices

def tell(word):
    print(word, file=sys.__stdout__, flush=True)  # twistd puts its log into the other

class Dummy(Service):
    def __init__(self, reactor, configuration, inherited):
        self.configuration = configuration
        self.kind = configuration.instances[0].upstream
        self.optional_services = OptionalServices()
        self.events, self.timer = Events(), Timer(reactor)
        self.change_counts = ChangeCounts()
    def addService(self, service):
        pass  # those beside it do nothing here
    def privilegedStartService(self):
        if self.kind == "forbidden":
            raise NotPermitted("not permitted to do it: ask")
        if self.kind == "taken":
            raise TableInUse("it is taken: wait")
    def startService(self):
        if self.kind == "late":
            raise OSError("it came late")
        if self.kind == "broken":
            raise KeyError("a mistake of ours")
        tell("started")
    def stopService(self):
        tell("stopping")
        if self.kind == "slow":
            return Deferred()
        if self.kind == "blocked":
            time.sleep(60)
        if self.kind == "bad":
            raise KeyError("a mistake of ours")
        tell("stopped")

tap.Proxy = Dummy
"""
"""The start of a program that needs no kernel; the name of its upstream selects what fails."""

RUN = DUMMY + "sys.exit(main(sys.argv[1:]))"
TWISTD = DUMMY + "from twisted.scripts.twistd import run; run()"


class CommandTestCase(SynchronousTestCase):
    """Keeps the output of ``mcproxy`` in ``out`` and ``err``."""

    def run_here(self, *arguments: str) -> int:
        """The exit code of the program, run in this process."""
        out, err = io.StringIO(), io.StringIO()
        self.patch(sys, "stdout", out)
        self.patch(sys, "stderr", err)
        try:
            return main(arguments)
        finally:
            self.out, self.err = out.getvalue(), err.getvalue()

    def have_interfaces(self, *missing: str) -> None:
        """Have this machine all interfaces but the ``missing`` ones."""

        def index(name: str) -> int:
            if name in missing:
                raise OSError(19, "no interface with this name")
            return 1

        self.patch(socket, "if_nametoindex", index)

    def write(self, text: str) -> str:
        """A file with ``text``."""
        path = Path(self.mktemp()).absolute()
        path.write_text(text, encoding="utf-8")
        return str(path)

    def start(self, program: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """A Python program in a process of its own, which ends with the test."""
        process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": str(PROJECT), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        hanging = threading.Timer(30, process.kill)
        hanging.start()
        self.addCleanup(self._end, process, hanging)
        return process

    @staticmethod
    def _end(process: subprocess.Popen[Any], hanging: threading.Timer) -> None:
        hanging.cancel()
        hanging.join()
        process.kill()
        process.communicate()
