"""The Debian package for tests: ``make deb`` builds it once, in a copy of the project."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from twisted.trial.unittest import SkipTest

from ..source import PROJECT

NEEDED = {
    "/usr/bin/dpkg-checkbuilddeps": "dpkg-dev",
    "/usr/bin/lintian": "lintian",
    "/usr/bin/make": "make",
    "/lib/systemd/systemd": "systemd",
}
"""What the tests need beside the build dependencies, with the Debian package that has it."""

COPIED = shutil.ignore_patterns(".git", ".venv", "build", "__pycache__", "_trial_temp*", ".*cache")

_folder = tempfile.TemporaryDirectory(prefix="mcproxy-package-")


@cache
def package() -> Path:
    """Build the package; SkipTest if this machine lacks what that needs."""
    missing = sorted({name for path, name in NEEDED.items() if not os.path.exists(path)})
    if missing:
        raise SkipTest(f"needs Debian packages: apt-get install {' '.join(missing)}")
    check = ("dpkg-checkbuilddeps", str(PROJECT / "debian/control"))
    unmet = subprocess.run(check, stderr=subprocess.PIPE, text=True).stderr.strip()
    if unmet:
        raise SkipTest(f"run: apt-get build-dep ./; {unmet}")
    copy = Path(_folder.name, "project")
    shutil.copytree(PROJECT, copy, ignore=COPIED, symlinks=True)
    run("make", "-C", str(copy), "deb")
    (built,) = copy.glob("build/deb/*.deb")
    return built


def newer(built: Path, version: str) -> Path:
    """Return the same package with another version."""
    files = Path(_folder.name, f"files-{version}")
    run("dpkg-deb", "--raw-extract", str(built), str(files))
    control = files / "DEBIAN/control"
    lines = control.read_text(encoding="utf-8").splitlines()
    changed = [f"Version: {version}" if line.startswith("Version:") else line for line in lines]
    control.write_text("\n".join([*changed, ""]), encoding="utf-8")
    made = Path(_folder.name, f"mcproxy_{version}_all.deb")
    run("dpkg-deb", "--root-owner-group", "--build", str(files), str(made))
    return made


def run(*command: str) -> str:
    """The output of a command; AssertionError with the output if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout
