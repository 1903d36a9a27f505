"""Commands that an operator can copy."""

from __future__ import annotations


def set_for(interface: str, family: str, setting: str, value: int) -> str:
    """The command that sets a kernel setting of one interface; ``family`` is ipv4 or ipv6."""
    return f"sysctl -w {_key(interface, family, setting)}={value}"


def set_for_all_and(interface: str, family: str, setting: str, value: int) -> str:
    """The command that sets it for all interfaces and for this one."""
    both = (f"{_key(name, family, setting)}={value}" for name in ("all", interface))
    return f"sysctl -w {' '.join(both)}"


def _key(interface: str, family: str, setting: str) -> str:
    # sysctl separates by dots, so that a dot in a name becomes a slash.
    return f"net.{family}.conf.{interface.replace('.', '/')}.{setting}"
