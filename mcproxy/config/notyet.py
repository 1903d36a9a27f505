"""What can be written in a configuration and cannot be done by the daemon yet."""

from __future__ import annotations

from collections.abc import Callable

from .errors import ConfigurationError, Mistake
from .model import Configuration, InstanceConfig
from .places import key_text

_NOT_YET: tuple[tuple[str, str, Callable[[InstanceConfig], bool]], ...] = (
    ("filter", "filters are not available yet", lambda instance: bool(instance.filters)),
)
"""The key of an instance, what to say, and whether the instance needs it."""


def refuse_not_yet(configuration: Configuration) -> Configuration:
    """``configuration``, if all in it can be done; ConfigurationError."""
    mistakes = [
        Mistake(configuration.path or "", key_text(("instance", instance.name, key)), message)
        for instance in configuration.instances
        for key, message, needs in _NOT_YET
        if needs(instance)
    ]
    if mistakes:
        raise ConfigurationError(mistakes)
    return configuration
