"""The samples of docs/guide/operation.rst, run as they stand with a daemon in a small network."""

from __future__ import annotations

import subprocess
import sys
import threading

from ..documents.snippets import Snippet, masked, snippets
from ..source import PROJECT
from .site import IPv4TestCase

PAGE = PROJECT / "docs/guide/operation.rst"

CONFIG = '[instance.tv]\nupstream = "up"\ndownstream = ["down1"]\nmld-version = 0\n'
GROUP = "239.1.0.1"
NEWS = "239.1.0.2"
"""A group that a host joins and leaves all the time."""


class SampleTests(IPv4TestCase):
    """Host ``home`` watches a stream and changes the channel; each sample is run meanwhile."""

    def test_samples_are_what_the_commands_print(self) -> None:
        self.start(CONFIG)
        self.home.join(GROUP)
        self.server.stream(GROUP, rate=200, source=self.source, ttl=8)
        samples = [one for one in snippets(PAGE) if one.output]
        self.assertGreaterEqual(len(samples), 4)
        for sample in samples:
            order = sorted if sample.words[0] == "monitor" else list  # it may begin with either
            shown = [line.replace(GROUP, "GROUP").replace(NEWS, "GROUP") for line in sample.output]
            printed = self.run_sample(sample)
            printed = [line.replace(GROUP, "GROUP").replace(NEWS, "GROUP") for line in printed]
            self.assertEqual(
                order(masked(printed)), order(masked(shown)), f"{PAGE}, line {sample.line}"
            )

    def run_sample(self, sample: Snippet) -> list[str]:
        """What the command prints."""
        first, *rest = sample.words
        words = [sys.executable, "-m", "mcproxy", first, "--socket", str(self.daemon.socket)]
        if first == "reload":
            link = ("ip", "link", "add", "eth4", "type", "veth", "peer", "name", "other")
            self.proxy.run(*link)
            text = self.daemon.config.read_text(encoding="utf-8")
            self.daemon.config.write_text(text.replace('"up"', '["up", "eth4"]'), encoding="utf-8")
        zapping = threading.Event()
        if first == "monitor":
            threading.Thread(target=self.zap, args=(zapping,)).start()
        try:
            done = subprocess.run(
                [*words, *rest], cwd=PROJECT, capture_output=True, text=True, timeout=60
            )
        finally:
            zapping.set()
        self.assertEqual((done.returncode, done.stderr), (0, ""), sample.text)
        return done.stdout.splitlines()

    def zap(self, ended: threading.Event) -> None:
        """Join and leave until the command has ended."""
        while not ended.is_set():
            member = self.home.join(NEWS)
            ended.wait(1.0)
            member.leave()
            ended.wait(1.0)
