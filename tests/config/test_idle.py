"""Settings that never act."""

from __future__ import annotations

from io import BytesIO

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.files import read_input
from mcproxy.config.idle import DEFAULT_SSM_RANGE, idle
from mcproxy.config.native.toml import parse
from mcproxy.protocol.family import IPV4, IPV6

ONE = '[instance.a]\nupstream = "eth0"\ndownstream = "eth1"\n'
TWO = '[instance.a]\nupstream = ["eth0", "eth2"]\ndownstream = "eth1"\n'
FILTER = '[[instance.a.filter]]\ninterface = "eth1"\nrole = "downstream"\ndirection = "out"\n'


class IdleTests(SynchronousTestCase):
    def found(self, text: str) -> list[str]:
        return [str(one) for one in idle(parse(text, "f"))]

    def test_nothing_is_noted_without_such_settings(self) -> None:
        for text in (ONE, TWO, TWO + 'upstream-join = "mutex"\nmutex-time = 3\n'):
            self.assertEqual(self.found(text), [])

    def test_settings_of_several_upstreams_are_noted_where_there_is_one(self) -> None:
        text = ONE + 'upstream-hold-time = 3\nupstream-join = "mutex"\nmutex-time = 1\n'
        hold, join, mutex = self.found(text)
        self.assertIn("f: instance.a.upstream-hold-time (line 4): this acts only in an", hold)
        self.assertIn("f: instance.a.upstream-join (line 5): ", join)
        self.assertIn("f: instance.a.mutex-time (line 6): ", mutex)

    def test_nothing_is_noted_of_a_foreign_file_that_does_not_have_the_setting(self) -> None:
        igmpproxy = "quickleave\nphyint eth0 upstream\nphyint eth1 downstream\n"
        for text in (igmpproxy, "pinstance a: eth0 ==> eth1;\n"):
            self.assertEqual(idle(read_input(BytesIO(text.encode()), "f").configuration), [])

    def test_mutex_time_without_mutex_is_noted(self) -> None:
        [one] = self.found(TWO + "mutex-time = 1\n")
        self.assertIn('this acts only with upstream-join = "mutex"', one)

    def test_mapped_groups_outside_of_the_ssm_range_are_noted(self) -> None:
        for more, groups, is_noted in (
            ("", "239.1.0.0/16 | 192.0.2.1", True),
            ("", "232.1.0.0/16 | 192.0.2.1", False),
            ("", "224.0.0.0/4 | 192.0.2.1", False),
            ("", "ff35::/32 | 2001:db8::1", False),
            ("", "ff15::/32 | 2001:db8::1", True),
            ('ssm-range = ["239.0.0.0/8"]\n', "239.1.0.0/16 | 192.0.2.1", False),
            ('ssm-range = ["239.0.0.0/8"]\n', "232.1.0.0/16 | 192.0.2.1", True),
        ):
            found = self.found(f'{ONE}{more}ssm-map = ["{groups}"]\n')
            self.assertEqual(len(found), is_noted, groups)

    def test_default_ssm_range_is_that_of_the_protocol(self) -> None:
        for one in DEFAULT_SSM_RANGE:
            family = IPV4 if one.version == 4 else IPV6
            for address in (one.network_address, one.broadcast_address):
                self.assertTrue(family.is_ssm(address.packed), one)

    def test_named_filter_that_no_instance_uses_is_noted(self) -> None:
        """One that only an unused filter refers to, too."""
        named = (
            '[filter.b]\nrules = ["239.0.0.1"]\n[filter.c]\nrules = [{ filter = "b" }]\n'
            '[filter.d]\nrules = ["239.0.0.2"]\n'
        )
        for use, expected in (
            ("", ["filter.b", "filter.c", "filter.d"]),
            ('deny = "c"\n', ["filter.d"]),
            ('deny = [{ filter = "b" }, "239.1.1.1"]\n', ["filter.c", "filter.d"]),
        ):
            found = self.found(ONE + (FILTER + use if use else "") + named)
            self.assertEqual([one.split()[1] for one in found], expected)
            self.assertTrue(all("no instance uses this filter" in one for one in found))
