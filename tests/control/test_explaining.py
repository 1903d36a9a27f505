"""Requests for explanations, and what is refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control import explaining
from mcproxy.control.explaining import (
    LONGEST_CAPTURE,
    MOST_CAPTURES,
    SHORTEST_CAPTURE,
    Explainer,
    ExplainRequest,
    parse_request,
)
from mcproxy.control.requests import BadRequestError
from mcproxy.protocol.family import IPV4, IPV6, packed


class RequestTests(SynchronousTestCase):
    def test_query_string_becomes_a_request(self) -> None:
        found = parse_request(
            "group=232.1.1.1&source=10.0.0.1&interface=lan&instance=tv&capture=10"
        )
        group, source = packed("232.1.1.1"), packed("10.0.0.1")
        self.assertEqual(found, ExplainRequest(IPV4, group, source, "lan", "tv", 10.0))
        found = parse_request("group=ff15::1")
        self.assertEqual((found.family, found.capture), (IPV6, SHORTEST_CAPTURE))

    def test_bad_value_is_refused_with_what_is_expected(self) -> None:
        for query, text in (
            ("", "group: '' does not appear"),
            ("group=x", "(expected: an IP address)"),
            ("group=ff15::1%25eth0", "group: 'ff15::1%eth0' names an interface; give that"),
            ("group=10.0.0.1", "group: 10.0.0.1 is no multicast address (expected: one of 224"),
            ("group=239.1.1.1&source=fd00::1", "source: fd00::1 cannot be a source of 239.1.1.1"),
            ("group=239.1.1.1&source=239.1.1.2", "cannot be a source"),
            ("group=239.1.1.1&capture=0", "capture: '0' is not a number of seconds"),
            (f"group=239.1.1.1&capture={LONGEST_CAPTURE + 1}", "at most 45"),
            ("group=239.1.1.1&capture=nan", "capture: 'nan'"),
            ("group=239.1.1.1&colour=red", "unknown key 'colour'; the keys are group"),
            ("group", "the query string is malformed"),
        ):
            error = self.assertRaises(BadRequestError, parse_request, query)
            self.assertIn(text, str(error), query)


class ExplainerTests(SynchronousTestCase):
    def ask(self, proxy: Any, query: str) -> Deferred[Any]:
        return Deferred.fromCoroutine(Explainer(proxy, Clock()).answer(query))

    def test_instance_that_does_not_exist_is_refused(self) -> None:
        proxy = SimpleNamespace(instances=[])
        error = self.failureResultOf(self.ask(proxy, "group=ff15::1&instance=tv")).value
        self.assertEqual(str(error), "there is no ipv6 instance named tv")

    def test_more_captures_than_threads_are_refused(self) -> None:
        instance = SimpleNamespace(
            family=IPV4, name="tv/ipv4", planned=SimpleNamespace(instance="tv"), downstreams={}
        )
        for _ in range(MOST_CAPTURES):
            self.assertTrue(explaining._free_captures.acquire(blocking=False))
            self.addCleanup(explaining._free_captures.release)
        proxy = SimpleNamespace(instances=[instance])
        error = self.failureResultOf(self.ask(proxy, "group=239.1.1.1")).value
        self.assertIn("4 explanations are being made already", str(error))
