"""Why a downstream refused what a host or router sent, in words."""

from __future__ import annotations

from ..protocol.family import Address
from ..protocol.router.admission import Refusal
from ..protocol.router.querier import Querier
from ..protocol.wire.packets import Leave, OldReport, Packet, Record, Report

EXPLANATIONS = {
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
    Refusal.SCOPE: "{host} reported {group}, which is not forwarded beyond its link",
    Refusal.SOURCES: "{host} reported {group} with sources that no forwarded data can have",
    Refusal.VERSION: "{host} sent a report of a version that is not accepted on the link (see "
    "igmp-version, mld-version, oldest-host-version)",
}
"""By reason, with the fields ``host`` and ``group``."""

_EVERYDAY = frozenset({Refusal.SCOPE, Refusal.SOURCES, Refusal.VERSION})


def is_everyday(reason: Refusal, packet: Packet) -> bool:
    """Whether hosts send such packets by nature, so that nobody needs to be warned.

    A refused leave changes nothing, as the join before it was refused too.
    """
    return reason in _EVERYDAY or isinstance(packet, Leave)


def refused_group(querier: Querier, reason: Refusal, packet: Packet) -> Address | None:
    """The first group in ``packet`` that the querier can have refused for this reason."""
    for group, record in _groups(packet):
        match reason:
            case Refusal.SSM:
                found = querier.admission.ssm.is_ssm(group)
            case Refusal.MAX_SOURCES | Refusal.MAX_LINK_SOURCES:
                found = record is not None and bool(record.sources)
            case Refusal.SCOPE:
                found = not querier.family.is_proxied(group)
            case Refusal.SOURCES | Refusal.VERSION:
                found = True
            case _:
                found = querier.family.is_proxied(group) and group not in querier.groups
        if found:
            return group
    return None


def _groups(packet: Packet) -> list[tuple[Address, Record | None]]:
    match packet:
        case Report(records=records):
            return [(record.group, record) for record in records]
        case OldReport(group=group) | Leave(group=group):
            return [(group, None)]
    return []
