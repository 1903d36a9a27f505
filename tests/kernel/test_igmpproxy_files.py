"""Files of igmpproxy, run by igmpproxy and by mcproxy: the same packets at the same places.

Each file is one of a kind that people post: altnet alone, nothing but roles, a whitelist on a
downstream or on the upstream, and two upstreams.
"""

from __future__ import annotations

from collections.abc import Iterable

from .comparison import ComparisonTestCase
from .providers import ProvidersTestCase
from .seen import CHOSEN, LAN, OTHER, SSM, A, B
from .site import UP, UP2

REMOTE, REMOTE_NET = "10.9.0.9", "10.9.0.0/16"

ALTNET = """
quickleave
phyint up upstream ratelimit 0 threshold 1
    altnet 10.9.0.0/16
phyint down1 downstream ratelimit 0 threshold 1
phyint down2 downstream ratelimit 0 threshold 1
"""
NOTHING = "phyint up upstream\nphyint down1 downstream\nphyint down2 downstream\n"
WHITELIST_DOWN = """
phyint up upstream
phyint down1 downstream whitelist 239.1.0.1/32 whitelist 239.0.3.0/8
phyint down2 downstream
"""
WHITELIST_UP = """
quickleave
phyint up upstream whitelist 239.1.0.0/16 whitelist 224.0.0.0/24
phyint down1 downstream
phyint down2 downstream
"""
TWO_UPSTREAMS = """
phyint up upstream altnet 10.0.1.0/24
phyint up2 upstream altnet 10.0.4.0/24
phyint down1 downstream
phyint down2 downstream
"""


class OneUpstreamTests(ComparisonTestCase):
    def test_altnet_alone(self) -> None:
        """The source is in altnet, and nothing of hosts goes up."""
        self.proxy.add_route(REMOTE_NET, self.plan.at(UP, 2))
        self.server.add_address("eth0", f"{REMOTE}/16")
        self.source = REMOTE
        seen = self.compare(ALTNET)
        self.assertEqual(seen.joined(), [{A, B, SSM, OTHER, LAN, CHOSEN}])

    def test_nothing_but_roles(self) -> None:
        seen = self.compare(NOTHING)
        self.assertEqual(seen.joined(), [{A, B, SSM, OTHER, LAN, CHOSEN}])

    def test_whitelist_of_a_downstream(self) -> None:
        """An entry with host bits matches no group."""
        seen = self.compare(WHITELIST_DOWN)
        self.assertEqual(seen.joined(), [{A, B, OTHER, LAN}])


class OlderRouterTests(ComparisonTestCase):
    querier_version = 2

    def test_source_specific_groups_are_joined_behind_an_igmpv2_router(self) -> None:
        seen = self.compare(NOTHING)
        self.assertEqual(seen.joined(), [{A, B, SSM, OTHER, LAN, CHOSEN}])


class WhitelistTests(ComparisonTestCase):
    provided = (A, B)
    """The provider delivers only what was joined, as providers do."""

    def test_whitelist_of_the_upstream(self) -> None:
        seen = self.compare(WHITELIST_UP)
        self.assertEqual(seen.joined(), [{A, B, LAN}])


class TwoUpstreamTests(ComparisonTestCase, ProvidersTestCase):
    uplinks = ("eth0", "eth1")
    early = frozenset((A, B))
    """mcproxy leaves a group on the upstream that does not deliver it."""

    def streams_of_provider(self) -> Iterable[tuple[str, str, str]]:
        """One group comes from each provider."""
        return [(A, self.plan.at(UP, 2), "eth0"), (B, self.plan.at(UP2, 2), "eth1")]

    def test_two_upstreams(self) -> None:
        groups = {A, B, SSM, OTHER, LAN, CHOSEN}
        self.assertEqual(self.compare(TWO_UPSTREAMS).joined(), [groups, groups])
