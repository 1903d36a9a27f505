"""The right to make network namespaces, for every user who may make user namespaces."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from .namespace import CLONE_NEWNET, Namespace, unshare

CLONE_NEWUSER = 0x10000000

_CAPABILITIES = {"CAP_NET_ADMIN": 12, "CAP_NET_RAW": 13, "CAP_SYS_ADMIN": 21}

_OBSTACLES = {
    "/proc/sys/kernel/unprivileged_userns_clone": ("0", "kernel.unprivileged_userns_clone=1"),
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": (
        "1",
        "kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    "/proc/sys/user/max_user_namespaces": ("0", "user.max_user_namespaces=1000"),
    "/proc/sys/user/max_net_namespaces": ("0", "user.max_net_namespaces=1000"),
}
"""Settings that forbid it: the value that does, and the sysctl that permits it."""


class NoRightsError(Exception):
    """This user cannot make network namespaces; the message says what to do."""


def ensure_network_rights() -> None:
    """Return with the right to make network namespaces, or raise NoRightsError.

    A process without this right becomes root of its own user namespace, and moves from the
    machine's network into an empty one. The kernel allows that only to a process without
    threads, so call this before anything starts one.
    """
    try:
        if not has_network_rights():
            _become_root_of_user_namespace()
        # A trial, because a security module may deny what the capabilities allow.
        Namespace().close()
    except OSError as error:
        raise NoRightsError(_explain(error)) from error


def has_network_rights() -> bool:
    """Whether this process has the capabilities that a lab needs."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("CapEff:"):
            effective = int(line.split()[1], 16)
            return all(effective >> bit & 1 for bit in _CAPABILITIES.values())
    return False


def _become_root_of_user_namespace() -> None:
    user, group = os.geteuid(), os.getegid()
    unshare(CLONE_NEWUSER)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"0 {user} 1")
    _write("/proc/self/gid_map", f"0 {group} 1")
    # Leaving a namespace also needs rights on the one to return to.
    unshare(CLONE_NEWNET)


def _explain(error: OSError) -> str:
    text = f"not permitted to make network namespaces ({error.strerror})"
    if error.errno == errno.EINVAL:
        return f"{text}: the program has threads already; run it as root"
    cures = [cure for path, (value, cure) in _OBSTACLES.items() if _holds(path, value)]
    if cures:
        return f"{text}: run as root, or set " + " and ".join(f"sysctl {cure}" for cure in cures)
    return f"{text}: run as root, or where user namespaces are allowed (not so in most containers)"


def _holds(path: str, value: str) -> bool:
    try:
        return Path(path).read_text(encoding="ascii").strip() == value
    except OSError:
        return False


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
