"""The manhole's service, keys and shell."""

from __future__ import annotations

import io
import os
import sys
from typing import Any
from unittest import mock

from twisted.conch.insults.insults import ServerProtocol
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import ServerFactory
from twisted.internet.testing import MemoryReactor, StringTransport
from twisted.trial.unittest import SynchronousTestCase

from mcproxy.config.model import ManholeConfig
from mcproxy.control.manhole import ManholeService, make_service
from mcproxy.control.shell import Shell, namespace
from mcproxy.control.views import counters
from mcproxy.protocol.family import IPV6


class BusyReactor:
    """A reactor on which every port is in use."""

    def listenTCP(self, port: int, factory: object, interface: str) -> Any:
        raise CannotListenError(interface, port, OSError(98, "Address already in use"))


class ServiceTests(SynchronousTestCase):
    def test_loopback_address_is_split_into_host_and_port(self) -> None:
        for listen, host in (("127.0.0.1:4022", "127.0.0.1"), ("[::1]:4022", "::1")):
            reactor = MemoryReactor()
            ManholeService(reactor, listen, ServerFactory()).privilegedStartService()
            self.assertEqual(reactor.tcpServers[0][0], 4022)
            self.assertEqual(reactor.tcpServers[0][3], host)

    def test_path_is_a_unix_socket_for_its_owner(self) -> None:
        reactor, path = MemoryReactor(), os.path.abspath(self.mktemp())
        ManholeService(reactor, path, ServerFactory()).privilegedStartService()
        self.assertEqual(reactor.unixServers[0][0], path)
        self.assertEqual(reactor.unixServers[0][3], 0o600)

    def test_address_in_use_fails_the_start_with_the_address(self) -> None:
        service = ManholeService(BusyReactor(), "127.0.0.1:4022", ServerFactory())
        error = self.assertRaises(OSError, service.privilegedStartService)
        self.assertEqual(
            str(error), "the manhole cannot listen on 127.0.0.1:4022: Address already in use"
        )
        self.assertIsNone(self.successResultOf(service.stopService()))

    def test_file_in_the_socket_s_place_fails_the_start(self) -> None:
        path = os.path.abspath(self.mktemp())
        with open(path, "w") as file:
            file.write("mine")
        service = ManholeService(MemoryReactor(), path, ServerFactory())
        error = self.assertRaises(OSError, service.privilegedStartService)
        self.assertIn(f"cannot listen on {path}: a file of this name exists", str(error))

    def test_service_has_a_name(self) -> None:
        config = ManholeConfig("127.0.0.1:4022", "/keys", self.mktemp())
        self.assertEqual(make_service(MemoryReactor(), config, mock.Mock()).name, "manhole")


class ShellTests(SynchronousTestCase):
    def test_functions_print_the_state(self) -> None:
        proxy = mock.Mock(instances=[], upstreams=[])
        proxy.sender.sent = {("eth1", "query"): 3}
        proxy.sender.failed = proxy.receiver.dropped = proxy.routing.tables = {}
        names = namespace(proxy)
        self.assertIs(names["proxy"], proxy)
        output = io.StringIO()
        self.patch(sys, "stdout", output)
        names["counters"]()
        self.assertEqual(
            output.getvalue(),
            "[{'count': 3, 'interface': 'eth1', 'kind': 'query', 'what': 'sent'}]\n",
        )
        for name in ("instances", "groups", "routes"):
            output.truncate(output.seek(0))
            names[name]()
            self.assertEqual(output.getvalue(), "[]\n")

    def shell(self, *lines: str) -> tuple[str, bool]:
        """What a session shows after these lines, and whether it has ended."""
        transport = StringTransport()
        server = ServerProtocol(Shell, {"proxy": None})
        server.makeConnection(transport)
        for line in lines:
            server.dataReceived(line.encode() + b"\r")
        return transport.value().decode(), transport.disconnecting

    def test_exit_and_all_that_raises_systemexit_ends_the_session_alone(self) -> None:
        for line in ("exit()", "quit()", "exit(3)", "raise SystemExit", "import sys; sys.exit(1)"):
            output, ended = self.shell("1 + 1", line)
            self.assertTrue(ended, line)
            self.assertNotIn("Traceback", output)
        self.assertFalse(self.shell("1 + 1")[1])

    def test_help_is_printed_and_waits_for_no_key(self) -> None:
        output, ended = self.shell("help()")
        for name in ("instances()", "counters()", "exit()"):
            self.assertIn(f"\n{name}", output.replace("\r", ""))
        output, _ = self.shell("help(print)")
        self.assertIn("built-in function print in module builtins", output)
        self.assertFalse(ended)

    def test_functions_that_wait_for_the_terminal_are_refused(self) -> None:
        for name in ("input", "breakpoint", "license", "credits", "copyright"):
            output, ended = self.shell(f"{name}()")
            self.assertIn(f"RuntimeError: {name}() is not possible here", output)
            self.assertFalse(ended)

    def test_counters_show_what_the_kernel_refused_by_table(self) -> None:
        proxy = mock.Mock(instances=[], upstreams=[])
        proxy.sender.sent = proxy.sender.failed = proxy.receiver.dropped = {}
        refused = {"entry": 4, "vif": 0}
        proxy.routing.tables = {(IPV6, 77): mock.Mock(refused=refused)}
        row = {"interface": "", "what": "refused by the kernel", "kind": "entry", "count": 4}
        self.assertEqual(list(counters.rows(proxy)), [row | {"family": "ipv6", "table": 77}])
