"""What must hold between the values of a configuration."""

from __future__ import annotations

import ipaddress
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import translate
from typing import Any

from .model import InstanceConfig, is_pattern

LONGEST_NAME = 15
MOST_INTERFACES = 32
"""Interfaces of one multicast routing table; the kernel has no room for more."""

_RESERVED_TABLES = {253: "default", 254: "main", 255: "local"}

Wrong = Callable[..., None]
Problem = tuple[str, str]


def interface_mistake(name: Any, patterns: bool) -> Problem | None:
    """What is wrong with ``name`` as that of an interface, and what to do; None if nothing."""
    if not isinstance(name, str):
        return "an interface name is text in quotes", "write it as text"
    if not name:
        return "an interface name cannot be empty", "name an interface"
    if is_pattern(name):
        if not patterns:
            return f'"{name}": a pattern is possible for downstreams only', "name one interface"
        try:
            re.compile(translate(name))
        except re.error:
            return f'"{name}" is no pattern', "use *, ? and [..]"
        name = name.replace("*", "")
    if len(name.encode("utf-8", "surrogatepass")) > LONGEST_NAME:
        return f'no interface can be named "{name}"', f"{LONGEST_NAME} bytes are possible"
    if name in (".", "..") or any(c in "/:\0" or c.isspace() for c in name):
        return (
            f"no interface can be named {name!r}",
            "names have no slash, colon or white space",
        )
    return None


def manhole_mistakes(values: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Key, message and hint for each thing that is wrong in the manhole's table."""
    listen = values.get("listen")
    if listen is not None and not listen.startswith("/") and not _is_loopback(listen):
        yield (
            "listen",
            f'"{listen}" is neither a path nor a loopback address with a port',
            'write "/run/mcproxy/manhole", "127.0.0.1:4022" or "[::1]:4022"',
        )
    for key in ("authorized_keys", "host_key"):
        if key in values and not values[key].startswith("/"):
            yield key.replace("_", "-"), "the path of a file is wanted", "begin it with a slash"


def _is_loopback(listen: str) -> bool:
    host, _, port = listen.rpartition(":")
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    bracketed = host.startswith("[") == (address.version == 6)
    return address.is_loopback and bracketed and port.isdecimal() and 0 < int(port) < 65536


def check_instances(instances: Sequence[InstanceConfig], wrong: Wrong) -> None:
    """Tell ``wrong`` what cannot be within an instance, and between them."""
    for instance in instances:
        where = ("instance", instance.name)
        if instance.upstream in instance.downstream:
            wrong(
                (*where, "downstream"),
                f'"{instance.upstream}" is the upstream of this instance too',
                "an interface has one role",
            )
        if not instance.igmp_version and not instance.mld_version:
            wrong(where, "both families are left out", "set igmp-version or mld-version")
        if instance.table in _RESERVED_TABLES:
            wrong(
                (*where, "table"),
                f"{instance.table} is the system's table {_RESERVED_TABLES[instance.table]}",
                "choose another number, or 0 for the default table",
            )
    _check_roles(instances, wrong)
    _check_room(instances, wrong)


def _check_roles(instances: Sequence[InstanceConfig], wrong: Wrong) -> None:
    upstreams: dict[str, InstanceConfig] = {}
    downstreams: dict[str, InstanceConfig] = {}
    for instance in instances:
        for name in instance.downstream:
            other = downstreams.setdefault(name, instance)
            if other is not instance:
                wrong(
                    ("instance", instance.name, "downstream"),
                    f'"{name}" is a downstream of instance "{other.name}" already',
                    "an interface is downstream of one instance",
                )
        if not instance.upstream:
            continue
        other = upstreams.setdefault(instance.upstream, instance)
        if other.table != instance.table:
            wrong(
                ("instance", instance.name, "upstream"),
                f'"{instance.upstream}" is the upstream of instance "{other.name}" too, '
                f"which has table {other.table}",
                "instances with one upstream need the same table",
            )
    for instance in instances:
        other_role = downstreams.get(instance.upstream)
        if other_role is not None and other_role is not instance:
            wrong(
                ("instance", instance.name, "upstream"),
                f'"{instance.upstream}" is a downstream of instance "{other_role.name}"',
                "an interface has one role",
            )


def _check_room(instances: Iterable[InstanceConfig], wrong: Wrong) -> None:
    tables: dict[int, set[str]] = defaultdict(set)
    for instance in instances:
        names = tables[instance.table]
        before = len(names)
        names.update(n for n in (instance.upstream, *instance.downstream) if not is_pattern(n))
        if before <= MOST_INTERFACES < len(names):
            wrong(
                ("instance", instance.name),
                f"{len(names)} interfaces are too many for table {instance.table}: the kernel "
                f"has room for {MOST_INTERFACES}",
                "give an instance a table of its own with table = NUMBER",
            )
