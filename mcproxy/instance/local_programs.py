"""LocalPrograms: what programs on this machine have joined on an upstream link.

The kernel reports their memberships itself, from the same address as the proxy. So the router
upstream sees one host, and a leave of one would end what the other still wants.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping

from twisted.logger import Logger

from ..linux.netlink.links import Link
from ..protocol.family import Address, Family
from ..protocol.sources import NOTHING, SourceFilter, merge
from ..protocol.wire.packets import Packet
from ..receiver.receiver import Receiver
from ..receiver.sent_reports import LocalMemberships

_GONE = frozenset({errno.ENODEV, errno.ENXIO})
"""The interface is gone, and the message of that is on its way."""


class LocalPrograms:
    """The memberships of local programs on a link, as they were last read; ``filters`` by group.

    ``heard`` gets each message that the kernel sends for them. Without a link no membership is
    known.
    """

    log = Logger()

    def __init__(self, family: Family, receiver: Receiver, heard: Callable[[Packet], None]) -> None:
        self.filters: Mapping[Address, SourceFilter] = {}
        self._family = family
        self._receiver = receiver
        self._heard = heard
        self._link: Link | None = None
        self._memberships: LocalMemberships | None = None

    def use(self, link: Link | None) -> None:
        """Follow the programs on ``link`` from now on, or on none."""
        before, self._link = self._link, link
        if link is None or before is None or before.index != link.index:
            self._close()
        if link is None:
            return
        if self._memberships is None:
            try:
                self._memberships = self._receiver.follow_programs(self._family, link, self._heard)
            except OSError as error:
                if error.errno not in _GONE:
                    self._warn("cannot hear the reports of local programs: {reason}", error)
        self.read()

    def read(self) -> set[Address]:
        """Read the memberships again; the groups whose filter has changed."""
        if self._memberships is None:
            return set()
        before = self.filters
        try:
            self.filters = self._memberships.read()
        except OSError as error:
            self._warn("cannot read the memberships of local programs: {reason}", error)
        return {group for group, _ in before.items() ^ self.filters.items()}

    def combine(self, group: Address, wanted: SourceFilter, held: bool) -> SourceFilter:
        """What this machine wants of ``group`` if the proxy wants ``wanted`` of it.

        A group that only local programs want is left to the kernel, unless it is ``held``: the
        proxy has reported it, and would end it for them with a leave.
        """
        local = self.filters.get(group)
        if local is None or (wanted == NOTHING and not held):
            return wanted
        return merge((wanted, local))

    def _close(self) -> None:
        if self._memberships is not None:
            self._memberships.close()
            self._memberships = None
        self.filters = {}

    def _warn(self, message: str, error: OSError) -> None:
        name = self._link.name if self._link is not None else ""
        self.log.warn(
            message + "; a leave of a local program may interrupt streams until the next query",
            reason=error.strerror,
            interface=name,
        )
