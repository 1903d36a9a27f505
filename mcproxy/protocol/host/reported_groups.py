"""Which groups a packet of a host is about, which it joins, and which it leaves."""

from __future__ import annotations

from ..family import Address
from ..wire.packets import Leave, OldReport, Packet, Record, RecordType, Report

_TO_INCLUDE = RecordType.CHANGE_TO_INCLUDE_MODE
_LEAVING = (_TO_INCLUDE, RecordType.BLOCK_OLD_SOURCES)


def reported_groups(packet: Packet) -> list[Address]:
    """The groups that ``packet`` says something of, as a host."""
    match packet:
        case Report():
            return [record.group for record in packet]
        case OldReport(group=group) | Leave(group=group):
            return [group]
    return []


def joined_groups(packet: Packet) -> list[Address]:
    """The groups that ``packet`` asks for."""
    match packet:
        case Report():
            return [record.group for record in packet if _joins(record)]
        case OldReport(group=group):
            return [group]
    return []


def left_groups(packet: Packet) -> list[Address]:
    """The groups that ``packet`` leaves."""
    match packet:
        case Report():
            return [one.group for one in packet if one.type is _TO_INCLUDE and not one.sources]
        case Leave(group=group):
            return [group]
    return []


def left_sources(packet: Packet) -> list[Address]:
    """The groups of which ``packet`` leaves something: the group, or some of its sources."""
    match packet:
        case Report():
            return [one.group for one in packet if one.type in _LEAVING]
        case Leave(group=group):
            return [group]
    return []


def _joins(record: Record) -> bool:
    match record.type:
        case RecordType.MODE_IS_EXCLUDE | RecordType.CHANGE_TO_EXCLUDE_MODE:
            return True
    return record.type is not RecordType.BLOCK_OLD_SOURCES and bool(record.sources)
