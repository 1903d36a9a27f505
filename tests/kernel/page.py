"""A site whose daemon serves the web page, and the browser that shows it."""

from __future__ import annotations

from mcproxy.lab.daemon import Daemon
from mcproxy.lab.waiting import wait_until

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

_LOST = ("ERR_CONNECTION", "ERR_SOCKET", "ERR_EMPTY_RESPONSE", "ERR_INCOMPLETE_CHUNKED")
"""In a line of the browser's log: the daemon was not there."""


class PageScenarios(Scenarios):
    """The page must cause no error and violate no policy in any test."""

    browser: Browser

    def show(self, config: str = CONFIG) -> Daemon:
        """Start the daemon, open the page, and wait until it is connected."""
        self.browser = browser()
        daemon = self.start(config)
        relay = Relay(self.browser.node.namespace, self.proxy.namespace, PORT)
        self.addCleanup(relay.close)
        self.addCleanup(self.browser.leave)
        self.addCleanup(self.check_log)
        self.open()
        return daemon

    def open(self, width: int = 1200, height: int = 900, **media: str) -> None:
        """Load the page, and wait until it is connected."""
        self.browser.open(width, height, **media)
        self.browser.await_text("#connection", "Live")

    def check_log(self) -> None:
        """Check that the browser has nothing to complain about, except lost connections."""
        log = self.browser.take_log()
        self.assertEqual([line for line in log if not any(one in line for one in _LOST)], [])

    # -- what the page shows

    @property
    def picture(self) -> str:
        """The selector of the instance's picture."""
        return f'#pictures [data-key="tv/{self.family.name}"]'

    def row(self, group: str) -> str:
        """What the table of flows says of a group; empty if it is not there."""
        return str(
            self.browser.run(
                "return [...document.querySelectorAll('#flow-rows tr')].map((one) => one.innerText)"
                ".find((text) => text.includes(arguments[0])) || ''",
                group,
            )
        )

    def await_row(self, group: str, *parts: str, timeout: float = 10) -> None:
        """Wait until the row of a group has all these parts; AssertionError with the row."""
        try:
            wait_until(lambda: all(part in self.row(group) for part in parts), timeout)
        except AssertionError:
            raise AssertionError(f"{parts} are not in {self.row(group)!r}") from None
