"""Tests with other interpreters and other versions of the libraries: ``make versions``.

``nox --session lowest`` tests the lowest versions that setup.py allows, with the tests of what
stands upon libraries. The other sessions run all tests that need no network namespace. Name others
after ``--``, as in ``nox --session lowest -- tests.kernel.test_restart``. An interpreter that this
machine lacks is left out, and nox says so.
"""

import ast
from pathlib import Path

import nox

nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]

NEED_NAMESPACES = {"kernel", "lab"}
"""Folders of tests that run in network namespaces."""

NO_TESTS = {"benchmarks"}

ON_LIBRARIES = [
    *("tests.control", "tests.linux", "tests.restart", "tests.routing"),
    *("tests.config.native", "tests.config.foreign", "tests.cli.test_run"),
    *("tests.test_logs", "tests.test_proxy", "tests.test_reconfigure", "tests.test_tap"),
]
"""Tests of what stands upon the libraries; the rest is the same with every version of them."""

# Libraries of the libraries, which have changed since: the versions of Debian 12 too.
BELOW = ["zope.interface==5.5.2", "cryptography==38.0.4", "bcrypt==3.2.2"]


def modules(without: set[str]) -> list[str]:
    """Return the names of the modules and packages of tests, without some folders."""
    found = [path for path in Path("tests").glob("test_*.py") if path.stem != "test_packaging"]
    found += [path.parent for path in Path("tests").glob("*/__init__.py")]
    return [f"tests.{path.stem}" for path in sorted(found) if path.name not in without]


def requirements(name: str) -> list[str]:
    """Return the list ``install_requires`` of setup.py, or another list by its name."""
    for node in ast.walk(ast.parse(Path("setup.py").read_text("utf-8"))):
        if isinstance(node, ast.keyword) and node.arg == name:
            return ast.literal_eval(node.value)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            constants = [each for each in node.value.elts if isinstance(each, ast.Constant)]
            return [each.value for each in constants]
    raise LookupError(name)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Test with the newest libraries that the interpreter can have."""
    session.install("--quiet", ".[test]")
    names = session.posargs or modules(NEED_NAMESPACES | NO_TESTS)
    session.run("python", "-m", "tests", "--jobs", "2", *names)


@nox.session
def lowest(session: nox.Session) -> None:
    """Test with the lowest versions of the libraries that setup.py allows."""
    needed = [*requirements("install_requires"), *requirements("MANHOLE")]
    pinned = [each.replace(">=", "==") for each in needed]
    session.install("--quiet", *pinned, *BELOW, *requirements("TEST"))
    names = session.posargs or ON_LIBRARIES
    session.run("python", "-m", "tests", "--jobs", "2", *names)
