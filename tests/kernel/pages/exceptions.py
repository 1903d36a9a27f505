"""What of the pages the reader does not run, and why."""

from __future__ import annotations

import re

NOT_RUN = {
    r"apt-get ": "needs the network; .ci/run installs the same packages",
    r"\.ci/(frr|prometheus)": "needs the network; .ci/run runs it",
    r"python3 -m venv ": "the machine has mcproxy installed already",
    r"(\S*/)?pip install ": "needs the network; tests.test_packaging installs a wheel",
    r"make (demo|test|deb)": "takes long; .ci/run runs demo and tests, which build the package",
    r"ansible-playbook ": "needs ten gateways; tests.kernel.test_fleet runs the playbooks on them",
    r"dhclient ": "needs a DHCP server",
    r"journalctl ": "needs systemd; python -m tests tests.kernel.systemd runs the unit",
    r"mcproxy shell": "needs a terminal; tests.kernel.test_manhole logs in",
    r"ssh ": "needs a terminal; tests.kernel.test_manhole logs in",
    r"mcproxy (monitor|top)\b": "waits for events; tests.kernel.test_documented_samples runs it",
}
"""Commands by the beginning of their line, each with the reason."""

KERNEL_MAY_LACK = {
    r"ip link add link (?P<below>\S+) name (?P<name>\S+) type vlan": "the kernel's module 8021q",
    r"ip tunnel add (?P<name>\S+) mode gre": "the kernel's module ip_gre",
}
"""Commands that make an interface of a kind that not every kernel has.

Where the kernel lacks it, the reader gets a pair of virtual Ethernet interfaces instead.
"""


def reason_not_to_run(command: str) -> str | None:
    """Why a command is not run; None if it is run."""
    for begin, reason in NOT_RUN.items():
        if re.match(begin, command):
            return reason
    return None


def lacking_interface(command: str) -> str | None:
    """The name of the interface that a command makes, of a kind that a kernel may lack."""
    for begin in KERNEL_MAY_LACK:
        found = re.match(begin, command)
        if found:
            return found["name"]
    return None
