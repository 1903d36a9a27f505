"""The life of the Debian package under a real systemd: from its installation to its purge."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from mcproxy import __version__
from mcproxy.cli import client

from ..source import PROJECT
from .debian_package import newer, package, run
from .machine import CONFIG, SystemdMachine
from .running import ONE_INSTANCE, with_defaults
from .test_restart import RestartTestCase

COMPLETIONS = (
    "/usr/share/bash-completion/completions/mcproxy",
    "/usr/share/zsh/vendor-completions/_mcproxy",
    "/usr/share/fish/vendor_completions.d/mcproxy.fish",
)


class ContentTests(SynchronousTestCase):
    """What is in the package."""

    def test_lintian_finds_nothing(self) -> None:
        found = run("lintian", "--allow-root", "--fail-on", "error,warning", str(package()))
        self.assertEqual(found, "")

    def test_version_is_the_version_of_the_program(self) -> None:
        self.assertEqual(run("dpkg-deb", "--field", str(package()), "Version").strip(), __version__)

    def test_lowest_versions_of_libraries_are_those_of_setup_py(self) -> None:
        """Debian calls attrs python3-attr; the other names are those of PyPI."""
        text = (PROJECT / "setup.py").read_text(encoding="utf-8")
        (block,) = re.findall(r"install_requires=\[(.*?)\]", text, re.DOTALL)
        wanted = dict(re.findall(r'"([\w-]+)>=([\d.]+)"', block))
        wanted["attr"] = wanted.pop("attrs")
        depends = run("dpkg-deb", "--field", str(package()), "Depends")
        found = dict(re.findall(r"python3-([\w-]+) \(>= ([\d.]+)\)", depends))
        self.assertEqual(found, wanted)

    def test_manual_pages_completions_and_documents_are_there(self) -> None:
        listed = run("dpkg-deb", "--contents", str(package()))
        pages = ("/usr/share/man/man8/mcproxy.8.gz", "/usr/share/man/man5/mcproxy.toml.5.gz")
        documents = ("/usr/share/doc/mcproxy/README.Debian", "/usr/share/doc/mcproxy/guide/")
        for path in (*pages, *documents, *COMPLETIONS):
            self.assertIn(f" .{path}\n", listed)


class LifeTests(RestartTestCase):
    """The package is installed, started, upgraded, removed and purged, while streams flow."""

    def dpkg(self, *words: str) -> str:
        """Run dpkg in the machine; its output. AssertionError if it fails."""
        done = self.machine.run("dpkg", *words)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def install(self, built: Path) -> None:
        """Install a package, or upgrade to it."""
        shutil.copy(built, self.machine.root / "opt/package.deb")
        self.dpkg("--install", "/opt/package.deb")

    def run_daemon(self, config: str) -> None:
        self.machine.configure(with_defaults(config))
        self.machine.systemctl("enable", "--now", "mcproxy")

    def ask(self, method: str, path: str, request: Any = None) -> Any:
        socket = self.machine.root / "run/mcproxy/control.sock"
        return client.ask(str(socket), method, path, request)

    def setUp(self) -> None:
        built = package()
        super().setUp()
        try:
            self.machine = SystemdMachine(self.proxy, empty=True)
        except (PermissionError, RuntimeError) as error:
            raise SkipTest(f"systemd needs root and control groups: {error}") from error
        self.install(built)

    def test_new_installation_is_not_started_and_sets_nothing(self) -> None:
        """The file has every option, all of them commented out, and ``mcproxy check`` says so."""
        self.assertEqual(self.machine.property("ActiveState"), "inactive")
        self.assertEqual(self.machine.property("UnitFileState"), "disabled")
        lines = Path(f"{self.machine.root}{CONFIG}").read_text(encoding="utf-8").splitlines()
        self.assertEqual([line for line in lines if line and not line.startswith("#")], [])
        checked = self.machine.run("mcproxy", "check")
        self.assertEqual(checked.returncode, 1)
        self.assertIn(f"{CONFIG}: no instance; write [instance.NAME]", checked.stdout)
        # The folder of keys is for the administrator and the daemon only.
        owner = self.machine.run("stat", "--format", "%U %G %a", "/etc/mcproxy").stdout
        self.assertEqual(owner, "root mcproxy 750\n")

    def test_upgrade_loses_no_packet_and_keeps_the_configuration(self) -> None:
        """It starts a new process, which has the memberships of the process before."""
        self.run_streams(ONE_INSTANCE)
        config = Path(f"{self.machine.root}{CONFIG}").read_text(encoding="utf-8")
        before, groups = self.machine.property("MainPID"), self.groups_of("down1")
        self.install(newer(package(), f"{__version__}+1"))
        self.assertNotEqual(self.machine.property("MainPID"), before)
        self.assertEqual(self.machine.property("ActiveState"), "active")
        self.assert_no_stream_loss()
        self.assertEqual(self.groups_of("down1"), groups)
        after = Path(f"{self.machine.root}{CONFIG}").read_text(encoding="utf-8")
        self.assertEqual(after, config)

    def test_removal_ends_the_daemon_and_purge_leaves_no_file(self) -> None:
        self.run_streams(ONE_INSTANCE)
        self.dpkg("--remove", "mcproxy")
        self.assertEqual((self.routes(), self.vifs()), ([], []))
        self.assertTrue(self.machine.has(CONFIG))
        self.dpkg("--purge", "mcproxy")
        left = self.machine.run(
            "find", "/etc", "/var/lib", "/usr/lib/python3", "-name", "*mcproxy*"
        )
        self.assertEqual(re.findall(r"^(?!/var/lib/dpkg/).*mcproxy.*$", left.stdout, re.M), [])
