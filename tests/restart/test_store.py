"""What the service manager's descriptor store keeps of ours."""

from __future__ import annotations

import os
import socket

from twisted.trial.unittest import SynchronousTestCase

from mcproxy import systemd
from mcproxy.linux.mroute.vif_record import VifRecord
from mcproxy.protocol.family import IPV6
from mcproxy.restart.store import RestartStore


class RestartStoreTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.sent: list[tuple[str, int]] = []
        self.refused = ""
        self.patch(systemd, "_send", self.send)
        self.patch(os, "environ", {"FDSTORE": "9", "NOTIFY_SOCKET": "/nowhere"})
        self.store = RestartStore()

    def send(self, state: str, descriptors: list[int], patience: float) -> bool:
        if self.refused and self.refused in state:
            raise OSError("nobody reads")
        self.sent.append((state, len(descriptors)))
        if "BARRIER" in state:
            os.close(os.dup(descriptors[0]))
        return True

    def names(self) -> list[str]:
        return [state.replace("FDNAME=", "").split("\n")[1] for state, _ in self.sent]

    def test_table_is_kept_with_its_record_and_forgotten(self) -> None:
        record = VifRecord()
        self.addCleanup(record.close)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            self.store.keep_table((IPV6, 7), sock, record)
        self.assertEqual(self.names(), ["ipv6-7-vifs", "ipv6-7"])
        self.assertEqual([count for _, count in self.sent], [1, 1])
        self.store.forget_table((IPV6, 7))
        self.assertEqual(self.names()[2:], ["ipv6-7-vifs", "ipv6-7"])

    def test_state_replaces_the_one_before(self) -> None:
        self.store.keep_state(0)
        kinds = [state.partition("=")[0] for state, _ in self.sent]
        self.assertEqual(kinds, ["FDSTOREREMOVE", "FDSTORE", "BARRIER"])

    def test_state_is_refused_when_the_manager_stops_answering(self) -> None:
        """Otherwise the process would exit, and the kernel would empty its tables."""
        self.refused = "FDSTOREREMOVE"
        self.assertRaises(OSError, self.store.keep_state, 0)
        self.assertFalse(self.store.is_available)

    def test_forgetting_never_fails(self) -> None:
        self.refused = "FDSTORE"
        self.store.forget_state()
        self.store.forget_table((IPV6, 7))
        self.assertEqual(self.sent, [])
