"""Prometheus itself reads a daemon, and its alerts fire for staged faults."""

from __future__ import annotations

from .prometheus import Prometheus
from .running import ONE_INSTANCE, RunningTestCase

CONFIG = """
[defaults]
query-max-response-time = 0.3
last-member-query-interval = 0.2
max-groups = 2
[http]
"""


class PrometheusTests(RunningTestCase):
    expected_levels = (["info"], ["warn"], ["error"])

    def test_alerts_fire_for_staged_faults_and_end_with_them(self) -> None:
        self.run_daemon(CONFIG + ONE_INSTANCE)
        prometheus = Prometheus(self.proxy)
        self.assertEqual(prometheus.value("mcproxy_ready"), 1)

        self.home.join(self.group)
        prometheus.await_alert("McproxyNothingFlows")
        stream = self.server.stream(self.group, source=self.source)
        prometheus.await_alert("McproxyNothingFlows", fires=False)
        self.assertGreater(prometheus.value("rate(mcproxy_data_sent_bytes_total[2s])") or 0, 0)
        self.assertEqual(prometheus.value("mcproxy_join_report_seconds_count"), 1)

        self.assertNotIn("McproxyRefusesHosts", prometheus.firing())
        for group in self.groups[1:3]:
            self.home.join(group)
        prometheus.await_alert("McproxyRefusesHosts")

        self.assertNotIn("McproxyInterfaceDown", prometheus.firing())
        self.proxy.set_link("up", state="down")
        prometheus.await_alert("McproxyInterfaceDown")
        prometheus.await_alert("McproxyImpaired")
        self.proxy.set_link("up", state="up")
        prometheus.await_alert("McproxyInterfaceDown", fires=False)

        self.write_config("[instance.tv]\nupstream = 5\n")
        self.assert_refused("/reload")
        prometheus.await_alert("McproxyReloadRefused")

        stream.stop()
        self.daemon.terminate()
        prometheus.await_alert("McproxyDown")
