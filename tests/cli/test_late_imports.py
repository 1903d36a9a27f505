"""Stand-ins for modules that Twisted imports and the daemon does not use."""

from __future__ import annotations

import subprocess
import sys

from twisted.trial.unittest import SynchronousTestCase

from .support import PROJECT

_PROLOGUE = """
import sys
from mcproxy.cli.late_imports import LATE, WITHOUT, late_imports
with late_imports():
    import twisted.internet.reactor
"""


class LateImportsTests(SynchronousTestCase):
    def check(self, program: str) -> None:
        """Run ``program`` in a new Python, whose assertions must hold."""
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _PROLOGUE + program],
            cwd=PROJECT,
            capture_output=True,
            text=True,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_modules_are_not_imported_with_the_reactor(self) -> None:
        self.check("assert not {*LATE, *WITHOUT, '_ssl', 'OpenSSL'} & set(sys.modules)")

    def test_pyopenssl_is_left_out_for_a_time(self) -> None:
        self.check(
            "with late_imports():\n"
            "    try:\n"
            "        import OpenSSL\n"
            "    except ImportError as error:\n"
            "        assert 'None in sys.modules' in str(error), error\n"
            "    else:\n"
            "        raise AssertionError('imported')\n"
            "assert 'OpenSSL' not in sys.modules"
        )

    def test_first_use_of_a_stand_in_imports_the_module(self) -> None:
        self.check(
            "from twisted.python.compat import cookielib\n"
            "made = cookielib.CookieJar()\n"
            "import http.cookiejar\n"
            "assert type(made) is http.cookiejar.CookieJar"
        )

    def test_later_import_gets_the_module_itself(self) -> None:
        self.check(
            "import ssl, http.cookiejar\n"
            "from asyncio import sslproto\n"
            "assert ssl.create_default_context and sslproto.SSLProtocol\n"
            "assert ssl.__file__ and sslproto.__file__ and http.cookiejar.__file__"
        )

    def test_asyncio_uses_tls_as_before(self) -> None:
        self.check(
            "import asyncio\n"
            "async def connect():\n"
            "    await asyncio.open_connection('127.0.0.1', 1, ssl=True)\n"
            "try:\n"
            "    asyncio.run(connect())\n"
            "except ConnectionRefusedError:\n"
            "    pass"
        )

    def test_unknown_name_is_an_attribute_error_of_the_module(self) -> None:
        self.check(
            "from twisted.python.compat import cookielib\n"
            "assert not hasattr(cookielib, 'nothing')\n"
            "assert 'http.cookiejar' in sys.modules"
        )

    def test_modules_that_are_there_stay(self) -> None:
        self.check("import ssl\nwith late_imports():\n    import ssl as again\nassert again is ssl")
