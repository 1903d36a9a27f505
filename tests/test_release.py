"""The list of a release says what does not hold yet."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from . import release

READY = "Changelog\n=========\n\nUnreleased\n----------\n\n1.2.3 - 2026-01-02\n-----\n\nAdded\n"


class ReleaseTests(SynchronousTestCase):
    """A project of a few files, in a repository of its own."""

    def setUp(self) -> None:
        self.project = Path(self.mktemp()).absolute()
        self.write("mcproxy/__init__.py", '__version__ = "1.2.3"\n')
        self.write("CHANGELOG.rst", READY)
        self.write("debian/changelog", "mcproxy (1.2.3) unstable; urgency=medium\n")
        self.git("init", "--quiet")
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", "all")

    def write(self, name: str, text: str) -> None:
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def git(self, *words: str) -> None:
        who = ("-c", "user.name=somebody", "-c", "user.email=somebody@localhost")
        subprocess.run(["git", *who, *words], cwd=self.project, check=True)

    def check(self, *points: Callable[[Path], None]) -> tuple[int, str]:
        """The exit code and what is printed."""
        printed = io.StringIO()
        with redirect_stdout(printed):
            code = release.report(self.project, list(points))
        return code, printed.getvalue()

    def test_points_of_a_ready_project_hold(self) -> None:
        code, printed = self.check(*release.POINTS[:4])
        self.assertEqual((code, printed.count(" ok ")), (0, 4), printed)

    def test_uncommitted_file_is_told(self) -> None:
        self.write("new", "")
        code, printed = self.check(release.nothing_is_uncommitted)
        self.assertEqual(code, 1)
        self.assertIn("NOT YET  Nothing is uncommitted: commit or remove 1 files", printed)

    def test_version_with_a_tag_must_be_raised(self) -> None:
        self.git("tag", "v1.2.3")
        self.assertIn("v1.2.3 exists; raise __version__", self.check(release.version_is_new)[1])

    def test_changelog_without_the_version_is_told(self) -> None:
        self.write("CHANGELOG.rst", READY.replace("1.2.3", "1.2.2"))
        printed = self.check(release.changelog_has_the_version)[1]
        self.assertIn('add the section "1.2.3 - YYYY-MM-DD"', printed)

    def test_entry_under_unreleased_is_told(self) -> None:
        self.write("CHANGELOG.rst", READY.replace("\n1.2.3", "\nFixed\n~~~~~\n\n1.2.3"))
        printed = self.check(release.changelog_has_the_version)[1]
        self.assertIn("move what stands under Unreleased to the section 1.2.3", printed)

    def test_other_version_in_the_debian_changelog_is_told(self) -> None:
        self.write("debian/changelog", "mcproxy (1.2.2) unstable; urgency=medium\n")
        printed = self.check(release.debian_changelog_has_the_version)[1]
        self.assertIn('begin debian/changelog with "mcproxy (1.2.3)', printed)

    def test_command_that_fails_is_told_with_cure_and_last_line(self) -> None:
        """So are a program that is missing, and a version that is none."""

        def fails(project: Path) -> None:
            """It works."""
            release.succeed(project, "do this", "sh", "-c", "echo first; echo last; exit 3")

        def misses(project: Path) -> None:
            """It is there."""
            release.succeed(project, "do this", "no-such-program")

        self.write("mcproxy/__init__.py", '__version__ = "1.2"\n')
        code, printed = self.check(fails, misses, release.version_is_new)
        self.assertEqual(code, 1)
        self.assertIn("1 NOT YET  It works: do this; its last line: last\n", printed)
        self.assertIn("2 NOT YET  It is there: install no-such-program\n", printed)
        self.assertIn("3 NOT YET  The version has no tag yet: write __version__", printed)
        self.assertTrue(printed.endswith("0 of 3 points hold\n"), printed)
