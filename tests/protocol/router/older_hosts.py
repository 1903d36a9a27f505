"""Hosts of older versions on the link of a simulated router."""

from __future__ import annotations

from mcproxy.protocol.router.effects import Effects
from mcproxy.protocol.wire.packets import Leave, OldReport

from ..families import group
from .simulated_router import RouterTests


class OlderHostTests(RouterTests):
    """Tests with hosts that speak older versions."""

    def old_report(
        self, version: int | None = None, host_number: int = 1, group_number: int = 1
    ) -> Effects:
        """Let a host report a group in an older version, by default the last one."""
        spoken = self.family.current_version - 1 if version is None else version
        return self.receives(OldReport(spoken, group(self.family, group_number)), host_number)

    def old_leave(self, host_number: int = 1) -> Effects:
        """Let a host of IGMPv2 or MLDv1 leave."""
        return self.receives(Leave(group(self.family, 1)), host_number)

    def mode(self) -> int:
        """Return the compatibility mode of the group: the version of its oldest host."""
        older = self.querier.groups[group(self.family, 1)].older
        current = self.family.current_version
        return older.oldest(current, self.now) if older else current
