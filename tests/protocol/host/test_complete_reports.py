"""Which groups a host reports, and in which mode."""

from __future__ import annotations

from mcproxy.protocol.family import IPV4, packed
from mcproxy.protocol.sources import ANY_SOURCE, INCLUDE, SourceFilter

from ..families import ALLOW, IS_IN, both_families, many_sources
from .simulated_host import HostTests


@both_families
class WantedGroupTests(HostTests):
    """All that is wanted is reported, as it is wanted."""

    def test_group_of_each_wider_scope_is_reported(self) -> None:
        """HS-12, ADR-06: from scope 3 on, whatever the flags are; and in 239.0.0.0/8."""
        texts = ["225.0.0.1", "233.252.0.1", "239.0.0.1", "239.255.255.250"]
        if self.family is not IPV4:
            texts = [f"ff{flags}{scope:x}::1:1" for flags in "017" for scope in range(3, 16)]
        groups = [packed(one) for one in texts]
        self.note(self.host.update([(one, ANY_SOURCE) for one in groups], self.now))
        reported = [record.group for records in self.sent_records() for record in records]
        self.assertEqual(reported, groups)
        self.receives_general_query()
        self.pass_time(20)
        answered = {record.group for record in self.sent_records()[-1]}
        self.assertEqual(answered, set(groups))

    def test_long_include_list_is_reported_in_include_mode(self) -> None:
        """DB-08: the join, its repeat and the answer to a query name all sources."""
        wanted = SourceFilter(INCLUDE, many_sources(self.family, 2000))
        self.wants(wanted)
        self.pass_time(2)
        self.receives_general_query()
        self.pass_time(20)
        records = [record for records in self.sent_records() for record in records]
        self.assertEqual({record.type for record in records}, {ALLOW, IS_IN})
        for kind in (ALLOW, IS_IN):
            listed = [record.sources for record in records if record.type is kind]
            self.assertEqual(frozenset().union(*listed), wanted.sources)
