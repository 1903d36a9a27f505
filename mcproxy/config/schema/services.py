"""The options of the services beside the proxy: control socket, HTTP endpoint and manhole."""

from __future__ import annotations

import attrs

from ..addresses import NO_TEXTS, Texts
from ..paths import CONTROL_SOCKET, HOST_KEY
from .checks import (
    check_file,
    check_host_name,
    check_listen,
    check_mode,
    check_socket,
    check_tcp_address,
)
from .numbers import Flag
from .option import described, option
from .texts import Text, TextList

FILE = Text(check_file, "^/", "an absolute path")


@attrs.frozen
class ManholeConfig:
    """Where the manhole listens, whom it lets in, and the key that it shows.

    ``listen`` is a UNIX socket's path, or ``127.0.0.1:PORT`` or ``[::1]:PORT``. The host key
    is made when it is missing.
    """

    listen: str = attrs.field(
        metadata=described(
            Text(
                check_listen,
                r"^(/|127\.0\.0\.1:[0-9]{1,5}$|\[::1\]:[0-9]{1,5}$)",
                "a path, 127.0.0.1:PORT, [::1]:PORT",
            ),
            "Where the shell listens for SSH: the path of a UNIX socket, or a port on loopback.",
            example='"127.0.0.1:4022"',
        )
    )
    authorized_keys: str = attrs.field(
        metadata=described(
            FILE,
            "The file with the public keys that may log in, one a line, in OpenSSH's format without"
            " options: Ed25519, ECDSA or RSA keys. Other users may not write to the file.",
            example='"/etc/mcproxy/manhole_keys"',
        )
    )
    host_key: str = option(
        HOST_KEY,
        FILE,
        "The file with the daemon's own private key. mcproxy makes it if it is missing. Other users"
        " may not read it.",
        example='"/etc/mcproxy/host_key"',
    )


@attrs.frozen
class ControlConfig:
    """The UNIX socket that commands come to, and who may use it.

    An empty ``socket`` is none. ``mode`` is octal text; ``group`` is a name, or empty for the
    daemon's own group.
    """

    socket: str = option(
        CONTROL_SOCKET,
        Text(check_socket, "^(/|$)", "an absolute path, or empty"),
        'The path of the control socket; ``""`` opens none. The option ``--socket`` of'
        " ``mcproxy run`` overrides it.",
        example='"/run/tv.sock"',
    )
    mode: str = option(
        "0600",
        Text(check_mode, "^0?[67][0-7][0-7]$", "octal digits"),
        "The permissions of the socket. With the default only the daemon's user and root can"
        " use it.",
        example='"0660"',
    )
    group: str = option(
        "",
        Text(allowed="the name of a group"),
        'The group of the socket, of which the daemon\'s user must be a member; ``""`` is the'
        " daemon's own group.",
        example='"operators"',
    )


@attrs.frozen
class HttpConfig:
    """Where the daemon answers HTTP requests that only read, and by which names.

    ``listen`` is ``ADDRESS:PORT`` or ``[ADDRESS]:PORT``; ``allow_remote`` is true if the address
    is not a loopback address.
    """

    listen: str = option(
        "127.0.0.1:9464",
        Text(
            check_tcp_address,
            r"^([0-9.]+|\[[0-9A-Fa-f:.]+(%[^\]]+)?\]):[0-9]{1,5}$",
            "ADDRESS:PORT, [ADDRESS]:PORT",
        ),
        "The address and the port on which the daemon listens. An address other than a loopback"
        " address needs ``allow-remote = true``; the machine need not have it yet.",
        example='"[::1]:9464"',
    )
    allow_remote: bool = option(
        False,
        Flag(),
        "Whether ``listen`` may be an address that other machines can reach. There is no"
        " encryption and no login: whoever reaches the port can read all that ``mcproxy show``"
        " shows.",
        example="true",
    )
    hosts: Texts = option(
        NO_TEXTS,
        TextList(check_host_name, "host names"),
        "Names by which clients may address the daemon, beside ``localhost`` and IP addresses."
        " Requests for other names are refused: so no web site can make a browser read from the"
        " daemon (DNS rebinding).",
        example='["router.example"]',
    )
