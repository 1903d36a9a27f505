"""What all tests of the protocol core share: both families, addresses, records, strategies."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.protocol.family import IPV4, IPV6, Address, Family, packed
from mcproxy.protocol.sources import EXCLUDE, INCLUDE, SourceFilter
from mcproxy.protocol.wire.packets import Record, RecordType, Sources

IS_IN = RecordType.MODE_IS_INCLUDE
IS_EX = RecordType.MODE_IS_EXCLUDE
TO_IN = RecordType.CHANGE_TO_INCLUDE_MODE
TO_EX = RecordType.CHANGE_TO_EXCLUDE_MODE
ALLOW = RecordType.ALLOW_NEW_SOURCES
BLOCK = RecordType.BLOCK_OLD_SOURCES
START = 1000.0
"""The time at which the clock of a test begins, in seconds."""

_GROUPS = {IPV4: "239.1.1.{}", IPV6: "ff1e::1:{}"}
_SSM_GROUPS = {IPV4: "232.1.1.{}", IPV6: "ff3e::8000:{}"}
_SOURCES = {IPV4: "10.0.0.{}", IPV6: "2001:db8::{}"}
_HOSTS = {IPV4: "192.0.2.{}", IPV6: "fe80::{}"}


def group(family: Family, number: int) -> Address:
    """Return a group that is not source-specific; ``number`` has one decimal digit."""
    return packed(_GROUPS[family].format(number))


def ssm_group(family: Family, number: int) -> Address:
    """Return a source-specific group."""
    return packed(_SSM_GROUPS[family].format(number))


def source(family: Family, number: int) -> Address:
    """Return a source of data."""
    return packed(_SOURCES[family].format(number))


def host(family: Family, number: int) -> Address:
    """Return a host or router on a link."""
    return packed(_HOSTS[family].format(number))


def sources(family: Family, *numbers: int) -> Sources:
    """Return a list of sources."""
    return frozenset(source(family, number) for number in numbers)


def many_sources(family: Family, count: int) -> Sources:
    """Return ``count`` sources with different addresses."""
    prefix = bytes([10]) + bytes(family.address_size - 4)
    return frozenset(prefix + number.to_bytes(3, "big") for number in range(1, count + 1))


if TYPE_CHECKING:
    _Base = SynchronousTestCase
else:
    _Base = object


class FamilyTests(_Base):
    """Tests that run for IPv4 and for IPv6; see ``both_families``."""

    family: ClassVar[Family]

    def sources(self, *numbers: int) -> Sources:
        """Return a list of sources, by number."""
        return sources(self.family, *numbers)

    def including(self, *numbers: int) -> SourceFilter:
        """Return INCLUDE of some sources."""
        return SourceFilter(INCLUDE, self.sources(*numbers))

    def excluding(self, *numbers: int) -> SourceFilter:
        """Return EXCLUDE of some sources."""
        return SourceFilter(EXCLUDE, self.sources(*numbers))

    def record(self, kind: RecordType, *numbers: int, group_number: int = 1) -> Record:
        """Return a record for the group with that number."""
        return Record(kind, group(self.family, group_number), self.sources(*numbers))


Tests = TypeVar("Tests", bound=type)


def both_families(tests: Tests) -> Tests:
    """Make ``FooTests`` the test cases FooTestsIPv4 and FooTestsIPv6 of its module."""
    module = sys.modules[tests.__module__]
    for family in (IPV4, IPV6):
        name = f"{tests.__name__}{family.name.replace('ip', 'IP')}"
        members: dict[str, Any] = {"family": family, "__module__": tests.__module__}
        setattr(module, name, type(name, (tests, SynchronousTestCase), members))
    return tests


def examples(times: float) -> settings:
    """Return settings with more or fewer examples than the profile has."""
    usual = settings.get_profile(settings.get_current_profile_name()).max_examples
    return settings(max_examples=max(1, int(usual * times)))


def addresses(family: Family) -> st.SearchStrategy[Address]:
    """Return a strategy for any address."""
    return st.binary(min_size=family.address_size, max_size=family.address_size)


def multicast(family: Family) -> st.SearchStrategy[Address]:
    """Return a strategy for multicast addresses."""
    tail = st.binary(min_size=family.address_size - 1, max_size=family.address_size - 1)
    first = st.integers(224, 239) if family is IPV4 else st.just(0xFF)
    return st.builds(lambda head, rest: bytes([head]) + rest, first, tail)


def source_lists(family: Family, most: int = 5) -> st.SearchStrategy[Sources]:
    """Return a strategy for lists of any addresses."""
    return st.frozensets(addresses(family), max_size=most)


def records(family: Family) -> st.SearchStrategy[Record]:
    """Return a strategy for records of a multicast group."""
    return st.builds(Record, st.sampled_from(RecordType), multicast(family), source_lists(family))


def numbered(most: int = 4) -> st.SearchStrategy[frozenset[int]]:
    """Return a strategy for sets of small numbers that stand for sources."""
    return st.frozensets(st.integers(1, most))
