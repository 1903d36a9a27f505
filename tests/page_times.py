"""``python -m tests.page_times``: how soon the web page shows a join, and how quick it is.

The page shows 2,000 flows. Times are those of the page itself, as a user sees it: from a host's
join to its event and to its flow, and from a letter in the filter to the table that fits.
"""

from __future__ import annotations

import statistics
import sys
import time

from mcproxy.lab.daemon import Daemon
from mcproxy.lab.house import CONFIG, House
from mcproxy.lab.privileges import ensure_network_rights
from mcproxy.lab.topology import Lab

from .kernel.browser import PORT, browser
from .kernel.messages import TO_EX, Report, record, send_message
from .kernel.page import HTTP
from .kernel.relay import Relay

FLOWS = 2000
JOINS = 20
WORDS = ("239.5", "239.5.3", "5.1.2", "silent", "239.5.7.77", "xyz", "")

_SEEN = """
const [selector, text, done] = arguments;
const look = () => {
  if (document.querySelector(selector).textContent.includes(text)) {
    done(Date.now() / 1000);
  } else {
    requestAnimationFrame(look);
  }
};
look();
"""
_FILTER = """
const [words, done] = arguments;
const filter = document.getElementById("flow-filter");
const times = [];
const next = () => {
  if (times.length === words.length) {
    done(times);
    return;
  }
  const begin = performance.now();
  filter.value = words[times.length];
  filter.dispatchEvent(new Event("input"));
  requestAnimationFrame(() => setTimeout(() => {
    times.push(performance.now() - begin);
    setTimeout(next, 100);
  }));
};
next();
"""


def main() -> int:
    """Print the times."""
    ensure_network_rights()
    with Lab() as lab:
        house = House(lab)
        Daemon(house.proxy, HTTP + CONFIG).wait_ready()
        relay = Relay(browser().node.namespace, house.proxy.namespace, PORT)
        try:
            _measure(house)
        finally:
            browser().leave()
            relay.close()
    return 0


def _measure(house: House) -> None:
    page = browser()
    page.open()
    page.await_text("#connection", "Live", 30)
    host = house.receivers[0].raw_host()
    groups = [f"239.5.{number // 250}.{number % 250}" for number in range(FLOWS)]
    for start in range(0, FLOWS, 100):
        records = tuple(record(TO_EX, group) for group in groups[start : start + 100])
        send_message(host, "10.0.1.1", Report(records))
    page.await_text("#flow-count", f"{FLOWS:,} flows", 60)
    time.sleep(3)
    events, flows = [], []
    for number in range(JOINS):
        group = f"239.1.7.{number}"  # it is on the first page of the table
        time.sleep(1.7)
        member = house.receivers[1].join(group)
        events.append(page.run_async(_SEEN, "#event-list", f"joined {group}") - member.joined)
        flows.append(page.run_async(_SEEN, "#flow-rows", group) - member.joined)
    print(f"join to its event: {_text(events)}")
    print(f"join to its flow: {_text(flows)}")
    times = [one / 1000 for one in page.run_async(_FILTER, WORDS)]
    print(f"letter in the filter to the table: {_text(times)}")


def _text(times: list[float]) -> str:
    return f"median {statistics.median(times):.2f} s, longest {max(times):.2f} s"


if __name__ == "__main__":
    sys.exit(main())
