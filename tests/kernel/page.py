"""A site whose daemon serves the web page, and the browser that shows it."""

from __future__ import annotations

from mcproxy.lab.daemon import Daemon

from .browser import PORT, Browser, browser
from .relay import Relay
from .site import Scenarios

HTTP = f'[http]\nlisten = "127.0.0.1:{PORT}"\n'

CONFIG = f"""
{HTTP}
[instance.tv]
upstream = "up"
downstream = ["down1", "down2"]
"""


class PageScenarios(Scenarios):
    """The page must cause no error and violate no policy in any test."""

    browser: Browser

    def show(self, config: str = CONFIG, **media: str) -> Daemon:
        """Start the daemon, open the page, and wait until it is connected."""
        daemon = self.start(config)
        self.browser = browser()
        relay = Relay(self.browser.node.namespace, self.proxy.namespace, PORT)
        self.addCleanup(relay.close)
        self.addCleanup(self.browser.leave)
        self.browser.open(**media)
        self.addCleanup(self.check_log)
        self.browser.await_text("#connection", "Live")
        return daemon

    def check_log(self) -> None:
        """Check that the browser has nothing to complain about, except lost connections."""
        bad = [line for line in self.browser.take_log() if "/live - Failed to load" not in line]
        self.assertEqual(bad, [])

    def row(self, group: str) -> str:
        """What the table of flows says of a group; empty if it is not there."""
        return str(
            self.browser.run(
                "return [...document.querySelectorAll('#flow-rows tr')].map((one) => one.innerText)"
                ".find((text) => text.includes(arguments[0])) || ''",
                group,
            )
        )
