"""The language of igmpproxy."""

from __future__ import annotations

from mcproxy.config.errors import ConfigurationError
from mcproxy.config.foreign.igmpproxy import read
from mcproxy.config.model import FilterConfig, InstanceConfig
from mcproxy.config.rules import read_rule

from ..meaning import downstream_settings
from ..samples import IGMPPROXY
from ..support import ConfigurationTestCase

FILE = "igmpproxy.conf"
SMALL = "phyint eth0 upstream phyint eth1 downstream "
DROPPED = (
    "whitelist: data of groups that it does not allow is dropped as well, should eth0 deliver any"
)
OWN_SOURCES = (
    "mcproxy accepts all sources; igmpproxy accepts only those of the interface's own network and"
    " of altnet"
)


class MeaningTests(ConfigurationTestCase):
    def one(self, text: str) -> InstanceConfig:
        (instance,) = read(text, FILE).configuration.instances
        return instance

    def notes(self, text: str) -> list[str]:
        return list(read(text, FILE).notes)

    def test_interfaces_become_upstreams_and_downstreams(self) -> None:
        one = self.one(IGMPPROXY)
        self.assertEqual((one.name, one.table), ("igmpproxy", 0))
        self.assertEqual((one.upstreams, one.downstream), (("eth0",), ("eth1", "eth2")))
        self.assertEqual((one.igmp_version, one.mld_version), (3, 0))

    def test_whitelist_becomes_a_filter(self) -> None:
        self.assertEqual(
            self.one(IGMPPROXY).filters,
            (
                FilterConfig("eth0", "upstream", "in", True, (read_rule("239.0.0.0/8"),)),
                FilterConfig(
                    "eth1",
                    "downstream",
                    "out",
                    True,
                    (read_rule("239.1.0.0/16"), read_rule("232.0.0.0/8")),
                ),
                FilterConfig("*", "downstream", "in", True, ()),
            ),
        )

    def test_quickleave_becomes_immediate_leave_of_all_versions(self) -> None:
        def leaves(text: str) -> bool | str:
            settings = downstream_settings(self.one(text), "eth1")
            assert settings is not None
            return settings.immediate_leave

        self.assertEqual(leaves(SMALL), False)
        self.assertEqual(leaves(SMALL + "quickleave"), "always")

    def test_file_sets_what_makes_it_mean_the_same(self) -> None:
        """Any-source joins in 232/8, no querier election, and nothing from downstream goes up."""
        one = self.one(SMALL)
        settings = downstream_settings(one, "eth1")
        assert settings is not None
        self.assertEqual((one.ssm_range, settings.allowed_queriers), ((), ()))
        self.assertEqual(one.boundary, ("239.255.255.250",))
        self.assertEqual(one.filters, (FilterConfig("*", "downstream", "in", True, ()),))

    def test_statement_without_counterpart_is_noted(self) -> None:
        self.assertEqual(
            self.notes(IGMPPROXY),
            [
                "line 3: hashtablesize: not needed, because hosts are tracked one by one",
                "line 4: user: the service manager chooses the user (User= or DynamicUser= in the"
                " unit)",
                "line 5: chroot: the service manager confines the daemon (ProtectSystem= in the"
                " unit)",
                "line 7: altnet: mcproxy accepts all sources from eth0; to accept only these,"
                ' write allow in its filter = ["239.0.0.0/8 | 10.0.0.0/8",'
                ' "239.0.0.0/8 | 192.168.0.0/16"], and the same with the network of eth0',
                f"line 9: {DROPPED}",
                "line 12: altnet: mcproxy accepts reports from all subnets on eth2",
            ],
        )

    def test_threshold_becomes_ttl_threshold_and_ratelimit_is_noted(self) -> None:
        text = SMALL + "threshold 64 ratelimit 0\nphyint eth2 upstream threshold 3 ratelimit 9"
        settings = downstream_settings(self.one(text), "eth1")
        assert settings is not None
        self.assertEqual(settings.ttl_threshold, 64)
        self.assertEqual(
            self.notes(text),
            [
                f"line 1: eth0: {OWN_SOURCES}",
                f"line 2: eth2: {OWN_SOURCES}",
                "line 2: ratelimit: the kernel has no such limit; use a firewall",
                "line 2: threshold: data is sent to eth2 with any TTL above 1",
            ],
        )

    def test_defaultdown_becomes_a_pattern(self) -> None:
        self.assertEqual(self.one("defaultdown phyint up upstream").downstream, ("*",))
        reading = read(SMALL + "phyint eth2 disabled\ndefaultdown", FILE)
        self.assertEqual(reading.configuration.instances[0].downstream, ("eth1", "*", "!eth2"))
        self.assertEqual(reading.notes, (f"line 1: eth0: {OWN_SOURCES}",))

    def test_several_upstreams_become_mutex(self) -> None:
        one = self.one(SMALL + "phyint eth2 upstream")
        self.assertEqual((one.upstreams, one.upstream_join), (("eth0", "eth2"), "mutex"))

    def test_disabled_interface_may_have_any_name(self) -> None:
        self.assertEqual(self.one(SMALL + "phyint eth0:1 disabled").upstreams, ("eth0",))


class MistakeTests(ConfigurationTestCase):
    def refuses(self, text: str | bytes, *expected: str) -> None:
        error = self.assertRaises(ConfigurationError, read, text, FILE)
        self.assertEqual(str(error).split("\n"), [f"{FILE}: {line}" for line in expected])

    def test_unexpected_word_is_refused(self) -> None:
        self.refuses(
            SMALL + "\n  upsteam",
            'line 2, column 3: "upsteam" is not expected here; did you mean upstream?',
        )
        self.refuses(
            "quickleave\n fast",
            'line 2, column 2: "fast" is not expected here; there are phyint, chroot,'
            " defaultdown, hashtablesize, quickleave, rescanvif, user",
            "line 1, column 1: no upstream; write phyint IF upstream",
            "line 1, column 1: no downstream; write phyint IF downstream",
        )

    def test_values_of_an_unexpected_word_are_no_mistakes_of_their_own(self) -> None:
        self.refuses(
            SMALL + "\n  atlnet 10.0.0.0/8 192.168.0.0/24\n  treshold 1",
            'line 2, column 3: "atlnet" is not expected here; did you mean altnet?',
            'line 3, column 3: "treshold" is not expected here; did you mean threshold?',
        )

    def test_missing_word_is_refused(self) -> None:
        self.refuses(
            SMALL + "threshold", 'line 1, column 45: the value after "threshold" is missing'
        )
        self.refuses(SMALL + "user", 'line 1, column 45: the value after "user" is missing')
        self.refuses(SMALL + "phyint", 'line 1, column 45: the value after "phyint" is missing')

    def test_interface_without_a_role_is_not_used(self) -> None:
        """As in igmpproxy, unless defaultdown stands before it."""
        text = "{}phyint eth2 altnet 10.0.0.0/8 " + SMALL
        reading = read(text.format(""), FILE)
        self.assertEqual(reading.configuration.instances[0].downstream, ("eth1",))
        self.assertIn("line 1: phyint eth2: it has no role, so it is not used", reading.notes)
        (one,) = read(text.format("defaultdown "), FILE).configuration.instances
        self.assertEqual(one.downstream, ("eth2", "eth1", "*"))

    def test_first_definition_of_a_repeated_interface_counts(self) -> None:
        reading = read(SMALL + "\nphyint eth1 disabled", FILE)
        self.assertEqual(reading.configuration.instances[0].downstream, ("eth1",))
        self.assertIn(
            "line 2: phyint eth1: left out, because only the definition in line 1 counts",
            reading.notes,
        )

    def test_wrong_value_is_refused(self) -> None:
        self.refuses(SMALL + "ratelimit x", 'line 1, column 55: "x" is not a number')
        self.refuses(
            SMALL + "threshold 256",
            "line 1, column 45: 256 is out of range; use a number from 1 to 255",
        )
        self.refuses(
            SMALL + "\nwhitelist 10.0.0.0/8",
            'line 2, column 11: "10.0.0.0/8" is not a multicast group; groups are in 224.0.0.0/4',
        )
        self.refuses(
            "phyint a/b upstream phyint eth1 downstream",
            "line 1, column 8: no interface can be named \"a/b\": it contains '/';"
            " write the name as `ip link` shows it",
        )
