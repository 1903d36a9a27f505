"""The OpenAPI document: valid, and of the paths that there are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator, validate
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control.api import Api
from mcproxy.control.openapi.document import document
from mcproxy.control.openapi.path import answer
from mcproxy.control.paths import Get
from mcproxy.control.reader import Reader
from mcproxy.control.requests import BadRequestError

NOTHING: Any = None


def methods(is_public: bool) -> set[tuple[str, str]]:
    """Method and path of each operation in the document."""
    paths = document(is_public)["paths"]
    return {(method, path) for path, operations in paths.items() for method in operations}


class DocumentTests(SynchronousTestCase):
    def test_document_is_valid(self) -> None:
        for is_public in (True, False):
            validate(document(is_public), cls=OpenAPIV31SpecValidator)
            self.assertEqual(json.loads(json.dumps(document(is_public)))["openapi"], "3.1.0")

    def test_http_endpoint_has_what_it_answers(self) -> None:
        reader = Reader(NOTHING, Clock(), is_public=True)
        self.assertEqual(methods(is_public=True), {("get", path) for path in reader.paths})

    def test_control_socket_has_what_it_answers(self) -> None:
        api = Api(NOTHING, NOTHING, Clock())
        expected = {("get", path) for path in api._reader.paths}
        expected |= {("post", path) for path in api._changing}
        self.assertEqual(methods(is_public=False), expected)

    def test_capture_is_for_the_control_socket(self) -> None:
        for is_public in (True, False):
            explain = document(is_public)["paths"]["/explain"]["get"]
            names = [one["name"] for one in explain["parameters"]]
            self.assertEqual("capture" in names, not is_public)

    def test_bodies_have_the_members_that_are_read(self) -> None:
        body = document(is_public=False)["paths"]["/reload"]["post"]["requestBody"]["content"]
        (schema,) = (one["schema"] for one in body.values())
        self.assertEqual(list(schema["properties"]), ["dry-run"])

    def test_operations_have_names_of_their_own(self) -> None:
        names = list(self.identifiers())
        self.assertEqual(len(names), len(set(names)))

    def identifiers(self) -> Iterator[str]:
        for operations in document(is_public=False)["paths"].values():
            yield from (one["operationId"] for one in operations.values())


class PathTests(SynchronousTestCase):
    def test_answer_is_the_document_of_the_endpoint(self) -> None:
        for is_public in (True, False):
            found = answer(Get(NOTHING, Clock(), is_public=is_public))
            self.assertEqual(json.loads(b"".join(found.pieces())), document(is_public))

    def test_filter_is_refused(self) -> None:
        self.assertRaises(BadRequestError, answer, Get(NOTHING, Clock(), "family=4"))
