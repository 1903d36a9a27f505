"""The files of the page: which are served, and how."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control.answers import Answer
from mcproxy.control.paths import PAGE_FILES, Get
from mcproxy.control.web.files import POLICY, answer

FOLDER = files("mcproxy.control.web").joinpath("page")


class FileTests(SynchronousTestCase):
    def ask(self, path: str) -> Answer:
        proxy: Any = None
        return answer(Get(proxy, Clock(), path=path))

    def test_paths_are_those_of_the_files(self) -> None:
        self.assertEqual(sorted(PAGE_FILES.values()), sorted(one.name for one in FOLDER.iterdir()))

    def test_each_file_has_its_type_and_the_policy(self) -> None:
        types = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/"}
        for path, name in PAGE_FILES.items():
            got = self.ask(path)
            self.assertIn(types[name.rpartition(".")[2]], got.content_type)
            self.assertEqual(got.headers, {"Content-Security-Policy": POLICY})
            self.assertEqual(b"".join(got.pieces()), FOLDER.joinpath(name).read_bytes())

    def test_policy_allows_nothing_but_the_daemon_itself(self) -> None:
        self.assertIn("default-src 'none'", POLICY)
        # default-src does not cover these.
        for rule in ("base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"):
            self.assertIn(rule, POLICY)
        self.assertIn("require-trusted-types-for 'script'", POLICY)
        sources = set(re.findall(r"-src ([^;]*)", POLICY))
        self.assertEqual(sources, {"'none'", "'self'"})

    def test_files_name_only_files_that_are_served(self) -> None:
        for path in FOLDER.iterdir():
            text = path.read_text(encoding="utf-8")
            self.assertNotRegex(text, r"https?://(?!www\.w3\.org/2000/svg)", path.name)
            for name in re.findall(r'from "\./([^"]+)"', text):
                self.assertIn(f"/page/{name}", PAGE_FILES)
            for name in re.findall(r'(?:href|src)="(page/[^"]+)"', text):
                self.assertIn(f"/{name}", PAGE_FILES)

    def test_no_script_makes_markup_from_text(self) -> None:
        for path in FOLDER.iterdir():
            if path.name.endswith(".js"):
                text = path.read_text(encoding="utf-8")
                found = re.findall(
                    r"innerHTML|outerHTML|insertAdjacentHTML|eval\(|document\.write", text
                )
                self.assertEqual(found, [], path.name)
