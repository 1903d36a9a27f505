"""The web page in Chromium, with a real daemon and real streams."""

from __future__ import annotations

from mcproxy.lab.waiting import wait_until

from .browser import Keys
from .messages import TO_EX, Report, record, send_message
from .page import HTTP, PageScenarios
from .site import DOWN1, IPv4TestCase, IPv6TestCase, addresses

MANY = 2000

ODD = "<img>"
"""The name of an interface, which a page must not take for markup."""


class SharedPageScenarios(PageScenarios):
    def test_joins_streams_and_faults_are_seen_and_explained(self) -> None:
        self.show()
        good, broken = self.groups[:2]
        self.server.stream(good, rate=200, source=self.source)
        self.home.join(good)
        self.browser.await_text("#event-list", f"joined {good}", 1)
        self.await_row(good, timeout=2)
        self.await_row(good, "forwarding", "up", "down1", "bit/s")
        lines = f"{self.picture} .lines .line.good"
        wait_until(lambda: self.browser.count(lines) == 4, 5, "no line from source to host")
        self.assertEqual(self.browser.count(f"{self.picture} .breaks .mark"), 0)

        self.server.stream(broken, rate=200, source=self.source, ttl=1)
        self.home.join(broken)
        word = "TTL" if self.family.name == "ipv4" else "hop limit"
        reason = f"arrives with {word} 1, not forwarded"
        self.await_row(broken, "ttl", reason)
        self.assertIn(reason, self.browser.text("#impairments"))
        self.browser.await_count(f"{self.picture} .breaks .mark", 1)
        self.assertIn("1 broken", self.browser.text(f"{self.picture} summary"))
        self.assertEqual(self.browser.run("return document.title"), "(1) mcproxy")

        self.browser.element("#flow-rows button").click()  # faults come first
        self.browser.await_text("#explanation-text", f"{word} 1")
        self.assertIn(broken, self.browser.text("#explanation-title"))
        self.assertEqual(self.browser.violations(), [])
        self.browser.press(Keys.ESCAPE)
        self.browser.await_count("#explanation[open]", 0)
        self.assertEqual(self.browser.focused(), broken)


class PageIPv4Tests(SharedPageScenarios, IPv4TestCase):
    def test_2000_flows_stay_usable(self) -> None:
        self.show()
        groups = [f"239.5.{number // 250}.{number % 250}" for number in range(MANY)]
        host = self.home.raw_host()
        for start in range(0, MANY, 100):
            records = tuple(record(TO_EX, group) for group in groups[start : start + 100])
            send_message(host, self.plan.at(DOWN1, 2), Report(records))
        self.browser.await_text("#flow-count", "2,000 flows", 30)
        self.assertEqual(self.browser.count("#flow-rows tr"), 50)
        self.browser.element("#flow-after").click()
        self.assertEqual(self.browser.text("#flow-page"), "Page 2 of 40")
        self.browser.element("#flow-filter").send_keys(groups[1234])
        self.browser.await_text("#flow-count", "1 of 2,000 flows")
        self.assertIn("silent", self.row(groups[1234]))
        self.browser.element("#flow-filter").clear()
        self.browser.element("#flow-filter").send_keys("239.9")
        self.browser.await_count("#flow-rows tr", 0)
        self.assertEqual(self.browser.text("#flow-page"), "Page 1 of 1")
        self.browser.element("#flow-filter").clear()
        self.browser.element("#flow-filter").send_keys(Keys.SPACE)
        self.browser.await_count("#flow-rows tr", 50)
        self.assertLess(self.browser.count("*"), 5000)

    def test_page_can_be_used_by_everybody(self) -> None:
        """On a telephone, in dark and light, with a keyboard, with a screen reader."""
        self.lab.link(self.other, "eth9", self.proxy, ODD, (), addresses(9, 1))
        self.show(f'{HTTP}[instance.tv]\nupstream = "up"\ndownstream = ["down1", "{ODD}"]\n')
        self.server.stream(self.group, rate=50, source=self.source, ttl=1)
        self.home.join(self.group)
        self.home.join(self.groups[1])
        self.await_row(self.group, "ttl")
        self.browser.await_text(f"{self.picture} .nodes", ODD)
        self.assertEqual(self.browser.count("img"), 0)
        for scheme in ("light", "dark"):
            for width in (1200, 360):
                self.open(width, prefers_color_scheme=scheme)
                self.await_row(self.group, "ttl")
                self.assertEqual(self.browser.violations(), [], f"{scheme} {width}")
                scrolled = "return document.documentElement.scrollWidth - innerWidth"
                self.assertLessEqual(self.browser.run(scrolled), 0, f"{scheme} {width}")
        self.check_keyboard()

    def check_keyboard(self) -> None:
        """All that a user can do, from the top of the page, by the keyboard alone."""
        self.open(prefers_reduced_motion="reduce")
        self.await_row(self.group, "ttl")
        self.assertEqual(self.browser.count("body.moving"), 0)
        found: list[str] = []
        for _ in range(40):
            self.browser.press(Keys.TAB)
            found.append(self.browser.focused())
            if found[-1] == "event-list":
                break
        self.assertEqual(found[0], "Skip to the content")
        expected = (self.group, "flow-filter", "flow-health", "explain-group", "State", "Group")
        self.assertEqual([one for one in expected if one not in found], [], found)
        self.assertEqual(found[-3:], ["event-filter", "event-level", "event-list"])

    def test_page_connects_again_after_a_restart_of_the_daemon(self) -> None:
        self.expected_levels = (["info"], ["warn"])
        self.show()
        self.home.join(self.group)
        self.await_row(self.group, "silent")
        self.daemon.command("restart")
        self.browser.await_text("#connection", "Live")
        self.await_row(self.group, "silent")
        self.daemon.terminate()
        self.browser.await_text("#connection", "No connection")
        self.assertEqual(self.browser.count("#lost:not([hidden])"), 1)
        self.assertIn("tries again by itself", self.browser.text("#lost"))
        self.await_row(self.group, "silent")
        self.start(HTTP + '[instance.radio]\nupstream = "up"\ndownstream = ["down1"]\n')
        self.browser.await_text("#connection", "Live", 20)
        self.browser.await_text("#pictures", "radio/ipv4")
        self.assertEqual(self.browser.count("#lost[hidden]"), 1)
        self.assertNotIn("tv/ipv4", self.browser.text("#pictures"))


class PageIPv6Tests(SharedPageScenarios, IPv6TestCase):
    """Streams of IPv6."""
