"""What is shipped, and that it works where it was installed."""

from __future__ import annotations

import ast
import os
import re
import shutil
import site
import subprocess
import sys
import venv
import zipfile
from email import message_from_bytes
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mcproxy import __version__

from .source import PROJECT

SETUP = PROJECT / "setup.py"

FOLDERS = (".ci", "debian", "docs", "etc", "mcproxy", "tests", "twisted")
"""The folders of a checkout whose files are in the source distribution."""

MADE = shutil.ignore_patterns("__pycache__", "dropin.cache", "_build", "_trial_temp*")
"""What tests and builds leave in them."""

CHECKED_THERE = ("tests.test_samples", "tests.config.reference.test_files", "tests.test_imports")
"""Tests that run in an unpacked source distribution; they read docs, etc, mcproxy and tests."""


class SourceTests(SynchronousTestCase):
    def test_folders_of_the_plugin_are_no_packages(self) -> None:
        """With an __init__.py, ``twisted`` would be another package, or plugins not be found."""
        self.assertEqual(list((PROJECT / "twisted").rglob("__init__.py*")), [])

    def test_plugin_imports_only_its_maker(self) -> None:
        """Whoever runs twistd for something else runs this module too."""
        text = (PROJECT / "twisted/plugins/mcproxy_plugin.py").read_text(encoding="utf-8")
        names = [
            alias.name
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        ]
        self.assertEqual(names, ["ServiceMaker"])

    def test_classifiers_name_the_interpreters_that_are_tested(self) -> None:
        nox = (PROJECT / "noxfile.py").read_text(encoding="utf-8")
        (tested,) = re.findall(r"^PYTHONS = \[(.*)\]$", nox, re.M)
        named = re.findall(
            r'"Programming Language :: Python :: (3\.\d+)"', SETUP.read_text("utf-8")
        )
        self.assertEqual(named, re.findall(r"3\.\d+", tested))


class ImportTests(SynchronousTestCase):
    def test_daemon_does_not_import_what_only_the_demo_or_a_change_needs(self) -> None:
        program = (
            "import sys, mcproxy.tap\n"
            "print([name for name in ('rich', 'tomlkit', 'lark') if name in sys.modules])"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True
        )
        self.assertEqual(done.stdout, "[]\n", done.stderr)


class WheelTests(SynchronousTestCase):
    """A source distribution and a wheel from it, which is installed where nothing else is."""

    source: Path
    wheel: Path
    environment: Path

    def setUp(self) -> None:
        if not hasattr(WheelTests, "environment"):  # it takes seconds, so it is done once
            folder = Path(self.mktemp()).absolute()
            WheelTests.wheel = self.build(folder)
            WheelTests.environment = self.install(folder / "venv")

    def build(self, folder: Path) -> Path:
        """Build the wheel from the unpacked source distribution of a copy."""
        copy = folder / "copy"
        copy.mkdir(parents=True)
        for path in PROJECT.iterdir():
            if path.is_file():
                shutil.copy(path, copy)
        for name in FOLDERS:
            shutil.copytree(PROJECT / name, copy / name, ignore=MADE)
        program = "from setuptools.build_meta import build_sdist; build_sdist('..')"
        made = subprocess.run([sys.executable, "-c", program], cwd=copy, capture_output=True)
        self.assertEqual(made.returncode, 0, made.stderr)
        (archive,) = folder.glob("*.tar.gz")
        shutil.unpack_archive(archive, folder, filter="data")
        WheelTests.source = folder / f"mcproxy_igmp-{__version__}"
        options = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet")
        self.call(sys.executable, "-m", "pip", "wheel", *options, "-w", folder, self.source)
        (wheel,) = folder.glob("*.whl")
        return wheel

    def install(self, environment: Path) -> Path:
        """A virtual environment with the wheel, and with what it needs from this one."""
        venv.create(environment, with_pip=False, symlinks=True)
        python = environment / "bin/python"
        options = ("--no-deps", "--no-index", "--quiet")
        self.call(sys.executable, "-m", "pip", "--python", python, "install", *options, self.wheel)
        (packages,) = environment.glob("lib/python*/site-packages")
        (packages / "needed.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
        return environment

    def call(self, *command: str | Path) -> str:
        """The standard output of a command that must succeed and say nothing else."""
        environment = {key: os.environ[key] for key in os.environ if key != "PYTHONPATH"}
        done = subprocess.run(
            [str(word) for word in command],
            cwd="/",
            env={
                **environment,
                "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                "PIP_ROOT_USER_ACTION": "ignore",
            },
            capture_output=True,
            text=True,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout

    def twistd_help(self) -> str:
        code = "from twisted.scripts.twistd import run; run()"
        return self.call(self.environment / "bin/python", "-c", code, "--help")

    def test_source_distribution_has_every_file_of_the_folders(self) -> None:
        wanted = {path for name in FOLDERS for path in (self.source / "../copy" / name).rglob("*")}
        files = {
            str(path.relative_to(self.source / "../copy")) for path in wanted if path.is_file()
        }
        missing = {name for name in files if not (self.source / name).is_file()}
        self.assertEqual(missing, set())
        for name in ("LICENSE", "Makefile", "README.rst", "noxfile.py", "pyproject.toml"):
            self.assertTrue((self.source / name).is_file(), name)

    def test_tests_pass_in_the_unpacked_source_distribution(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "tests", *CHECKED_THERE],
            cwd=self.source,
            capture_output=True,
            text=True,
        )
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"\n[1-9]\d* passed, 0 failed\n$")

    def test_wheel_says_that_it_is_typed(self) -> None:
        self.assertIn("mcproxy/py.typed", zipfile.ZipFile(self.wheel).namelist())

    def test_wheel_has_all_modules_and_no_tests(self) -> None:
        names = zipfile.ZipFile(self.wheel).namelist()
        tops = {name.partition("/")[0] for name in names}
        self.assertEqual(tops, {"mcproxy", "twisted", f"mcproxy_igmp-{__version__}.dist-info"})
        plugin = [name for name in names if name.startswith("twisted/")]
        self.assertEqual(plugin, ["twisted/plugins/mcproxy_plugin.py"])
        shipped = {name for name in names if name.startswith("mcproxy/")}
        modules = {str(path.relative_to(PROJECT)) for path in PROJECT.glob("mcproxy/**/*.py")}
        pages = {str(path.relative_to(PROJECT)) for path in PROJECT.glob("mcproxy/**/page/*")}
        self.assertGreater(len(pages), 1)
        self.assertEqual((modules | pages) - shipped, set())

    def test_extra_for_the_manhole_is_what_its_error_message_names(self) -> None:
        """The extra cannot be named there: the package is not on PyPI, and "mcproxy" is another."""
        (name,) = (n for n in zipfile.ZipFile(self.wheel).namelist() if n.endswith("/METADATA"))
        metadata = message_from_bytes(zipfile.ZipFile(self.wheel).read(name))
        self.assertEqual(metadata["Name"], "mcproxy-igmp")
        extras = [line for line in metadata.get_all("Requires-Dist", []) if "manhole" in line]
        self.assertEqual([line.partition(">")[0] for line in extras], ["twisted[conch]"])

    def test_installed_twistd_lists_mcproxy(self) -> None:
        lines = [line.split() for line in self.twistd_help().splitlines()]
        self.assertIn("mcproxy", [words[0] for words in lines if words])

    def test_twistd_is_silent_if_it_cannot_write_its_plugin_cache(self) -> None:
        (cache,) = self.environment.glob("lib/python*/site-packages/twisted/plugins")
        (cache / "dropin.cache").unlink(missing_ok=True)
        (cache / "dropin.cache").mkdir()  # keeps out root too
        self.addCleanup((cache / "dropin.cache").rmdir)
        self.assertIn(" mcproxy ", self.twistd_help())

    def test_installed_program_runs(self) -> None:
        program = self.environment / "bin/mcproxy"
        self.assertEqual(self.call(program, "--version"), f"mcproxy {__version__}\n")
        self.assertIn("--config", self.call(program, "run", "--help"))
        python = self.environment / "bin/python"
        where = self.call(python, "-c", "import mcproxy.tap; print(mcproxy.tap.__file__)")
        self.assertTrue(where.startswith(str(self.environment)), where)
