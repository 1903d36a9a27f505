"""The reader's machine: a router between a provider and a home, with files of its own.

::

    provider eth0 --- eth0 [router] eth1 --- eth0 home
                             eth2 ... lan2 --- [elsewhere]

The machine sees the files of this one through overlays: what is written to /etc, /usr, /opt, /root,
/var and /run is gone afterwards. A stream of 239.1.1.1 comes from the provider.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mcproxy.cli import client
from mcproxy.lab.node import Node
from mcproxy.lab.topology import Lab
from mcproxy.lab.waiting import wait_until

from ...source import PROJECT

GROUP = "239.1.1.1"
SPARE = ("eth2", "eth3", "eth4", "wlan0", "lan1", "lan2")
"""Further interfaces that pages name."""

OVERLAYS = ("etc", "usr", "opt", "var")

MOUNT = """
mount -t tmpfs tmpfs {folder}
for name in {overlays}; do
    mkdir -p {folder}/$name/upper {folder}/$name/work
    mount -t overlay overlay \\
        -o lowerdir=/$name,upperdir={folder}/$name/upper,workdir={folder}/$name/work /$name
done
mount -t tmpfs tmpfs /run
mkdir -p /run/mcproxy /opt/mcproxy/bin /etc/bash_completion.d /etc/fish/completions
mkdir -p /usr/local/share/zsh/site-functions /etc/systemd/system /etc/prometheus
rm -f /etc/mcproxy.toml /usr/bin/mcproxy
cat > /opt/mcproxy/bin/mcproxy
chmod 755 /opt/mcproxy/bin/mcproxy
touch /run/ready
exec sleep infinity
"""

PROGRAM = """#!/bin/sh
export PYTHONPATH={project}:$PYTHONPATH PYTHONDONTWRITEBYTECODE=1
exec {python} -m mcproxy "$@"
"""


class Router:
    """The machine, with what runs on it; the lab closes it."""

    def __init__(self, lab: Lab) -> None:
        self.node = lab.node("router")
        self.home, provider, elsewhere = map(lab.node, ("home", "provider", "elsewhere"))
        self._link(lab, provider, "eth0", "198.51.100.1/24", "198.51.100.2/24")
        self._link(lab, self.home, "eth1", "192.168.178.20/24", "192.168.178.1/24")
        self._spare_links(elsewhere)
        provider.stream(GROUP, rate=100, source="198.51.100.1")
        self._folder = tempfile.TemporaryDirectory(prefix="mcproxy-pages-")
        script = MOUNT.format(folder=self._folder.name, overlays=" ".join(OVERLAYS))
        self._holder = self.node.popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-e", "-c", script],
            stdin=subprocess.PIPE,
            text=True,
        )
        self.node.keep(self)
        program = PROGRAM.format(project=PROJECT, python=sys.executable)
        assert self._holder.stdin is not None
        with self._holder.stdin as file:
            file.write(program)
        wait_until(self.path("/run/ready").exists, 10, "the reader's machine has no file system")
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    @staticmethod
    def _link(lab: Lab, node: Node, name: str, far: str, near: str) -> None:
        router = next(one for one in lab.nodes if one.name == "router")
        lab.link(node, "eth0", router, name, (far,), (near,))

    def _spare_links(self, elsewhere: Node) -> None:
        """Make all at once, without waiting until IPv6 is ready on them."""
        place = f"/proc/{os.getpid()}/fd/{elsewhere.namespace.descriptor}"
        for number, name in enumerate(SPARE, 10):
            self.node.run(
                "sh",
                "-ec",
                f"ip link add {name} type veth peer name {name} netns {place}\n"
                f"ip address add 192.168.{number}.1/24 dev {name}\nip link set {name} up",
            )
            elsewhere.set_link(name, state="up")

    def path(self, name: str) -> Path:
        """A file of the machine, as this process sees it."""
        return Path(f"/proc/{self._holder.pid}/root{name}")

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command line; standard output and error are one text."""
        process = self.node.popen(
            [*self._enter(), "sh", "-e", "-c", command],
            cwd=PROJECT,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        output, _ = process.communicate(timeout=60)
        return subprocess.CompletedProcess(command, process.returncode, output)

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a program that stays, in place of one of this name that runs."""
        self.stop(name)
        self._running[name] = self.node.popen(
            [*self._enter(), *command],
            cwd=PROJECT,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if name == "mcproxy":
            wait_until(self.answers, 20, "the daemon does not answer")

    def stop(self, name: str) -> bool:
        """End a program that was started, if it runs; whether it did."""
        process = self._running.pop(name, None)
        if process is None:
            return False
        process.terminate()
        process.wait(10)
        return True

    def runs(self, name: str) -> bool:
        """Whether a program was started and still runs."""
        return name in self._running and self._running[name].poll() is None

    def answers(self) -> bool:
        """Whether the daemon answers, and is ready."""
        with contextlib.suppress(OSError, client.FailureError):
            status = client.ask(str(self.path("/run/mcproxy/control.sock")), "GET", "/status")
            return bool(status["ready"])
        return False

    def close(self) -> None:
        """End all programs; the files go with the last of them."""
        for name in list(self._running):
            self.stop(name)
        self._holder.kill()
        self._holder.wait()
        self._folder.cleanup()

    def _enter(self) -> tuple[str, ...]:
        return ("nsenter", "--target", str(self._holder.pid), "--mount", f"--wd={PROJECT}", "--")

    def _environment(self) -> dict[str, str]:
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return {**os.environ, "PATH": path, "COLUMNS": "100"}
