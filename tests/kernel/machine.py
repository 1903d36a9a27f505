"""A container that runs systemd on a node of the lab, in its own namespaces.

It sees the files of this machine through an overlay, so nothing is written to this machine. It
uses the node's network. The daemon is installed as by a package, with ``etc/mcproxy.service``; or
it has none, and the test installs one.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from mcproxy.lab.node import Node
from mcproxy.lab.waiting import wait_until

from ..source import PROJECT

SYSTEMD = "/lib/systemd/systemd"
CONFIG = "/etc/mcproxy.toml"
PROGRAM_PATH = "/usr/bin/mcproxy"
UNIT = "/etc/systemd/system/mcproxy.service"

PUT = 'mkdir -p "$(dirname "$1")" && cat > "$1"'

ENTER = """
echo $$ > "$1/cgroup.procs"
exec unshare --cgroup --mount --pid --uts --ipc --fork --kill-child sh -e -c "$2"
"""

BOOT = """
cd {folder}
mount -t tmpfs tmpfs layer
mkdir layer/work
cp -r files layer/upper
mount -t overlay overlay -o lowerdir=/,upperdir=layer/upper,workdir=layer/work root
mount -t proc proc root/proc
mount -t sysfs sysfs root/sys
mount -t cgroup2 cgroup2 root/sys/fs/cgroup
mount -t tmpfs tmpfs root/run
mount -t tmpfs tmpfs root/tmp
mount --rbind /dev root/dev
rm -f root/usr/sbin/policy-rc.d  # images of containers forbid packages to start services
mount --bind {python} root/opt/python
mount --bind {packages} root/opt/packages
mount --bind {project} root/opt/mcproxy
exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
  chroot root {systemd} --system --unit=lab.target --log-target=null
"""

MOUNTED = ("python", "packages", "mcproxy")

TARGET = """[Unit]
DefaultDependencies=no
Requires=dbus.socket systemd-journald.socket
"""

PROGRAM = """#!/bin/sh
export PYTHONPATH=/opt/mcproxy:/opt/packages PYTHONDONTWRITEBYTECODE=1
# The library of a Python that was moved.
export LD_LIBRARY_PATH=/opt/python/lib
exec /opt/python/bin/python3 -m mcproxy "$@"
"""


class SystemdMachine:
    """Boots on ``node`` when constructed; RuntimeError without systemd or cgroup2.

    With ``empty`` the daemon is not installed.
    """

    def __init__(self, node: Node, *, empty: bool = False) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mcproxy-machine-")
        self._install_files(Path(self._folder.name), empty)
        self._cgroup = _cgroups() / f"mcproxy-machine-{os.getpid()}"
        self._cgroup.mkdir()
        boot = BOOT.format(
            folder=shlex.quote(self._folder.name),
            python=shlex.quote(sys.base_prefix),
            packages=shlex.quote(sysconfig.get_paths()["purelib"]),
            project=shlex.quote(str(PROJECT)),
            systemd=SYSTEMD,
        )
        self._process = node.popen(
            ["sh", "-e", "-c", ENTER, "sh", str(self._cgroup), boot],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        node.keep(self)
        wait_until(self._is_up, 20, "systemd does not start")

    def close(self) -> None:
        """Stop it, and remove its files and control groups."""
        self._process.kill()  # unshare --kill-child kills the other processes too
        self._process.wait()
        wait_until(self._is_gone, 10, f"{self._cgroup} is still in use")
        self._folder.cleanup()

    @property
    def pid(self) -> int:
        """The process id, on this machine, of the container's process 1."""
        children = f"/proc/{self._process.pid}/task/{self._process.pid}/children"
        return int(Path(children).read_text(encoding="ascii").split()[0])

    @property
    def root(self) -> Path:
        """The path of its root directory on this machine."""
        return Path(f"/proc/{self.pid}/root")

    def run(self, *command: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a command in it as root; its result has standard output and error in one text."""
        enter = ("nsenter", "-t", str(self.pid), "-m", "-p", "-u", "-i", "-n", "-C", "-r", "-w")
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
        return subprocess.run(
            [*enter, *command],
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **options,
        )

    def systemctl(self, *words: str) -> str:
        """Run systemctl and return its output; AssertionError if it fails."""
        done = self.run("systemctl", *words)
        assert done.returncode == 0, done.stdout
        return done.stdout.rstrip("\n")

    def property(self, name: str) -> str:
        """A property of the daemon's unit."""
        return self.systemctl("show", "--value", "--property", name, "mcproxy")

    def log(self) -> str:
        """The messages of the daemon in the journal."""
        return self.run("journalctl", "--unit", "mcproxy", "--output", "cat").stdout

    def has(self, path: str) -> bool:
        """Whether a file or folder of this absolute path is in it."""
        return os.path.lexists(f"{self.root}{path}")

    def configure(self, text: str) -> None:
        """Write the daemon's configuration file."""
        self._put(CONFIG, text)

    def override(self, *lines: str) -> None:
        """Add lines to [Service] of the unit, as ``systemctl edit`` does."""
        self._put(f"{UNIT}.d/lab.conf", "\n".join(("[Service]", *lines, "")))
        self.systemctl("daemon-reload")

    def _put(self, path: str, text: str) -> None:
        done = self.run("sh", "-c", PUT, "sh", path, input=text)
        assert done.returncode == 0, done.stdout

    def _install_files(self, folder: Path, empty: bool) -> None:
        """Write the files that it has in addition to those of this machine."""
        if not os.access(SYSTEMD, os.X_OK):
            raise RuntimeError(f"{SYSTEMD} not found; on Debian: apt-get install systemd")
        for name in ("layer", "root", *(f"files/opt/{name}" for name in MOUNTED)):
            (folder / name).mkdir(parents=True)
        files = {
            "etc/machine-id": f"{os.getpid():032x}\n",
            "etc/systemd/system/lab.target": TARGET,
        }
        if not empty:
            unit = (PROJECT / "etc/mcproxy.service").read_text(encoding="utf-8")
            files |= {UNIT[1:]: unit, PROGRAM_PATH[1:]: PROGRAM}
        for name, text in files.items():
            path = folder / "files" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        if not empty:
            (folder / "files" / PROGRAM_PATH[1:]).chmod(0o755)

    def _is_up(self) -> bool:
        with contextlib.suppress(OSError, IndexError):
            return self.run("systemctl", "is-active", "lab.target").returncode == 0
        return False

    def _is_gone(self) -> bool:
        """Remove its control groups, inner ones first; whether all are gone."""
        with contextlib.suppress(OSError):
            for folder, _, _ in os.walk(self._cgroup, topdown=False):
                os.rmdir(folder)
        return not self._cgroup.exists()


def _cgroups() -> Path:
    """The mount point of control groups version 2."""
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(place)
    raise RuntimeError("control groups version 2 are not mounted; run: mount -t cgroup2 ...")
