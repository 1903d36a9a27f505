"""``mcproxy check``: finds the mistakes that would keep the daemon from starting with a file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ..config.errors import ConfigurationError
from ..config.files import read, usable
from ..config.model import Configuration, InstanceConfig
from ..config.not_recommended import not_recommended
from ..exit_codes import DONE, NO
from ..instance.plan import compile_plan


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 if the daemon could start with the file, 1 if not."""
    told = "Find the mistakes in a configuration file."
    parser = argparse.ArgumentParser("mcproxy check", description=told)
    parser.add_argument("file", metavar="FILE", help="a configuration file")
    path = parser.parse_args(arguments).file
    try:
        reading = usable(read(path), path)
        compile_plan(reading.configuration)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return NO
    print(f"{path}: good: {summary(reading.configuration)}")
    for one in not_recommended(reading.configuration):
        print(f"warning: {one}")
    for note in reading.notes:
        print(f"{path}: note: {note}")
    return DONE


def summary(configuration: Configuration) -> str:
    """The instances and their interfaces, in one line."""
    return "; ".join(_described(instance) for instance in configuration.instances)


def _described(instance: InstanceConfig) -> str:
    protocols = [
        f"{name}v{version}"
        for name, version in (("IGMP", instance.igmp_version), ("MLD", instance.mld_version))
        if version
    ]
    where = f", table {instance.table}" if instance.table else ""
    return f"{instance.name} {_ways(instance)} ({', '.join(protocols)}{where})"


def _ways(instance: InstanceConfig) -> str:
    downstream = ", ".join(instance.downstream)
    if not instance.upstreams:
        return f"among {downstream}"
    return f"from {', '.join(instance.upstreams)} to {downstream}"
