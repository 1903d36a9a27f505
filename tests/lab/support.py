"""A laboratory for one test."""

from __future__ import annotations

import os

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from mcproxy.lab.namespace import Namespace
from mcproxy.lab.node import Node
from mcproxy.lab.topology import Lab


def held_namespaces() -> int:
    """How many network namespaces this process holds by a file descriptor."""
    return sum(_points_to(name).startswith("net:[") for name in os.listdir("/proc/self/fd"))


def _points_to(descriptor: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:  # the one with which the folder was listed
        return ""


class LabTestCase(SynchronousTestCase):
    """Has an empty ``self.lab``."""

    def setUp(self) -> None:
        try:
            Namespace().close()
        except PermissionError as error:
            raise SkipTest("network namespaces need root, or `unshare -Urnm`") from error
        self.lab = Lab()
        self.addCleanup(self.lab.close)

    def pair(self) -> tuple[Node, Node]:
        """Two machines on one cable: 10.0.1.1 and .2, fd00:1::1 and ::2, each on its eth0."""
        sender, receiver = self.lab.node("sender"), self.lab.node("receiver")
        self.lab.link(
            sender,
            "eth0",
            receiver,
            "eth0",
            ("10.0.1.1/24", "fd00:1::1/64"),
            ("10.0.1.2/24", "fd00:1::2/64"),
        )
        return sender, receiver
