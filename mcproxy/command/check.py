"""``mcproxy check``: what is wrong in a configuration file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ..config.errors import ConfigurationError
from ..config.model import InstanceConfig
from ..config.toml import load
from . import DONE, NO


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 if the file can be used, 1 if not."""
    parser = argparse.ArgumentParser("mcproxy check", description=__doc__)
    parser.add_argument("file", metavar="FILE")
    path = parser.parse_args(arguments).file
    try:
        configuration = load(path)
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return NO
    for instance in configuration.instances:
        sys.stdout.write(f"{path}: {_described(instance)}\n")
    return DONE


def _described(instance: InstanceConfig) -> str:
    families = [
        name
        for name, version in (
            (f"IGMPv{instance.igmp_version}", instance.igmp_version),
            (f"MLDv{instance.mld_version}", instance.mld_version),
        )
        if version
    ]
    return (
        f"instance {instance.name}: {instance.upstream} to {', '.join(instance.downstream)} "
        f"({', '.join(families)})"
    )
