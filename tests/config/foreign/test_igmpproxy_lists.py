"""Whitelists, blacklists and altnet of igmpproxy, and the words of its fork igmpv3proxy."""

from __future__ import annotations

from mcproxy.config.foreign.draft import Reading
from mcproxy.config.foreign.igmpproxy import read
from mcproxy.config.foreign.prefixes import last_match_allows, read_prefix
from mcproxy.config.model import FilterConfig, InstanceConfig
from mcproxy.config.native.text import toml_text
from mcproxy.config.native.toml import parse
from mcproxy.config.rules import read_rule

from ..meaning import downstream_settings
from ..support import ConfigurationTestCase

FILE = "igmpproxy.conf"
SMALL = "phyint eth0 upstream altnet 0.0.0.0/0\nphyint eth1 downstream\n"
NO_DATA = FilterConfig("*", "downstream", "in", True, ())


def filters_of(reading: Reading) -> list[FilterConfig]:
    """The filters that follow from lists of the file."""
    (one,) = reading.configuration.instances
    return [found for found in one.filters if found != NO_DATA]


class ListTests(ConfigurationTestCase):
    def rules(self, text: str) -> list[FilterConfig]:
        return filters_of(read(text, FILE))

    def test_blacklist_becomes_a_filter_that_denies(self) -> None:
        """Igmpproxy 0.4."""
        self.assertEqual(
            self.rules(SMALL + "blacklist 239.1.0.0/16 blacklist 239.2.0.1"),
            [
                FilterConfig(
                    "eth1",
                    "downstream",
                    "out",
                    False,
                    (read_rule("239.1.0.0/16"), read_rule("239.2.0.1")),
                )
            ],
        )

    def test_last_entry_that_matches_a_group_decides(self) -> None:
        """Whitelists and blacklists of one interface are one list."""
        text = SMALL + "whitelist 239.0.0.0/30 blacklist 239.0.0.1 whitelist 239.0.0.1/32"
        self.assertEqual(
            {rule for one in self.rules(text) for rule in one.rules},
            {read_rule(group) for group in ("239.0.0.0", "239.0.0.2/31", "239.0.0.1")},
        )
        (only,) = self.rules(SMALL + "whitelist 239.0.0.0/31 blacklist 239.0.0.0/24")
        self.assertEqual((only.allow, only.rules), (True, ()))

    def test_subtraction_leaves_the_other_addresses(self) -> None:
        def network(text: str) -> tuple[bool, object]:
            return True, read_prefix(text)[0]

        whole, part = read_prefix("239.0.0.0/24")[0], read_prefix("239.0.0.64/26")[0]
        left = last_match_allows([(True, whole), (False, part)])
        self.assertEqual(sum(one.num_addresses for one in left), 192)
        self.assertFalse(any(one.overlaps(part) for one in left))
        self.assertEqual(last_match_allows([(True, part), (False, whole)]), [])

    def test_entry_with_host_bits_is_left_out_with_a_note(self) -> None:
        """Igmpproxy compares the masked group with the address as written."""
        reading = read(SMALL + "whitelist 239.0.3.0/16 whitelist 239.5.0.0/16", FILE)
        (only,) = filters_of(reading)
        self.assertEqual(only.rules, (read_rule("239.5.0.0/16"),))
        self.assertEqual(
            reading.notes,
            (
                "line 3: 239.0.3.0/16: left out, because igmpproxy matches no group with it; write"
                " 239.0.0.0/16 to match these groups",
            ),
        )

    def test_link_local_group_is_left_out_with_a_note(self) -> None:
        for text in ("224.0.0.251", "224.0.0.0/24"):
            reading = read(f"{SMALL}whitelist {text} whitelist 224.0.0.0/4", FILE)
            (only,) = filters_of(reading)
            self.assertEqual(only.rules, (read_rule("224.0.0.0/4"),))
            self.assertEqual(
                reading.notes,
                (
                    f"line 3: {text}: left out, because groups of link-local scope are never"
                    " forwarded",
                ),
            )

    def test_rules_that_a_note_advises_are_accepted(self) -> None:
        """Bits beyond a prefix, and networks that cannot send, are not advised."""
        text = (
            "phyint eth0 upstream altnet 10.1.2.3/8 altnet 224.0.0.0/4 altnet 192.168.1.0/24{}\n"
            "phyint eth1 downstream"
        )
        for more, how, rules in (
            ("", "a filter with allow", '["* | 10.0.0.0/8", "* | 192.168.1.0/24"]'),
            (
                " whitelist 239.0.0.0/8",
                "allow in its filter",
                '["239.0.0.0/8 | 10.0.0.0/8", "239.0.0.0/8 | 192.168.1.0/24"]',
            ),
        ):
            note = read(text.format(more), FILE).notes[0]
            self.assertIn(f"write {how} = {rules}, and the same", note)
            self.good(
                '[instance.a]\nupstream = "eth0"\ndownstream = "eth1"\n'
                '[[instance.a.filter]]\ninterface = "eth0"\nrole = "upstream"\ndirection = "in"\n'
                f"allow = {rules}\n"
            )


class ForkTests(ConfigurationTestCase):
    """Words that only igmpv3proxy has."""

    def one(self, text: str) -> InstanceConfig:
        (instance,) = read(text, FILE).configuration.instances
        return instance

    def test_settings_become_settings_of_all_downstreams(self) -> None:
        """Each word of the fork has its counterpart."""
        one = self.one(
            "robustnessvalue 3\nqueryinterval 60\nqueryresponseinterval 55\nproxylocalmc\n"
            "defaultthreshold 5 defaultquerierver 2 rescanvif 30 loglevel 4 logfile /tmp/x\n"
            + SMALL
        )
        settings = downstream_settings(one, "eth1")
        assert settings is not None
        self.assertEqual((settings.robustness_variable, settings.query_interval), (3, 60.0))
        self.assertEqual((settings.query_max_response_time, settings.ttl_threshold), (5.5, 5))
        self.assertEqual(one.igmp_version, 2)

    def test_querier_election_is_off_only_where_the_file_says_so(self) -> None:
        for text, expected in (("defaultfilterany\n", None), ("noquerierelection\n", ())):
            settings = downstream_settings(self.one(text + SMALL), "eth1")
            assert settings is not None
            self.assertEqual(settings.allowed_queriers, expected)

    def test_interface_with_both_roles_is_upstream_and_downstream(self) -> None:
        one = self.one("phyint a updownstream\nphyint b updownstream\n")
        self.assertEqual((one.upstreams, one.downstream), (("a", "b"), ("a", "b")))

    def test_lists_have_several_networks_and_whitelists_come_first(self) -> None:
        text = (
            "defaultfilterany\nphyint eth0 upstream allowednet 10.0.0.0/8 11.0.0.0/8\n"
            " deniednet 10.1.0.0/16\nphyint eth1 downstream\n"
            " blacklist 239.0.0.0/31 whitelist 239.0.0.0/30"
        )
        denied, allowed = filters_of(read(text, FILE))
        self.assertEqual(
            denied, FilterConfig("eth0", "upstream", "in", False, (read_rule("* | 10.1.0.0/16"),))
        )
        self.assertEqual(allowed.rules, (read_rule("239.0.0.2/31"),))

    def test_denied_networks_and_groups_of_an_upstream_are_one_filter(self) -> None:
        text = "phyint eth1 downstream\nphyint eth0 upstream deniednet 128.0.0.0/1 64.0.0.0/2 "
        (only,) = filters_of(read(f"{text}whitelist 239.1.0.0/16 239.3.0.0/16", FILE))
        self.assertEqual(
            (only.allow, only.rules),
            (True, (read_rule("239.1.0.0/16 | 0.0.0.0/2"), read_rule("239.3.0.0/16 | 0.0.0.0/2"))),
        )
        (only,) = filters_of(read(f"{text}blacklist 239.1.0.0/16", FILE))
        self.assertFalse(only.allow)
        self.assertEqual(
            set(only.rules),
            set(map(read_rule, ("239.1.0.0/16", "* | 128.0.0.0/1", "* | 64.0.0.0/2"))),
        )

    def test_filter_beside_lists_of_an_interface_is_refused_with_its_line(self) -> None:
        each = "filter 0.0.0.0/0 239.9.0.0/16 allow"
        for lists in ("whitelist 239.1.0.0/16", "deniednet 10.0.0.0/8"):
            text = f"phyint eth1 downstream\nphyint eth0 upstream {lists}\n{each}"
            with self.assertRaisesRegex(Exception, "line 3.*eth0 has filter beside whitelist"):
                read(text, FILE)

    def test_filters_of_one_kind_become_rules(self) -> None:
        allow = "filter 10.0.0.0/8 239.0.0.0/8 up allow filter 0.0.0.0/0 232.1.0.0/16 allow"
        (only,) = filters_of(read(f"{SMALL}{allow}", FILE))
        self.assertEqual(
            (only.allow, only.rules),
            (True, (read_rule("239.0.0.0/8 | 10.0.0.0/8"), read_rule("232.1.0.0/16 | *"))),
        )
        deny = "filter 0.0.0.0/0 239.9.0.0/16 block filter 0.0.0.0/0 224.0.0.0/4 allow"
        (only,) = filters_of(read(f"{SMALL}{deny}", FILE))
        self.assertEqual((only.allow, only.rules), (False, (read_rule("239.9.0.0/16 | *"),)))
        with self.assertRaisesRegex(Exception, "the filters of eth1 mix allow and block"):
            read(f"{SMALL}{deny} {allow}", FILE)


class CommentTests(ConfigurationTestCase):
    def test_converted_file_says_what_each_setting_is_for(self) -> None:
        reading = read("quickleave\n" + SMALL, FILE)
        text = toml_text(reading.document, reading.comments)
        for line in (
            "# quickleave ends a stream at the last leave, without a query.\n"
            'immediate-leave = "always"\n',
            "# igmpproxy queries its downstreams whoever else does.\nallowed-queriers = []\n",
            "# igmpproxy accepts joins without sources in every group.\nssm-range = []\n",
            "# igmpproxy joins all groups, also behind an IGMPv2 querier.\nssm-fallback = true\n",
            '# igmpproxy never joins SSDP upstream.\nboundary = ["239.255.255.250"]\n',
            "# igmpproxy forwards no data that comes from downstream.\n"
            "[[instance.igmpproxy.filter]]\n",
        ):
            self.assertIn(line, text)
        self.assertEqual(parse(text).instances, reading.configuration.instances)

    def test_source_specific_groups_are_reported_behind_an_igmpv2_querier(self) -> None:
        """RFC 4604 leaves them out; the kernel joins for igmpproxy, and for its fork."""
        for text in (SMALL, f"defaultfilterany\n{SMALL}"):
            (one,) = read(text, FILE).configuration.instances
            self.assertTrue(one.ssm_fallback, text)
