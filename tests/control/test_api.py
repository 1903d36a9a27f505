"""The control API: requests, and the status of their answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.diff import Difference
from mcproxy.config.errors import ConfigurationError, Mistake
from mcproxy.config.model import Configuration
from mcproxy.config.native.toml import parse
from mcproxy.control.api import Api
from mcproxy.control.changes import Outcome
from mcproxy.control.requests import ApiRequest
from mcproxy.linux.mroute.errors import NotPermitted, TableInUse

CONFIGURATION = parse('[instance.a]\nupstream = "up"\ndownstream = ["eth1", "eth2"]\n')

Make = Callable[[Configuration], Configuration]


class FakeChanges:
    """Keeps what a change would make, and answers what the test says."""

    def __init__(self) -> None:
        self.made: Configuration | None = None
        self.saved = False
        self.answer: Deferred[Outcome] = succeed(
            Outcome([Difference("x", "y added")], ["tv/ipv4: stop"], ["a note"])
        )

    def reload(self, dry_run: bool = False) -> Deferred[Outcome]:
        return self.answer

    def change(self, make: Make, save: bool = False) -> Deferred[Outcome]:
        self.made, self.saved = make(CONFIGURATION), save
        return self.answer


class ApiTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.changes: Any = FakeChanges()
        self.api = Api(None, self.changes, Clock())  # type: ignore[arg-type]

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Status and value of an answer."""
        written = b"" if body is None else json.dumps(body).encode()
        answer = self.successResultOf(self.api.handle(ApiRequest(method, path, written)))
        return answer.status, json.loads(b"".join(answer.pieces()))

    def links(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        assert self.changes.made is not None
        instance = self.changes.made.instances[-1]
        return instance.upstreams, instance.downstream

    def test_answer_lists_the_changes(self) -> None:
        done = {
            "changes": [{"where": "x", "what": "y added"}],
            "steps": ["tv/ipv4: stop"],
            "notes": ["a note"],
        }
        self.assertEqual(self.ask("POST", "/reload"), (200, done))

    def test_change_of_which_a_step_failed_is_an_error_that_names_the_step(self) -> None:
        """And says what was changed all the same."""
        failures = ["tv/ipv4: stop: ValueError()"]
        self.changes.answer = succeed(Outcome([Difference("x", "y added")], (), (), failures))
        requests = {
            "/reload": None,
            "/add": {"instance": "a", "downstream": "eth3"},
            "/remove": {"instance": "a", "downstream": "eth2"},
            "/move": {"interface": "eth1", "to": "a"},
        }
        for path, request in requests.items():
            status, answer = self.ask("POST", path, request)
            self.assertEqual(status, 500)
            self.assertIn("tv/ipv4: stop: ValueError()", answer["error"])
            self.assertIn("mcproxy restart", answer["error"])
            self.assertEqual(answer["failures"], failures)
            self.assertEqual(answer["changes"], [{"where": "x", "what": "y added"}])

    def test_each_path_makes_its_change(self) -> None:
        table = {"upstream": "up", "downstream": ["eth3"]}
        for path, request, links in (
            ("/add", {"instance": "b", "table": table}, (("up",), ("eth3",))),
            ("/add", {"instance": "a", "downstream": "eth3"}, (("up",), ("eth1", "eth2", "eth3"))),
            ("/add", {"instance": "a", "upstream": "up2"}, (("up", "up2"), ("eth1", "eth2"))),
            ("/remove", {"instance": "a", "downstream": "eth2"}, (("up",), ("eth1",))),
            ("/move", {"interface": "eth1", "to": "a"}, (("up",), ("eth1", "eth2"))),
        ):
            self.assertEqual(self.ask("POST", path, request | {"save": True})[0], 200)
            self.assertEqual(self.links(), links)
            self.assertTrue(self.changes.saved)

    def test_unknown_path_or_wrong_method_is_an_error(self) -> None:
        status, answer = self.ask("GET", "/nothing")
        self.assertEqual(status, 404)
        self.assertIn("unknown path /nothing; the paths are /status, ", answer["error"])
        self.assertEqual(self.ask("GET", "/reload")[0], 405)
        self.assertEqual(self.ask("POST", "/status")[0], 405)

    def test_filter_of_a_view_that_is_unknown_or_bad_is_an_error(self) -> None:
        proxy: Any = SimpleNamespace(instances=[], timer=SimpleNamespace(now=lambda: 0.0))
        proxy.monitor = SimpleNamespace(links={})
        self.api = Api(proxy, self.changes, Clock())
        for target, text in (
            ("/groups?colour=red", "unknown filter 'colour' for this view; its filters are family"),
            ("/interfaces?group=239.1.1.1", "unknown filter 'group'"),
            ("/config?family=4", "this view has no filters"),
            ("/hosts?family=5", "family: '5' is not a family"),
            ("/status?group=x", "unknown filter 'group'"),
        ):
            status, answer = self.ask("GET", target)
            self.assertEqual((status, text in answer["error"]), (400, True), answer)
        self.assertEqual(
            self.ask("GET", "/groups?family=4&group=239.0.0.0/8&group=ff15::1")[0], 200
        )

    def test_malformed_request_is_an_error_and_changes_nothing(self) -> None:
        for path, request, text in (
            ("/add", [], "is not a table"),
            ("/add", {"instance": 7}, "instance: 7 is not text"),
            (
                "/add",
                {"instance": "a", "downstream": "x", "upstream": "y"},
                'exactly one of "table", "upstream" and "downstream"',
            ),
            ("/remove", {}, 'must name an "instance"'),
        ):
            status, answer = self.ask("POST", path, request)
            self.assertEqual(status, 400)
            self.assertIn(text, answer["error"])
        self.assertIsNone(self.changes.made)

    def test_refused_change_answers_status_and_reason(self) -> None:
        refused = ConfigurationError([Mistake("", "instance.a", "no such thing")])
        for error, expected in (
            (refused, 409),
            (TableInUse("taken"), 409),
            (OSError("no socket"), 409),
            (NotPermitted("no right"), 403),
            (PermissionError("no right"), 403),
        ):
            self.changes.answer = fail(error)
            self.assertEqual(self.ask("POST", "/reload"), (expected, {"error": str(error)}))

    def test_internal_error_is_answered_and_logged(self) -> None:
        self.changes.answer = fail(KeyError("oops"))
        status, answer = self.ask("POST", "/reload")
        self.assertEqual(status, 500)
        self.assertIn("internal error: KeyError('oops'); see the daemon's log", answer["error"])
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)
