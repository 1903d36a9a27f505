"""Packets decoded by tshark, with the problems that it found."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from struct import Struct
from typing import NamedTuple

from twisted.trial.unittest import SkipTest

WARNING = 0x600000
"""The lowest severity of a problem; notes have a lower one."""

_FIELDS = (
    ("igmp.type", "icmpv6.type"),
    ("igmp.version",),
    ("igmp.maddr", "icmpv6.mld.multicast_address", "icmpv6.mldr.mar.multicast_address"),
    ("igmp.saddr", "icmpv6.mld.source_address", "icmpv6.mldr.mar.source_address"),
    ("_ws.malformed",),
    ("_ws.expert.severity",),
    ("_ws.expert.message",),
)
"""The names of the tshark fields of a Reading, for IGMP and for MLD."""

_CHECKED = ("ip.check_checksum:TRUE",)
_SECONDS = 60
_FILE_HEADER, _PACKET_HEADER = Struct("=IHHiIII"), Struct("=IIII")
_MAGIC, _RAW_IP, _LONGEST = 0xA1B2C3D4, 101, 1 << 16
_BETWEEN = "|"


class Reading(NamedTuple):
    """One message: type, version (IGMP only), addresses, and the problems of the packet."""

    type: int
    version: str
    groups: list[str]
    sources: list[str]
    malformed: bool
    severity: int
    remarks: list[str]

    @property
    def is_faultless(self) -> bool:
        """Whether tshark found no problem."""
        return not self.malformed and self.severity < WARNING


def require() -> None:
    """SkipTest if tshark is not installed."""
    if shutil.which("tshark") is None:
        raise SkipTest("tshark is not installed; on Debian: apt-get install tshark")


def read(packets: Iterable[bytes]) -> list[Reading]:
    """Decode IP packets with tshark; it checks all checksums."""
    with tempfile.TemporaryDirectory(prefix="mcproxy-tshark-") as folder:
        file = Path(folder, "packets.pcap")
        file.write_bytes(_pcap(packets))
        fields = [word for names in _FIELDS for name in names for word in ("-e", name)]
        checked = [word for setting in _CHECKED for word in ("-o", setting)]
        form = ["-T", "fields", "-E", "quote=d", "-E", f"aggregator={_BETWEEN}"]
        found = subprocess.run(
            ["tshark", "-n", "-r", str(file), *checked, *form, *fields],
            capture_output=True,
            text=True,
            check=True,
            timeout=_SECONDS,
            # Ignore the tshark settings of the user who runs the tests.
            env={**os.environ, "HOME": folder, "XDG_CONFIG_HOME": folder},
        )
    return [_reading(row) for row in csv.reader(found.stdout.splitlines(), delimiter="\t")]


def _reading(row: list[str]) -> Reading:
    cells = iter(row)
    found = [
        [value for _ in names for value in next(cells).split(_BETWEEN) if value]
        for names in _FIELDS
    ]
    types, versions, groups, sources, malformed, severities, remarks = found
    return Reading(
        type=int(types[0], 0) if types else 0,
        version="".join(versions),
        groups=groups,
        sources=sources,
        malformed=bool(malformed),
        severity=max(map(int, severities), default=0),
        remarks=remarks,
    )


def _pcap(packets: Iterable[bytes]) -> bytes:
    parts = [_FILE_HEADER.pack(_MAGIC, 2, 4, 0, 0, _LONGEST, _RAW_IP)]
    for number, packet in enumerate(packets):
        parts += [_PACKET_HEADER.pack(number, 0, len(packet), len(packet)), packet]
    return b"".join(parts)
