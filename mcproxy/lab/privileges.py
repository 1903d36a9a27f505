"""The right to make network namespaces, for everybody who may make user namespaces."""

from __future__ import annotations

import os
import sys

from .namespace import CLONE_NEWNET, Namespace, unshare

CLONE_NEWUSER = 0x10000000
_INSIDE = "MCPROXY_LAB_INSIDE"


class NoRightsError(Exception):
    """This user cannot make network namespaces; the message says what to do."""


def ensure_network_rights() -> None:
    """Return with the right to make network namespaces, or raise NoRightsError.

    Without it the program starts itself again as the root of a user namespace of its own,
    with the same arguments; the caller must not have threads yet.
    """
    try:
        Namespace().close()
        return
    except OSError as error:
        if os.environ.get(_INSIDE):
            raise NoRightsError(
                f"no network namespaces even as root of a user namespace: {error}"
            ) from error
    user, group = os.getuid(), os.getgid()
    try:
        unshare(CLONE_NEWUSER | CLONE_NEWNET)
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"0 {user} 1")
        _write("/proc/self/gid_map", f"0 {group} 1")
    except OSError as error:
        raise NoRightsError(
            f"not permitted to make network namespaces ({error.strerror}): run as root, or let "
            "users make user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
            "user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns=0)"
        ) from error
    os.environ[_INSIDE] = "1"
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
