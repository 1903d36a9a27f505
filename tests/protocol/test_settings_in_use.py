"""Settings that an owner changes while a querier or host runs."""

from __future__ import annotations

from mcproxy.protocol.host.host import Host
from mcproxy.protocol.router.admission import Refusal
from mcproxy.protocol.router.querier import Querier
from mcproxy.protocol.router.settings import QuerierSettings
from mcproxy.protocol.sources import ANY_SOURCE
from mcproxy.protocol.wire.packets import OldReport, Query, Record, Report

from .families import IS_EX, FamilyTests, both_families, group, host, ssm_group


@both_families
class ChangedSettingsTests(FamilyTests):
    """The right value before and after a change."""

    def test_refusals_are_counted_on_after_reconfiguration(self) -> None:
        """Neither the counts nor what is noted of each refusal start again."""
        querier = Querier(self.family, QuerierSettings())
        refused = Report((Record(IS_EX, ssm_group(self.family, 1)),))
        querier.receive(refused, host(self.family, 1), 0.0)
        querier.reconfigure(QuerierSettings(robustness=3), 1.0)
        querier.receive(refused, host(self.family, 1), 2.0)
        self.assertEqual(querier.refused, {Refusal.SSM: 2})
        self.assertEqual(len(querier.admission.take_latest()), 2)
        self.assertEqual(querier.admission.take_latest(), [])

    def test_address_of_querier_decides_election(self) -> None:
        """Without an address no router wins; with one, a lower address wins."""
        querier = Querier(self.family, QuerierSettings())
        querier.start(0.0)
        query = Query(self.family.current_version, self.family.unspecified, 10.0)
        querier.receive(query, host(self.family, 1), 1.0)
        self.assertTrue(querier.is_querier)
        querier.set_address(host(self.family, 5))
        querier.receive(query, host(self.family, 1), 2.0)
        self.assertFalse(querier.is_querier)
        self.assertEqual(querier.election.other, host(self.family, 1))

    def test_ssm_range_of_host_applies_at_once_in_older_version(self) -> None:
        """Older versions cannot report source-specific groups (RFC 4604, section 2.2)."""
        member = Host(self.family, lambda: 0.5, version=self.family.current_version - 1)
        one, two = group(self.family, 1), group(self.family, 2)
        sends = member.update([(one, ANY_SOURCE)], 0.0)
        self.assertEqual([send.packet for send in sends], [OldReport(member.version, one)])
        member.configure(
            version=member.version, fallback=True, is_ssm=lambda address: address == two
        )
        self.assertEqual(member.update([(two, ANY_SOURCE)], 1.0), [])
