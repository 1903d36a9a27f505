"""What a configuration means for one interface, by the code that plans from it."""

from __future__ import annotations

from mcproxy.config.model import (
    FilterConfig,
    InstanceConfig,
    InterfaceSettings,
    settings_for,
)
from mcproxy.instance.plan.downstream import plan_downstreams
from mcproxy.instance.plan.forwarding import plan_forwarding
from mcproxy.protocol.family import IPV4


def downstream_settings(config: InstanceConfig, name: str) -> InterfaceSettings | None:
    """The settings of ``name``; None if it is not planned as a downstream."""
    if plan_downstreams(config, IPV4, IPV4.current_version).settings(name) is None:
        return None
    return settings_for(name, config.interface) or InterfaceSettings()


def filter_for(config: InstanceConfig, name: str, role: str, direction: str) -> FilterConfig | None:
    """The filter that is planned for an interface; None where there is none."""
    planned = plan_forwarding(config, IPV4, per_source=True).policy
    number = planned.position(name, role, direction)
    return None if number is None else config.filters[number]
