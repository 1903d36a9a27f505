"""The warnings about packets of hosts and routers that a downstream refused."""

from __future__ import annotations

from ..protocol.family import Address, text
from ..protocol.router.admission import Refusal
from ..protocol.router.querier import Querier
from ..protocol.wire.packets import Leave, OldReport, Packet, Record, Report

WARNINGS = {
    Refusal.MAX_GROUPS: "{host} joined {group}; refused because the link has as many groups as "
    "max-groups allows (see max-groups)",
    Refusal.MAX_SOURCES: "{host} listed more sources of {group} than max-group-sources allows; "
    "the sources beyond the limit are ignored (see max-group-sources)",
    Refusal.MAX_LINK_SOURCES: "{host} listed sources of {group}; new ones are ignored because the "
    "groups of the link have as many sources together as max-sources allows (see max-sources)",
    Refusal.SSM: "{host} joined {group} without naming a source; refused because the group is in "
    "ssm-range (see ssm-range, ssm-map)",
    Refusal.QUERIER: "{host} sends queries from a lower address than ours; ignored because it is "
    "not among allowed-queriers, so this proxy stays the querier (see allowed-queriers)",
    Refusal.RATE: "a report of {host} was dropped because more reports arrive than "
    "max-report-rate allows (see max-report-rate)",
    Refusal.HOST_RATE: "a report of {host} was dropped because it sends more reports than "
    "max-host-report-rate allows (see max-host-report-rate)",
    Refusal.SUBNET: "{host} is in no subnet of the link; its reports and queries are ignored "
    "(see check-subnet)",
}
"""By reason; refusals for other reasons are everyday, and are only counted."""


def warning_of(reason: Refusal, packet: Packet) -> str | None:
    """The text for a packet that was refused for this reason; None for none.

    Its fields are ``host``, the sender, and ``group``.
    """
    return None if isinstance(packet, Leave) else WARNINGS.get(reason)


def refused_group(querier: Querier, reason: Refusal, packet: Packet) -> str:
    """The first group in ``packet`` that the querier can have refused for this reason."""
    for group, record in _groups(packet):
        match reason:
            case Refusal.SSM:
                found = querier.admission.ssm.is_ssm(group)
            case Refusal.MAX_SOURCES | Refusal.MAX_LINK_SOURCES:
                found = record is not None and bool(record.sources)
            case _:
                found = querier.family.is_proxied(group) and group not in querier.groups
        if found:
            return text(group)
    return "a group"


def _groups(packet: Packet) -> list[tuple[Address, Record | None]]:
    match packet:
        case Report(records=records):
            return [(record.group, record) for record in records]
        case OldReport(group=group):
            return [(group, None)]
    return []
