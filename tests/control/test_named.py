"""Names in a request to the control API."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.control.named import check_names
from mcproxy.control.requests import BadRequestError


def instance(name: str, upstreams: tuple[str, ...], downstreams: tuple[str, ...]) -> Any:
    planned = SimpleNamespace(
        instance=name, upstreams=upstreams, downstreams=SimpleNamespace(names=downstreams)
    )
    return SimpleNamespace(name=f"{name}/ipv4", planned=planned, downstreams={"lan1": None})


class NameTests(SynchronousTestCase):
    def setUp(self) -> None:
        monitor = SimpleNamespace(links={"eth0": None})
        self.proxy: Any = SimpleNamespace(
            instances=[instance("tv", ("wan",), ("lan*",))], monitor=monitor
        )

    def test_name_that_is_configured_or_exists_is_accepted(self) -> None:
        for query in ("", "instance=tv&instance=tv/ipv4", "group=239.1.1.1&interface=eth0"):
            self.assertIsNone(check_names(self.proxy, query))
        for name in ("wan", "lan*", "lan1", "eth0"):
            self.assertIsNone(check_names(self.proxy, f"interface={name}"))

    def test_unknown_name_is_told_with_the_nearest_or_all_names(self) -> None:
        for query, told in (
            ("instance=tvv", "there is no instance 'tvv'; did you mean tv?"),
            ("instance=phone", "there is no instance 'phone'; the configured ones are: tv"),
            ("interface=wann", "there is no interface 'wann'; did you mean wan?"),
            ("interface=zz", "the configured ones are: lan*, lan1, wan"),
        ):
            error = self.assertRaises(BadRequestError, check_names, self.proxy, query)
            self.assertIn(told, str(error))
