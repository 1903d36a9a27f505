"""The watch reports deleted policy rules of multicast routing tables."""

import socket
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.linux.mroute.watch import RouteWatch
from mcproxy.linux.netlink.frame import INT, attribute
from mcproxy.protocol.family import IPV4, IPV6

from ..messages import message

IPMR, IP6MR = 128, 129
NEW_RULE, DELETED_RULE = 32, 33
TABLE, INTERFACE = 15, 3


def rule(family: int, table: int, interface: bytes = b"", kind: int = DELETED_RULE) -> bytes:
    """A struct fib_rule_hdr with attributes, as the kernel sends it."""
    body = bytes([family, 0, 0, 0, table & 255, 0, 0, 1]) + bytes(4)
    body += attribute(TABLE, INT.pack(table))
    if interface:
        body += attribute(INTERFACE, interface + b"\0")
    return message(kind, body)


class RuleTests(SynchronousTestCase):
    def reported(self, *parts: bytes) -> list[Any]:
        """The rules that are reported; nothing else is."""
        rules: list[Any] = []
        watch = RouteWatch(self.fail, self.fail, self.fail, lambda *rule: rules.append(rule))
        watch.datagramReceived(b"".join(parts), [], (0, 0))
        return rules

    def test_deleted_rules_are_reported_with_table_and_interface(self) -> None:
        found = self.reported(rule(IPMR, 77, b"eth0"), rule(IP6MR, 999_999, b"a.1"))
        self.assertEqual(found, [(IPV4, 77, "eth0"), (IPV6, 999_999, "a.1")])

    def test_deleted_rule_of_the_default_table_is_for_all_interfaces(self) -> None:
        self.assertEqual(
            self.reported(rule(IPMR, 253), rule(IP6MR, 254)), [(IPV4, 0, ""), (IPV6, 0, "")]
        )

    def test_unicast_and_new_rules_are_not_reported(self) -> None:
        found = self.reported(
            rule(socket.AF_INET, 77, b"eth0"),
            rule(socket.AF_INET6, 77, b"eth0"),
            rule(IPMR, 77, b"eth0", kind=NEW_RULE),
        )
        self.assertEqual(found, [])

    def test_rule_without_attributes_raises_nothing(self) -> None:
        self.assertEqual(self.reported(message(DELETED_RULE, bytes([IPMR]))), [(IPV4, 0, "")])
