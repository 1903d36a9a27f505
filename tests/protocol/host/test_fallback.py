"""A host that keeps to its version, whatever queriers speak."""

from __future__ import annotations

from mcproxy.protocol.sources import NOTHING

from ..support import both_families
from .test_older import OldHostTests


@both_families
class NoFallbackTests(OldHostTests):
    """Without ``fallback``."""

    def test_older_queriers(self) -> None:
        """HC-06, SEC-05: none of them makes it speak an older version."""
        self.host.configure(fallback=False, is_ssm=self.family.is_ssm)
        for version in range(1, self.family.current_version):
            self.asked(version)
            self.assertEqual(self.host.version, self.family.current_version)
        self.passes(20)
        self.wants(self.excluding(1))
        self.passes(20)
        self.wants(NOTHING)
        self.passes(20)
        sent = self.told()
        self.assertTrue(sent)
        self.assertEqual({type(packet).__name__ for _, packet in sent}, {"Report"})
