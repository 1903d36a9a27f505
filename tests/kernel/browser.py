"""Chromium without a screen, for tests of the web page: one for all tests of a process."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import axe_core_python
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from twisted.trial.unittest import SkipTest

from mcproxy.lab.node import Node
from mcproxy.lab.topology import Lab
from mcproxy.lab.waiting import wait_until

__all__ = ("PORT", "Browser", "Keys", "browser")

PORT = 9464
"""Of the daemon's pages, in its own namespace and in the browser's."""

_PAGE = f"http://127.0.0.1:{PORT}/"
_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # tests run as root, in a container too
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--remote-debugging-pipe",
    "--no-first-run",
)
_AXE = Path(axe_core_python.__file__).with_name("axe.min.js")


@cache
def browser() -> Browser:
    """The browser of this process; SkipTest where a program is missing."""
    lab = Lab()
    made = lab.keep(Browser(lab.node("browser")))
    atexit.register(lab.close)
    return made


class _Driver(Chrome):
    """Talks with the browser in the namespace of its node."""

    def __init__(self, node: Node, folder: str) -> None:
        self._node = node
        options = ChromeOptions()
        options.binary_location = _program("chromium")
        for argument in (*_ARGUMENTS, f"--user-data-dir={folder}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        with node.namespace:
            super().__init__(options, Service(_program("chromedriver")))

    def execute(self, *arguments: Any, **named: Any) -> Any:
        """Send a command to the browser."""
        with self._node.namespace:
            return super().execute(*arguments, **named)


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise SkipTest(f"needs {name}; on Debian: apt-get install chromium chromium-driver")
    return found


class Browser:
    """What a user does with the page, and what it shows."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._folder = tempfile.TemporaryDirectory(prefix="mcproxy-browser-")
        self._driver = _Driver(node, self._folder.name)

    def close(self) -> None:
        """End the browser."""
        self._driver.quit()
        self._folder.cleanup()

    # -- the page and how it is shown

    def open(self, width: int = 1200, height: int = 900, **media: str) -> None:
        """Load the page, with media features such as ``prefers_color_scheme="dark"``."""
        self.resize(width, height)
        features = [{"name": key.replace("_", "-"), "value": media[key]} for key in media]
        self._driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.take_log()
        self._driver.get(_PAGE)

    def resize(self, width: int, height: int) -> None:
        """Show the page in a window of this size."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def leave(self) -> None:
        """Show nothing, so that the page is closed."""
        self._driver.get("about:blank")

    def picture(self, path: Path) -> None:
        """Write what is shown as a PNG file."""
        self._driver.save_screenshot(str(path))

    def take_log(self) -> list[str]:
        """Errors and warnings of the page since the last call, violations of its policy too."""
        return [f"{one['level']} {one['message']}" for one in self._driver.get_log("browser")]

    # -- what it shows

    def run(self, script: str, *arguments: object) -> Any:
        """What a script of the page returns."""
        return self._driver.execute_script(script, *arguments)

    def run_async(self, script: str, *arguments: object) -> Any:
        """What a script gives to the function that is its last argument."""
        return self._driver.execute_async_script(script, *arguments)

    def text(self, selector: str = "body") -> str:
        """The text of an element as a user sees it; empty where there is none."""
        found = "const found = document.querySelector(arguments[0]);"
        text = "found ? found.innerText ?? found.textContent : ''"
        return str(self.run(f"{found} return {text}", selector))

    def count(self, selector: str) -> int:
        """How many elements there are."""
        return int(self.run("return document.querySelectorAll(arguments[0]).length", selector))

    def await_text(self, selector: str, text: str, timeout: float = 10) -> None:
        """Wait until an element shows a text; AssertionError with what it shows."""
        try:
            wait_until(lambda: text in self.text(selector), timeout)
        except AssertionError:
            shown = self.text(selector)
            raise AssertionError(f"{selector} does not show {text!r} but {shown!r}") from None

    def await_count(self, selector: str, count: int, timeout: float = 10) -> None:
        """Wait until there are this many elements."""
        message = f"there are not {count} of {selector}"
        wait_until(lambda: self.count(selector) == count, timeout, message)

    def violations(self) -> list[str]:
        """What axe finds wrong for users with disabilities, each with the elements concerned."""
        if not self.run("return Boolean(window.axe)"):
            self.run(_AXE.read_text(encoding="utf-8"))
        found = self.run_async(
            "const done = arguments[0]; axe.run().then((found) => done(found.violations))"
        )
        return [
            f"{one['impact']} {one['id']}: {[node['html'][:200] for node in one['nodes']]}"
            for one in found
        ]

    # -- what the user does

    def element(self, selector: str) -> WebElement:
        """The first element."""
        return self._driver.find_element(By.CSS_SELECTOR, selector)

    def press(self, *keys: str) -> None:
        """Press keys, one after another, where the focus is."""
        for key in keys:
            self._driver.switch_to.active_element.send_keys(key)

    def focused(self) -> str:
        """The element that has the focus: its id, or its text."""
        script = "const one = document.activeElement; return one.id || one.innerText"
        return str(self.run(script))
