"""Walk through the list of a release: ``python -m tests.release [--full]``.

Each point prints ``ok`` or ``NOT YET`` with what to do. The exit code is 1 unless all points hold.
``docs/developer/releases.rst`` has the list.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from .source import PROJECT


class NotYetError(Exception):
    """A point that does not hold; the message says what to do."""


def main() -> int:
    """Check all points and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.release", description=__doc__)
    parser.add_argument("--full", action="store_true", help="also run .ci/run")
    points = [*POINTS, tests_pass] if parser.parse_args().full else POINTS
    return report(PROJECT, points)


def report(project: Path, points: list[Callable[[Path], None]]) -> int:
    """Check these points of a project; print each result; return 1 if one does not hold."""
    missing = 0
    for number, point in enumerate(points, 1):
        what = (point.__doc__ or "").rstrip(".")
        try:
            point(project)
        except NotYetError as error:
            missing += 1
            print(f"{number:2} NOT YET  {what}: {error}", flush=True)
        else:
            print(f"{number:2} ok       {what}", flush=True)
    print(f"{len(points) - missing} of {len(points)} points hold")
    return 1 if missing else 0


def nothing_is_uncommitted(project: Path) -> None:
    """Nothing is uncommitted."""
    if changed := output(project, "git", "status", "--porcelain"):
        raise NotYetError(f"commit or remove {len(changed.splitlines())} files; see git status")


def version_is_new(project: Path) -> None:
    """The version has no tag yet."""
    version = version_of(project)
    if output(project, "git", "tag", "--list", f"v{version}"):
        raise NotYetError(f"v{version} exists; raise __version__ in mcproxy/__init__.py")


def changelog_has_the_version(project: Path) -> None:
    """The changelog has a section for the version with a date, and Unreleased is empty."""
    text = project.joinpath("CHANGELOG.rst").read_text(encoding="utf-8")
    version = version_of(project)
    if not re.search(rf"^{re.escape(version)} - \d{{4}}-\d\d-\d\d\n-+$", text, re.M):
        raise NotYetError(f'add the section "{version} - YYYY-MM-DD" to CHANGELOG.rst')
    if re.search(r"^Unreleased\n-+\n+(?!\d+\.\d+\.\d+ - )\S", text, re.M):
        raise NotYetError(f"move what stands under Unreleased to the section {version}")


def debian_changelog_has_the_version(project: Path) -> None:
    """debian/changelog begins with the version."""
    first = project.joinpath("debian/changelog").read_text(encoding="utf-8").partition("\n")[0]
    version = version_of(project)
    if f"({version})" not in first:
        raise NotYetError(f'begin debian/changelog with "mcproxy ({version}) unstable; ..."')


def reference_is_up_to_date(project: Path) -> None:
    """What is made from the options is up to date."""
    succeed(project, "run make reference", sys.executable, "-m", "tests", "tests.config.reference")


def linters_find_nothing(project: Path) -> None:
    """The linters find nothing."""
    succeed(project, "run make lint", "make", "lint")


def documentation_builds(project: Path) -> None:
    """The documentation builds without a warning."""
    succeed(project, "run make docs", "make", "docs")


def distributions_are_good(project: Path) -> None:
    """Source distribution and wheel are built and accepted."""
    succeed(project, "run make dist", "make", "dist")


def debian_package_is_good(project: Path) -> None:
    """The Debian package is built, and lintian finds nothing."""
    succeed(project, "run make deb", "make", "deb")
    built = [str(path) for path in project.glob("build/deb/*.deb")]
    options = ("--allow-root", "--fail-on", "error,warning")
    succeed(project, "see what lintian says of build/deb/*.deb", "lintian", *options, *built)


def tests_pass(project: Path) -> None:
    """All tests pass."""
    succeed(project, "run .ci/run", ".ci/run")


POINTS = [
    nothing_is_uncommitted,
    version_is_new,
    changelog_has_the_version,
    debian_changelog_has_the_version,
    reference_is_up_to_date,
    linters_find_nothing,
    documentation_builds,
    distributions_are_good,
    debian_package_is_good,
]


def version_of(project: Path) -> str:
    """The version of the program; NotYetError if it is not MAJOR.MINOR.PATCH."""
    text = project.joinpath("mcproxy/__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(\d+\.\d+\.\d+)"$', text, re.M)
    if found is None:
        raise NotYetError("write __version__ = MAJOR.MINOR.PATCH into mcproxy/__init__.py")
    return found[1]


def output(project: Path, *command: str) -> str:
    """What a command prints; NotYetError if it fails."""
    try:
        done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise NotYetError(f"install {command[0]}") from error
    if done.returncode:
        raise NotYetError(done.stderr.strip() or f"{' '.join(command)} failed")
    return done.stdout


def succeed(project: Path, cure: str, *command: str) -> None:
    """Run a command that must succeed; NotYetError with ``cure`` and its last line if it fails."""
    with TemporaryDirectory(prefix="mcproxy-release-") as folder:
        log = Path(folder, "log")
        try:
            with log.open("w", encoding="utf-8") as file:
                code = subprocess.run(command, cwd=project, stdout=file, stderr=file).returncode
        except FileNotFoundError as error:
            raise NotYetError(f"install {command[0]}") from error
        last = log.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
    if code:
        raise NotYetError(f"{cure}; its last line: {last}")


if __name__ == "__main__":
    sys.exit(main())
