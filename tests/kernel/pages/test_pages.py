"""Every command and every configuration of the README, the guide and troubleshooting works.

The reader follows each page from its beginning to its end. The samples of output are what the
commands print, except for times and counts.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from mcproxy.lab.host import Member
from mcproxy.lab.waiting import wait_until

from ...documents.blocks import CONSOLE, PLAIN, blocks
from ...documents.snippets import masked
from ...lab.support import LabTestCase
from ...source import PROJECT
from ..igmpproxy import require_igmpproxy
from .exceptions import KERNEL_MAY_LACK, NOT_RUN, reason_not_to_run
from .machine import GROUP, Router
from .reader import PageError, Reader

GUIDE = PROJECT / "docs/guide"
PAGES = (
    PROJECT / "README.rst",
    *sorted(GUIDE.glob("*.rst")),
    *sorted((PROJECT / "docs/troubleshooting").glob("*.rst")),
    PROJECT / "docs/reference/configuration.rst",
)
"""Pages whose blocks are run."""

OTHERS = GUIDE / "coming-from.rst"
OPERATION = GUIDE / "operation.rst"

IGMPPROXY = f"""
quickleave
phyint eth0 upstream ratelimit 0 threshold 1
    altnet 198.51.100.0/24
    whitelist {GROUP}/32
phyint eth1 downstream ratelimit 0 threshold 1
phyint eth2 disabled
"""
"""The file of one who has igmpproxy at home."""

NOBODY_ASKS = '[instance.tv]\nupstream = "eth0"\ndownstream = ["eth1", "wlan0"]\n'

_COMMAND = re.compile(
    r"\s*(\$ )?(\S*/)?(mcproxy|ip|ip6?tables|nft|sysctl|bridge|systemctl|curl|make|cp|ssh|cat|pip"
    r"|python3?|apt-get|ln|mkdir|journalctl|ssh-keygen|twistd|promtool) \S"
)


_HEARD = re.compile(r"N capture \S+ [\w -]+ of \S+ (sent|received) on \S+?\. ")
"""A message that explain heard meanwhile, which may or may not come in that time."""


def _same(output: list[str]) -> str:
    """What of the output is the same in each run, as one text: lines break by their length."""
    [text] = masked([" ".join(output)])
    return _HEARD.sub("", text)


class PagesTestCase(LabTestCase):
    """Has a router for one page."""

    is_received = False
    """Whether the samples of the page show a stream that somebody receives."""
    member: Member | None = None

    def setUp(self) -> None:
        for program, package in (("nft", "nftables"), ("iptables", "iptables"), ("curl", "curl")):
            if shutil.which(program) is None:
                raise SkipTest(f"{program} is not installed: apt-get install {package}")
        super().setUp()
        self.router = Router(self.lab)

    def read(self, page: Path, until: str = "") -> Reader:
        """Follow a page; AssertionError with what does not work."""
        if "ln -s /opt/mcproxy/bin/mcproxy" not in page.read_text(encoding="utf-8"):
            self.router.run("ln -s /opt/mcproxy/bin/mcproxy /usr/bin/mcproxy")
        reader = Reader(self.router, page, self.receive)
        try:
            reader.read(until)
        except PageError as error:
            self.fail(str(error))
        return reader

    def check(self, page: Path) -> None:
        """Follow a page, and compare its samples."""
        reader = self.read(page)
        for block in blocks(page):
            for command, shown in block.samples() if block.language == CONSOLE else ():
                if any(shown) and not reason_not_to_run(command):
                    printed = reader.printed[block.line, command]
                    self.assertEqual(_same(printed), _same(shown), f"{block}: {command}")

    def receive(self) -> None:
        """Join the group at home, the first time, and wait until its stream arrives."""
        if not self.is_received:
            return
        if self.member is None:
            self.member = self.router.home.join(GROUP)
        before, member = self.member.total(), self.member
        wait_until(lambda: member.total() > before + 20, 15, "the stream does not arrive at home")


class FollowedPagesTests(PagesTestCase):
    """A test for each page; those without a test of their own here are added below."""

    def test_first(self) -> None:
        """The stream arrives at the end."""
        self.is_received = True
        self.check(GUIDE / "first.rst")
        self.receive()

    def test_home(self) -> None:
        """The stream passes the bridge and the firewall of the page."""
        self.check(GUIDE / "home.rst")
        self.is_received = True
        self.receive()

    def test_several_upstreams(self) -> None:
        self.is_received = True
        self.check(GUIDE / "several-upstreams.rst")

    def test_troubleshooting(self) -> None:
        """The daemon runs, the stream arrives, and nobody has asked for it."""
        self.router.path("/etc/mcproxy.toml").write_text(NOBODY_ASKS, encoding="utf-8")
        self.router.start("mcproxy", ["/opt/mcproxy/bin/mcproxy", "run"])
        self.check(PROJECT / "docs/troubleshooting/index.rst")

    def test_operation(self) -> None:
        self.read(OPERATION)  # test_documented_samples compares its samples


def _name(page: Path) -> str:
    """The name of the test of a page."""
    stem = page.parent.name if page.stem == "index" else page.stem
    return f"test_{stem.lower().replace('-', '_')}"


def _has_commands(page: Path) -> bool:
    return any(block.language for block in blocks(page))


def _following(page: Path) -> Callable[[PagesTestCase], None]:
    def follow(self: PagesTestCase) -> None:
        self.check(page)

    follow.__name__ = _name(page)
    return follow


for _page in filter(_has_commands, PAGES):
    if not hasattr(FollowedPagesTests, _name(_page)) and _page != OTHERS:
        setattr(FollowedPagesTests, _name(_page), _following(_page))


class ComingFromIgmpproxyTests(PagesTestCase):
    """One who has igmpproxy running reads only the guide, and has the streams on mcproxy."""

    def setUp(self) -> None:
        require_igmpproxy()
        super().setUp()
        self.router.path("/etc/igmpproxy.conf").write_text(IGMPPROXY, encoding="utf-8")
        self.router.start("igmpproxy", ["igmpproxy", "-n", "/etc/igmpproxy.conf"])

    def test_stream_of_igmpproxy_arrives_by_mcproxy(self) -> None:
        self.is_received = True
        self.receive()
        self.check(OTHERS)
        self.assertFalse(self.router.runs("igmpproxy"))
        self.receive()


class CoverageTests(SynchronousTestCase):
    """Nothing of the pages stays untried without a reason."""

    def test_every_page_with_commands_is_followed(self) -> None:
        pages = list(filter(_has_commands, PAGES))
        self.assertGreater(len(pages), 10)
        for page in pages:
            self.assertTrue(page == OTHERS or hasattr(FollowedPagesTests, _name(page)), page)

    def test_plain_blocks_hold_no_command_and_no_configuration(self) -> None:
        found = [
            f"{block}: {row}"
            for page in PAGES
            for block in blocks(page)
            if block.language == PLAIN and not block.text.startswith(("PROBLEM", "WARNING"))
            for row in block.text.splitlines()
            if (row.startswith("[") or _COMMAND.match(row)) and "[--" not in row
        ]
        self.assertEqual(found, [])

    def test_every_exception_is_one_of_a_page(self) -> None:
        text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
        for begin in (*NOT_RUN, *KERNEL_MAY_LACK):
            self.assertRegex(text, begin)
