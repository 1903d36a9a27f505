"""``mcproxy check``: finds the mistakes that would keep the daemon from starting with a file."""

from __future__ import annotations

import argparse
import socket
import sys
from collections.abc import Iterator, Sequence

from ..config.errors import ConfigurationError, Mistake
from ..config.files import usable
from ..config.idle import idle
from ..config.model import IN, UPSTREAM, Configuration, InstanceConfig
from ..config.not_recommended import not_recommended
from ..config.notable import notable
from ..config.paths import CONFIGURATION
from ..exit_codes import DONE, NO
from ..instance.forced_versions import forced_versions
from ..instance.missing import exists_now, missing, named, notes_of
from ..instance.plan.group_ranges import is_among
from ..instance.plan.plan import Plan, compile_plan
from ..instance.plan.versions import own_version, version_of
from ..protocol.family import FAMILIES, IPV4, IPV6, Family, packed
from .input_file import add_file, read_file
from .parsers import make_parser


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 if the daemon could start with the file, 1 if not."""
    path = parser().parse_args(arguments).file
    try:
        name, reading = read_file(path)
        usable(reading, name)
        plan = compile_plan(reading.configuration)
        lacks = _lacks(reading.configuration)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return NO
    print(f"{name}: good: {summary(reading.configuration)}")
    for one in (*not_recommended(reading.configuration), *lacks):
        print(f"warning: {one}")
    for text in forced_versions(plan, _existing(plan)):
        print(f"warning: {text}")
    absent = notes_of(missing(plan, exists_now))
    roles = [one.text for one in notable(reading.configuration)]
    for mistake in idle(reading.configuration):
        print(f"note: {mistake}")
    for note in (*reading.notes, *absent, *roles, *advice(reading.configuration)):
        print(f"{name}: note: {note}")
    return DONE


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    made = make_parser(
        "check",
        "Check a configuration file: print all its mistakes, each with its place and a remedy, or "
        "what the file configures, with warnings and notes. Nothing is started.",
        ("check", "check new.toml", "check - < new.toml"),
    )
    add_file(made, "the file", CONFIGURATION)
    return made


def _lacks(configuration: Configuration) -> list[Mistake]:
    """What [control] and [manhole] miss on this machine; ConfigurationError where that is fatal."""
    if configuration.control is None and configuration.manhole is None:
        return []
    from ..control.machine import look  # it imports much

    found = list(look(configuration))
    if any(one.refuses for one in found):
        raise ConfigurationError(one.mistake for one in found if one.refuses)
    return [one.mistake for one in found]


def _existing(plan: Plan) -> set[str]:
    """The interfaces of this machine, also by the alternative names that the plan has."""
    every = {name for _, name in socket.if_nameindex()}
    return every | {name for _, name in named(plan) if exists_now(name)}


SSDP = {IPV4: "239.255.255.250", IPV6: "ff05::c"}
"""The groups by which devices of a home find each other; hardly anybody wants them outside."""


def advice(configuration: Configuration) -> Iterator[str]:
    """What works, and is perhaps not what was meant."""
    for instance in configuration.instances:
        groups = [
            group
            for family, group in SSDP.items()
            if version_of(instance, family)
            and not is_among(instance.boundary, family)(packed(group))
        ]
        filtered = any((one.role, one.direction) == (UPSTREAM, IN) for one in instance.filters)
        if groups and instance.upstreams and not filtered:
            shown = ", ".join(f'"{group}"' for group in groups)
            yield (
                f"instance {instance.name} joins SSDP upstream when a host does, and sends the"
                f" hosts' searches there; to keep SSDP at home, write boundary = [{shown}]"
            )


def summary(configuration: Configuration) -> str:
    """The instances and their interfaces, in one line."""
    return "; ".join(_described(instance) for instance in configuration.instances)


def _described(instance: InstanceConfig) -> str:
    protocols = [part for family in FAMILIES for part in _versions(instance, family)]
    where = f", table {instance.table}" if instance.table else ""
    return f"{instance.name} {_ways(instance)} ({', '.join(protocols)}{where})"


def _versions(instance: InstanceConfig, family: Family) -> Iterator[str]:
    """The version of the instance, and those of interfaces that have another one."""
    usual = version_of(instance, family)
    if not usual:
        return
    yield f"{family.protocol}v{usual}"
    for name, settings in instance.interface.items():
        own = own_version(settings, family)
        if own is not None and own != usual:
            yield f"{family.protocol}v{own} on {name}"


def _ways(instance: InstanceConfig) -> str:
    downstream = ", ".join(instance.downstream)
    if not instance.upstreams:
        return f"among {downstream}"
    return f"from {', '.join(instance.upstreams)} to {downstream}"
