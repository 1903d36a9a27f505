"""The web page in Chromium, with a real daemon and real streams."""

from __future__ import annotations

from mcproxy.lab.waiting import wait_until

from .browser import Keys
from .firewall import drop_group
from .page import PageScenarios
from .site import IPv4TestCase, IPv6TestCase


class SharedPageScenarios(PageScenarios):
    def test_join_and_its_stream_are_seen(self) -> None:
        self.show()
        self.server.stream(self.group, rate=200, source=self.source)
        self.home.join(self.group)
        self.browser.await_text("#event-list", f"joined {self.group}", 1)
        wait_until(lambda: self.row(self.group), 2, "the flow is not shown")
        wait_until(lambda: "forwarding" in self.row(self.group), 10)
        self.assertRegex(self.row(self.group), r"up\s+down1")
        wait_until(lambda: "bit/s" in self.row(self.group), 5)
        lines = "#pictures .lines .line.good"
        wait_until(lambda: self.browser.count(lines) >= 4, 5, "no line from source to host")
        self.browser.await_count(f"{self.picture} .node.host", 1)

    @property
    def picture(self) -> str:
        return f'#pictures [data-key="tv/{self.family.name}"]'

    def test_stream_that_ends_before_the_proxy_is_seen_as_broken(self) -> None:
        self.show()
        self.server.stream(self.group, rate=200, source=self.source, ttl=1)
        self.home.join(self.group)
        wait_until(lambda: "ttl" in self.row(self.group), 10, "it is not seen as broken")
        word = "TTL" if self.family.name == "ipv4" else "hop limit"
        reason = f"arrives with {word} 1, not forwarded"
        self.assertIn(reason, self.row(self.group))
        self.assertIn(reason, self.browser.text("#impairments"))
        wait_until(lambda: self.browser.count(f"{self.picture} .breaks .mark") == 1)
        self.assertIn("1 broken", self.browser.text(f"{self.picture} summary"))
        self.assertEqual(self.browser.run("return document.title"), "(1) mcproxy")

    def test_group_is_explained_by_a_click(self) -> None:
        drop_group(self.proxy, "forward", self.group)
        self.show()
        self.server.stream(self.group, rate=200, source=self.source)
        self.home.join(self.group)
        wait_until(lambda: "dropped-after-routing" in self.row(self.group), 10)
        self.browser.element("#flow-rows button").click()
        self.browser.await_text("#explanation", "firewall")
        self.assertIn(f"Explanation of {self.group}", self.browser.text("#explanation-title"))
        self.browser.press(Keys.ESCAPE)
        self.browser.await_count("#explanation[open]", 0)
        self.assertEqual(self.browser.focused(), self.group)


class PageIPv4Tests(SharedPageScenarios, IPv4TestCase):
    """Streams of IPv4."""


class PageIPv6Tests(SharedPageScenarios, IPv6TestCase):
    """Streams of IPv6."""
