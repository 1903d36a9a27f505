"""Where link-layer addresses are watched, and what the querier learns of them."""

from __future__ import annotations

import errno

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.instance.link_layer_watch import LOSS_TIME, LinkLayerWatch
from mcproxy.linux.reporters import Reporter
from mcproxy.protocol.family import IPV4, Family, packed
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings

HOST, OTHER = packed("10.0.2.9"), packed("10.0.2.10")


class Source:
    """Who has reported, as a socket tells it."""

    def __init__(self) -> None:
        self.found: list[Reporter] = []
        self.is_lossy = self.is_closed = False

    def read(self) -> tuple[list[Reporter], bool]:
        found, self.found = self.found, []
        return found, self.is_lossy

    def close(self) -> None:
        self.is_closed = True


class LinkLayerWatchTests(SynchronousTestCase):
    """SQ-15."""

    def setUp(self) -> None:
        self.opened: list[Source] = []
        self.error: OSError | None = None
        self.watch = LinkLayerWatch(self.open, "tv", "d1")
        self.warned: list[str] = []
        warn = lambda told, **fields: self.warned.append(told.format(**fields))  # noqa: E731
        self.patch(LinkLayerWatch, "log", type("Log", (), {"warn": warn}))

    def open(self, family: Family, interface: str) -> Source:
        self.assertEqual((family, interface), (IPV4, "d1"))
        if self.error is not None:
            raise self.error
        self.opened.append(Source())
        return self.opened[-1]

    def configure(self, settings: QuerierSettings) -> Querier:
        querier = Querier(IPV4, settings)
        self.watch.configure(querier)
        return querier

    def test_addresses_are_watched_where_immediate_leave_is_on(self) -> None:
        """And neither where it is off, nor where every leave is trusted."""
        self.configure(QuerierSettings(explicit_tracking=True))
        self.configure(QuerierSettings(immediate_leave="always"))
        self.assertEqual(self.opened, [])
        self.configure(QuerierSettings(immediate_leave=True))
        self.configure(QuerierSettings(immediate_leave=True))
        self.assertEqual([one.is_closed for one in self.opened], [False])
        self.configure(QuerierSettings())
        self.watch.close()
        self.assertEqual([one.is_closed for one in self.opened], [True])

    def test_querier_learns_who_has_reported(self) -> None:
        querier = self.configure(QuerierSettings(immediate_leave=True))
        self.opened[0].found = [
            Reporter(HOST, b"\1"),
            Reporter(HOST, b"\2"),
            Reporter(OTHER, b"\2"),
        ]
        self.watch.read(querier, 5.0)
        assert querier.link_layer is not None
        doubtful = [querier.link_layer.is_doubtful(one, 5.0) for one in (HOST, OTHER)]
        self.assertEqual(doubtful, [True, False])

    def test_all_hosts_are_doubtful_after_a_loss(self) -> None:
        querier = self.configure(QuerierSettings(immediate_leave=True))
        self.opened[0].found, self.opened[0].is_lossy = [Reporter(HOST, b"\1")], True
        self.watch.read(querier, 5.0)
        assert querier.link_layer is not None
        times = (5.0, 4.9 + LOSS_TIME, 5.0 + LOSS_TIME)
        self.assertEqual([querier.link_layer.is_doubtful(HOST, t) for t in times], [1, 1, 0])

    def test_leaves_are_trusted_with_a_warning_where_nothing_can_be_watched(self) -> None:
        self.error = OSError(errno.EPERM, "Operation not permitted")
        querier = self.configure(QuerierSettings(immediate_leave=True))
        self.assertEqual((self.watch.source, querier.link_layer), (None, None))
        self.assertEqual(len(self.warned), 1)
        self.assertIn("Operation not permitted", self.warned[0])
