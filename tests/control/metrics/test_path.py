"""``/metrics`` where prometheus-client is missing."""

from __future__ import annotations

import sys
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control.metrics import path
from mcproxy.control.paths import Get


class MissingLibraryTests(SynchronousTestCase):
    def test_answer_says_which_package_is_missing_and_how_to_install_it(self) -> None:
        self.patch(path, "_missing", ImportError("No module named 'prometheus_client'"))
        nothing: Any = None
        answer = path.answer(Get(nothing, nothing))
        self.assertEqual(answer.status, 501)
        text = b"".join(answer.pieces()).decode()
        for part in ("prometheus_client", f"{sys.executable} -m pip install prometheus-client"):
            self.assertIn(part, text)
