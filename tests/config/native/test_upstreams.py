"""Several upstreams, no upstream, and interfaces that lead to peers."""

from __future__ import annotations

from mcproxy.config.model import NEVER, InstanceConfig

from ..meaning import downstream_settings
from ..support import ConfigurationTestCase

PEER = '[instance.a]\nupstream = ["up", "peer"]\ndownstream = ["lan1", "peer"]\n'


class UpstreamsTests(ConfigurationTestCase):
    def of(self, *lines: str) -> InstanceConfig:
        return self.instance("\n".join(["[instance.a]", 'downstream = "lan1"', *lines]))

    def test_upstreams_keep_their_order(self) -> None:
        one = self.of('upstream = ["up2", "up1"]')
        self.assertEqual((one.upstreams, one.upstream), (("up2", "up1"), "up2"))

    def test_instance_may_have_no_upstream(self) -> None:
        for lines in ([], ["upstream = []"]):
            one = self.of(*lines)
            self.assertEqual((one.upstreams, one.upstream), ((), ""))

    def test_instance_may_have_an_empty_downstream(self) -> None:
        one = self.instance('[instance.a]\nupstream = "up"\ndownstream = []\n')
        self.assertEqual((one.upstreams, one.downstream), (("up",), ()))

    def test_options_of_several_upstreams_are_read(self) -> None:
        one = self.of('upstream = ["u1", "u2"]')
        self.assertEqual(
            (one.upstream_join, one.mutex_time, one.upstream_data), ("first", 2.0, "all")
        )
        one = self.of('upstream-join = "mutex"', "mutex-time = 1", 'upstream-data = "first"')
        self.assertEqual(
            (one.upstream_join, one.mutex_time, one.upstream_data), ("mutex", 1.0, "first")
        )

    def test_unknown_word_is_refused(self) -> None:
        self.refuses(
            '[instance.a]\ndownstream = "d"\nupstream-join = "all"\nmutex-time = 0\n'
            'upstream-data = "some"\n',
            'instance.a.upstream-join (line 3): "all" is not a valid value'
            " (expected: first, mutex)",
            "instance.a.mutex-time (line 4): 0 is out of range; use a number from 0.1 to 3600",
            'instance.a.upstream-data (line 5): "some" is not a valid value'
            " (expected: all, first, none)",
        )

    def test_hold_time_is_a_number_or_never(self) -> None:
        self.assertEqual(self.of().upstream_hold_time, 10.0)
        for written, meant in (("0", 0.0), ("2.5", 2.5), ('"never"', NEVER)):
            self.assertEqual(self.of(f"upstream-hold-time = {written}").upstream_hold_time, meant)

    def test_report_interval_is_a_number_auto_or_never(self) -> None:
        self.assertEqual(self.of().report_interval, "auto")
        for written, meant in (("60", 60.0), ('"auto"', "auto"), ('"never"', NEVER)):
            self.assertEqual(self.of(f"report-interval = {written}").report_interval, meant)
        text = '[instance.a]\ndownstream = "d"\nreport-interval = {}\n'
        where = "instance.a.report-interval (line 3): "
        self.refuses(
            text.format('"often"'),
            f'{where}"often" is not a number; write digits, without quotes, or "never", or "auto"',
        )
        self.refuses(
            text.format("5"),
            f'{where}5 is out of range; use a number from 10 to 86400, or "never", or "auto"',
        )

    def test_wrong_hold_time_is_refused(self) -> None:
        text = '[instance.a]\ndownstream = "d"\nupstream-hold-time = {}\n'
        where = "instance.a.upstream-hold-time (line 3): "
        for written, told in (
            ("-1", '-1 is out of range; use a number from 0 to 86400, or "never"'),
            ("inf", 'inf is out of range; use a number from 0 to 86400, or "never"'),
            ('"10"', '"10" is not a number; write digits, without quotes, or "never"'),
            ("true", 'true is not a number; write digits, without quotes, or "never"'),
        ):
            self.refuses(text.format(written), where + told)

    def test_instances_may_share_an_upstream(self) -> None:
        text = '[instance.{}]\nupstream = ["up", "{}"]\ndownstream = "{}"\n'
        self.good(text.format("a", "up1", "d1") + text.format("b", "up2", "d2"))

    def test_all_upstreams_count_for_the_kernel_table(self) -> None:
        names = ", ".join(f'"u{number}"' for number in range(20))
        downs = names.replace("u", "d")
        (mistake,) = self.mistakes(f"[instance.a]\nupstream = [{names}]\ndownstream = [{downs}]\n")
        self.assertIn("table 0 would have 40 interfaces, but the kernel allows 32", mistake)


class PeerTests(ConfigurationTestCase):
    def test_interface_may_have_both_roles(self) -> None:
        one = self.instance(PEER + "[instance.a.interface.peer]\nmax-groups = 3\n")
        settings = downstream_settings(one, "peer")
        assert settings is not None
        self.assertEqual(settings.max_groups, 3)
        self.assertIsNone(downstream_settings(one, "up"))

    def test_peer_counts_once_for_the_kernel_table(self) -> None:
        names = ", ".join(f'"d{number}"' for number in range(30))
        self.good(PEER.replace('"lan1"', names))

    def test_peer_in_another_instance_is_refused(self) -> None:
        role = "give each interface one role in one instance"
        self.refuses(
            PEER + '[instance.b]\nupstream = "peer"\ndownstream = "lan2"\n',
            f'instance.b.upstream (line 5): "peer" is also downstream of instance a; {role}',
        )
        self.refuses(
            PEER + '[instance.b]\nupstream = "u"\ndownstream = "peer"\n',
            f'instance.b.downstream (line 6): "peer" is also upstream of instance a; {role}',
        )
