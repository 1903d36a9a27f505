"""The doctor finds missing rights, other routers, foreign rules and low limits."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from mcproxy.diagnosis.facts import collect
from mcproxy.lab.daemon import Daemon
from mcproxy.protocol.family import IPV4

from ..source import PROJECT
from .doctoring import CONFIG, DoctorTestCase


class KernelTests(DoctorTestCase):
    def test_missing_rights_are_found(self) -> None:
        file = Path(self.mktemp()).absolute()
        file.write_text(CONFIG, encoding="utf-8")
        program = [sys.executable, "-m", "mcproxy", "doctor", "--config", str(file)]
        program += ["--socket", self.socket]
        process = self.proxy.popen(
            ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw", *program],
            stdout=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
        )
        output, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1)
        self.assertIn("Cause: This user does not have CAP_NET_RAW", " ".join(output.split()))
        for block in output.split("\n\n")[:2]:
            self.assert_documented(block)
        self.assertNotIn("ok       kernel", output)
        self.assertNotIn("ok       firewall", output)

    def test_other_router_is_found(self) -> None:
        Daemon(self.proxy, CONFIG + "mld-version = 0\n").wait_ready()
        self.assert_finds("other-router", "in the default table of the kernel: mcproxy", shown=True)

    def test_other_router_of_ipv6_is_found(self) -> None:
        config = CONFIG + "igmp-version = 0\n"
        Daemon(self.proxy, config).wait_ready()
        self.assert_finds("other-router", "routes IPv6 multicast", config=config)

    def test_another_table_is_free(self) -> None:
        Daemon(self.proxy, CONFIG).wait_ready()
        self.assert_healthy(CONFIG + "table = 7\n")

    def test_other_router_of_another_table_is_found(self) -> None:
        config = CONFIG + "table = 7\nmld-version = 0\n"
        Daemon(self.proxy, config).wait_ready()
        self.assert_finds("other-router", "in table 7 of the kernel", config=config)

    def test_policy_rule_to_another_table_is_found(self) -> None:
        self.ip("mrule add iif up lookup 100")
        found = self.assert_finds("policy-rule", "from up to table 100", shown=True)
        self.proxy.run(*found["command"].split())
        self.assert_healthy()

    def test_policy_rule_of_ipv6_is_found(self) -> None:
        self.ip("-6 mrule add iif down1 lookup 100")
        found = self.assert_finds("policy-rule", "IPv6 multicast from down1 to table 100")
        self.proxy.run(*found["command"].split())
        self.assert_healthy()

    def test_facts_are_those_of_the_calling_threads_namespace(self) -> None:
        """The daemon collects them in a thread."""
        self.proxy.sysctl("ipv4/conf/down1/rp_filter", 2)
        self.proxy.sysctl("ipv4/igmp_max_memberships", 77)
        with ThreadPoolExecutor(1) as pool:
            facts = pool.submit(self.proxy.namespace.call, collect, ((IPV4, 0),)).result()
        link = facts.link("down1")
        assert link is not None
        self.assertEqual({one.name for one in facts.links.values()}, {"lo", "up", "down1"})
        self.assertEqual(facts.settings[link.index].rp_filter, 2)
        self.assertEqual(facts.memberships_limit, 77)
        self.assertEqual({route.oif for route in facts.routes[IPV4]}, facts.links.keys() - {1})

    def test_low_limit_of_memberships_is_found(self) -> None:
        self.proxy.sysctl("ipv4/igmp_max_memberships", 1)
        self.assert_finds("memberships-limit", "join 1 groups only", shown=True)

    def test_configuration_that_cannot_be_used_is_found(self) -> None:
        config = CONFIG + 'table = "seven"\n'
        self.assert_finds("configuration", "instance.tv.table", config=config, shown=True)
