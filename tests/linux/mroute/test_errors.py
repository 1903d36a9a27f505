"""What the operator reads when a table cannot be opened."""

import errno
import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from mcproxy.linux.mroute import errors as mrouteerrors
from mcproxy.linux.mroute import socket as mroute
from mcproxy.linux.mroute.errors import (
    MulticastRoutingError,
    NotPermitted,
    NotSupported,
    TableInUse,
)
from mcproxy.linux.mroute.socket import MulticastTable
from mcproxy.protocol.family import FAMILIES, IPV4, IPV6

INIT, TABLE = 200, 209


class FakeSocket:
    """Refuses one option."""

    def __init__(self, refused: int, number: int) -> None:
        self.refused, self.number = refused, number
        self.closed = False
        self.real = os.open("/dev/null", os.O_RDONLY)

    def fileno(self) -> int:
        return self.real

    def setsockopt(self, level: int, option: int, value: object) -> None:
        if option == self.refused:
            raise OSError(self.number, "refused")

    def close(self) -> None:
        self.closed = True
        os.close(self.real)


class ErrorTests(SynchronousTestCase):
    def refuse(self, kind: type[Exception], option: int, number: int, table: int = 0) -> list[str]:
        told = []
        for family in FAMILIES:
            sock = FakeSocket(option, number)
            self.patch(mroute.socket, "socket", lambda *_, sock=sock: sock)
            error = self.assertRaises(MulticastRoutingError, MulticastTable, family, table)
            self.assertIs(type(error), kind)
            self.assertTrue(sock.closed)
            told.append(str(error))
        return told

    def test_socket_without_permission_names_the_capabilities(self) -> None:
        def refuse(*_: int) -> None:
            raise PermissionError(errno.EPERM, "no")

        self.patch(mroute.socket, "socket", refuse)
        for family in FAMILIES:
            error = self.assertRaises(NotPermitted, MulticastTable, family)
            self.assertIn("CAP_NET_RAW", str(error))

    def test_missing_family_names_the_family_and_the_setting(self) -> None:
        def refuse(*_: int) -> None:
            raise OSError(errno.EAFNOSUPPORT, "no")

        self.patch(mroute.socket, "socket", refuse)
        error = self.assertRaises(NotSupported, MulticastTable, IPV6)
        self.assertIn("IPv6", str(error))
        self.assertIn("MLD", str(error))

    def test_routing_without_permission_names_the_capabilities(self) -> None:
        for text in self.refuse(NotPermitted, INIT, errno.EACCES):
            self.assertIn("CAP_NET_ADMIN", text)
        self.refuse(NotPermitted, TABLE, errno.EPERM, table=5)

    def test_kernel_without_multicast_routing_names_the_option(self) -> None:
        told = self.refuse(NotSupported, INIT, errno.ENOPROTOOPT)
        for text, option in zip(told, ("CONFIG_IP_MROUTE ", "CONFIG_IPV6_MROUTE "), strict=True):
            self.assertIn(option, text)

    def test_kernel_with_one_table_names_the_option(self) -> None:
        for text in self.refuse(NotSupported, TABLE, errno.ENOPROTOOPT, table=5):
            self.assertIn("_MULTIPLE_TABLES", text)

    def test_table_in_use_by_an_unknown_process_is_named(self) -> None:
        self.patch(mrouteerrors, "_raw_socket_inodes", lambda _: {1})
        for text in self.refuse(TableInUse, INIT, errno.EADDRINUSE):
            self.assertIn("default table", text)
            self.assertNotIn("pid", text)
        for text in self.refuse(TableInUse, INIT, errno.EADDRINUSE, table=5):
            self.assertIn("table 5", text)

    def test_program_in_python_is_named_in_place_of_its_interpreter(self) -> None:
        for line, name in (
            ("python3 -m mcproxy run --config /etc/mcproxy.toml", "mcproxy"),
            ("/opt/m/bin/python3 /opt/m/bin/mcproxy run", "mcproxy"),
            ("python3 /usr/bin/twistd3 --nodaemon mcproxy --config x", "mcproxy"),
            ("python3 -u -X dev /usr/bin/pimd-py --config mcproxy.toml", "pimd-py"),
            ("python3 -m other.router x", "other"),
            ("python3 -c code", ""),
            ("python3", ""),
        ):
            self.assertEqual(mrouteerrors.python_program(line.split()), name, line)

    def test_search_for_the_holder_never_fails(self) -> None:
        def fail(_: Path) -> str:
            raise PermissionError(errno.EACCES, "hidden")

        self.patch(Path, "read_text", fail)
        self.assertEqual(mrouteerrors.socket_holders(IPV4), [])
        for text in ("", "header\nshort line\n", "header\n 1: x:y 0 0 0 0 0 0 0 z\n"):
            self.patch(Path, "read_text", lambda _, text=text: text)
            self.assertEqual(mrouteerrors.socket_holders(IPV4), [])

    def test_mcproxy_is_named_whatever_runs_it(self) -> None:
        for comm, words, name in (
            ("python3", ("python3", "-m", "mcproxy", "run"), "mcproxy"),
            ("twistd", ("/usr/bin/twistd", "-n", "mcproxy", "-c", "file"), "mcproxy"),
            ("python3", ("python3", "/opt/bin/mcproxy", "run"), "mcproxy"),
            ("python3", ("python3", "other.py"), "other.py"),
            ("igmpproxy", ("igmpproxy", "mcproxy"), "igmpproxy"),
        ):
            process = Path(self.mktemp())
            process.mkdir()
            process.joinpath("comm").write_text(f"{comm}\n")
            process.joinpath("cmdline").write_text("\0".join([*words, ""]))
            self.assertEqual(mrouteerrors._name_of(process), name)

    def test_kernel_without_pim_is_accepted(self) -> None:
        sock = FakeSocket(208, errno.ENOPROTOOPT)
        self.patch(mroute.socket, "socket", lambda *_: sock)
        table = MulticastTable(IPV4)
        self.assertFalse(sock.closed)
        table.close()
        self.assertTrue(sock.closed)
