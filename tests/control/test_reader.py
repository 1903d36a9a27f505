"""Requests that only read, and what the HTTP endpoint does not accept of them."""

from __future__ import annotations

import json
import sys
from types import ModuleType
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from mcproxy.control import paths, reader
from mcproxy.control.answers import Answer
from mcproxy.control.explaining import MOST_CAPTURES, Explainer
from mcproxy.control.late_connection import Imports
from mcproxy.control.paths import Get
from mcproxy.control.reader import Reader
from mcproxy.control.requests import ApiRequest, BadRequestError


def value(answer: Answer) -> Any:
    return json.loads(b"".join(answer.pieces()))


class ReaderTestCase(TestCase):
    is_public = True

    def setUp(self) -> None:
        self.reader = self.make_reader()

    def make_reader(self) -> Reader:
        proxy: Any = object()
        return Reader(proxy, Clock(), self.is_public)

    def ask(self, target: str, method: str = "GET", **headers: str) -> Deferred[Answer]:
        values = {name: [value] for name, value in headers.items()}
        return self.reader.handle(ApiRequest(method, target, b"", values))


class MethodTests(ReaderTestCase):
    async def test_only_get_and_head_are_known(self) -> None:
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", ""):
            answer = await self.ask("/log-level", method)
            self.assertEqual(answer.status, 405, method)
            self.assertEqual(answer.headers, {"Allow": "GET, HEAD"})
            self.assertEqual(value(answer), {"error": "/log-level needs the method GET"})
        for method in ("GET", "HEAD"):
            self.assertEqual((await self.ask("/log-level", method)).status, 200)

    async def test_paths_that_change_something_are_unknown(self) -> None:
        for path in ("/reload", "/add", "/remove", "/move", "/restart", "/clear"):
            answer = await self.ask(path, "POST")
            self.assertEqual(answer.status, 404)
            self.assertNotIn("/reload,", value(answer)["error"])


class ExplanationTestCase(ReaderTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.explaining: list[Deferred[dict[str, object]]] = []
        self.patch(Explainer, "answer", self.explain)

    def explain(self, query: str) -> Deferred[dict[str, object]]:
        self.explaining.append(Deferred())
        return self.explaining[-1]


class ExplainTests(ExplanationTestCase):
    async def test_public_client_cannot_start_a_long_capture(self) -> None:
        for query in ("group=239.1.1.1&capture=1", "capture=", "capture=0.1&group=x"):
            answer = await self.ask(f"/explain?{query}")
            self.assertEqual(answer.status, 403)
            self.assertIn("only the control socket takes it", value(answer)["error"])
        self.assertEqual(self.explaining, [])

    async def test_public_clients_leave_explanations_to_the_control_socket(self) -> None:
        asked = [self.ask("/explain?group=239.1.1.1") for _ in range(MOST_CAPTURES)]
        self.assertEqual(len(self.explaining), MOST_CAPTURES // 2)
        self.assertEqual((await asked[-1]).status, 400)
        self.explaining[0].callback({})
        self.assertEqual((await asked[0]).status, 200)
        self.explaining[1].errback(BadRequestError("no"))
        self.assertEqual((await asked[1]).status, 400)
        again = self.ask("/explain?group=239.1.1.1")
        self.explaining[2].callback({})
        self.assertEqual((await again).status, 200)


class LocalExplainTests(ExplanationTestCase):
    is_public = False

    async def test_local_client_can_start_a_long_capture(self) -> None:
        asked = self.ask("/explain?group=239.1.1.1&capture=9")
        self.explaining[0].callback({"group": "239.1.1.1"})
        self.assertEqual(value(await asked), {"group": "239.1.1.1"})

    async def test_local_clients_have_all_explanations(self) -> None:
        for _ in range(MOST_CAPTURES):
            self.ask("/explain?group=239.1.1.1")
        self.assertEqual(len(self.explaining), MOST_CAPTURES)


class ModuleTests(ReaderTestCase):
    """Paths that modules of their own answer."""

    NAME = "mcproxy_path_of_a_test"

    def make_reader(self) -> Reader:
        self.module: Any = ModuleType(self.NAME)
        self.patch(paths, "PATHS", {"/mine": self.NAME})
        self.patch(reader, "PATHS", paths.PATHS)
        self.patch(reader, "_imports", {"/mine": Imports((self.NAME,))})
        sys.modules[self.NAME] = self.module
        self.addCleanup(sys.modules.pop, self.NAME)
        return super().make_reader()

    async def test_module_gets_query_and_accept_header(self) -> None:
        self.module.answer = lambda get: Answer([get.query, get.accept])
        answer = await self.ask("/mine?a=b?c", accept="text/html")
        self.assertEqual(value(answer), ["a=b?c", "text/html"])

    async def test_module_may_answer_later(self) -> None:
        async def later(get: Get) -> Answer:
            return Answer({"daemon": get.proxy is not None})

        self.module.answer = later
        self.assertEqual(value(await self.ask("/mine")), {"daemon": True})

    async def test_query_that_the_module_refuses_is_an_error(self) -> None:
        def refuse(get: Get) -> Answer:
            raise BadRequestError("group: no address")

        self.module.answer = refuse
        answer = await self.ask("/mine")
        self.assertEqual((answer.status, value(answer)), (400, {"error": "group: no address"}))

    async def test_error_of_the_module_is_an_internal_error(self) -> None:
        def fail(get: Get) -> Answer:
            raise KeyError("of ours")

        self.module.answer = fail
        self.assertEqual((await self.ask("/mine")).status, 500)
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)

    async def test_module_that_cannot_be_imported_is_an_internal_error(self) -> None:
        self.patch(reader, "_imports", {"/mine": Imports(("no_such_module_of_a_test",))})
        self.assertEqual((await self.ask("/mine")).status, 500)
        self.assertEqual(len(self.flushLoggedErrors(ModuleNotFoundError)), 1)
