"""``/metrics`` where prometheus-client is missing."""

from __future__ import annotations

import sys
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.model import Configuration, HttpConfig
from mcproxy.control.machine import look
from mcproxy.control.metrics import library, path
from mcproxy.control.paths import Get

CURE = f"{sys.executable} -m pip install prometheus-client"


class MissingLibraryTests(SynchronousTestCase):
    def hide(self) -> None:
        """Have the library be missing."""
        self.patch(library, "MODULE", "prometheus_client_that_is_missing")

    def test_answer_says_which_package_is_missing_and_how_to_install_it(self) -> None:
        self.hide()
        nothing: Any = None
        answer = path.answer(Get(nothing, nothing))
        self.assertEqual(answer.status, 501)
        text = b"".join(answer.pieces()).decode()
        self.assertIn("prometheus-client, which is missing", text)
        self.assertIn(CURE, text)

    def test_check_warns_of_it_where_http_is_configured(self) -> None:
        with_http = Configuration((), http=HttpConfig())
        self.assertEqual(list(look(with_http)), [])
        self.hide()
        [found] = look(with_http)
        self.assertFalse(found.refuses)
        self.assertIn("http: metrics need the Python package prometheus-client", str(found.mistake))
        self.assertIn(CURE, str(found.mistake))
        self.assertEqual(list(look(Configuration(()))), [])
