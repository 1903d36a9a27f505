"""FRR as a multicast router: zebra and pimd, or pim6d for IPv6, on a node of the lab."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest

from mcproxy.lab.daemon import Daemon
from mcproxy.lab.node import Node
from mcproxy.lab.waiting import wait_until
from mcproxy.protocol.family import IPV4, Family

UNPACKED = "/opt/mcproxy-tests/frr"
"""Where ``.ci/frr`` unpacks FRR of a newer Debian: Debian 12 has no pim6d."""

PLACES = (("/usr/lib/frr", "/usr/bin"), (UNPACKED, UNPACKED))
"""Folders of the daemons, each with that of vtysh."""

AS_MEMBER = 'mount --bind "$0" /etc/group && exec "$@"'
"""Runs a program with another /etc/group: FRR wants its user in the group frrvty.

Another user than root would not do: then the kernel forgets that FRR is to die with us.
"""

STEADY = """
interface {interface}
 {ip} pim
"""

ROUTER = """
interface {interface}
 {ip} pim
 {ip} {mld}
 {ip} {mld} version {version}
 {ip} {mld} query-max-response-time 5
 {ip} {mld} query-interval 2
 {ip} {mld} last-member-query-interval 2
"""
"""Of an interface with hosts. Response times are in tenths of a second."""


class FrrRouter:
    """Runs FRR on ``node``: it routes between ``inner`` interfaces, and to hosts on ``outer``.

    ``rp`` is the rendezvous point of the groups in ``any_source``. It queries in ``version``, by
    default the current one. SkipTest where FRR is missing.
    """

    def __init__(
        self,
        node: Node,
        family: Family,
        rp: str,
        any_source: str,
        inner: tuple[str, ...],
        outer: str = "",
        version: int = 0,
    ) -> None:
        name = "pimd" if family is IPV4 else "pim6d"
        self._daemons, self._tools = find_frr(name)
        self._node = node
        self._folder = tempfile.TemporaryDirectory(prefix="mcproxy-frr-")
        node.keep(self)
        self._group = Path(self._folder.name, "group")
        self._group.write_text("root:x:0:\nfrrvty:x:1:root\n", encoding="ascii")
        for path in ("ipv4/conf/all/forwarding", "ipv6/conf/all/forwarding"):
            node.sysctl(path, 1)
        words = {"ip": "ip", "mld": "igmp"} if family is IPV4 else {"ip": "ipv6", "mld": "mld"}
        version = version or family.current_version
        config = [f"{words['ip']} pim rp {rp} {any_source}"]
        config += [STEADY.format(interface=one, **words) for one in inner]
        config += [ROUTER.format(interface=outer, version=version, **words)] if outer else []
        self._words = words
        self._run("zebra", "")
        self._run(name, "\n".join(config))

    def close(self) -> None:
        """Remove its files; the daemons end with the node."""
        self._folder.cleanup()

    def groups(self, interface: str) -> set[str]:
        """What its hosts want, by ``show ip igmp groups`` or ``show ipv6 mld groups``."""
        shown = self.show(self._words["mld"], "groups").get(interface, {})
        return {one["group"] for one in shown.get("groups", ())}

    def sources(self, interface: str, group: str) -> set[str]:
        """The sources of a group that its hosts name."""
        if self._words["mld"] == "mld":
            found = self.show("mld", "joins")["default"].get(interface, {})
            return set(found.get(group, ()))
        shown = self.show("igmp", "sources").get(interface, {})
        return {one["source"] for one in shown[group]["sources"]} if group in shown else set()

    def show(self, *words: str) -> Any:
        """The answer to ``show ip WORDS json``, or of IPv6."""
        command = f"show {self._words['ip']} {' '.join(words)} json"
        shell = f"{self._tools}/vtysh"
        return json.loads(self._node.run(shell, "--vty_socket", self._folder.name, "-c", command))

    def _run(self, name: str, config: str) -> None:
        place = self._folder.name
        Path(place, f"{name}.conf").write_text(config, encoding="utf-8")
        daemon = Daemon(
            self._node,
            command=(
                *("unshare", "--mount", "sh", "-c", AS_MEMBER, str(self._group)),
                *(f"{self._daemons}/{name}", "-f", f"{place}/{name}.conf"),
                *("-i", f"{place}/{name}.pid", "-z", f"{place}/zserv.api", "-P", "0"),
                *("--vty_socket", place, "-u", "root", "-g", "root"),
                *("--log", f"file:{place}/{name}.log"),
            ),
        )

        def is_ready() -> bool:
            assert daemon.process.poll() is None, f"{name} ended: {daemon.lines}"
            return Path(place, f"{name}.vty").exists()

        wait_until(is_ready, 20, f"{name} does not start")


def find_frr(name: str) -> tuple[str, str]:
    """The folders of FRR's daemon ``name`` and of vtysh; SkipTest where it is missing."""
    for daemons, tools in PLACES:
        if os.access(f"{daemons}/{name}", os.X_OK):
            return daemons, tools
    remedy = "apt-get install frr" + (", on Debian 12: .ci/frr" if name == "pim6d" else "")
    raise SkipTest(f"{name} of FRR is not installed: {remedy}")
