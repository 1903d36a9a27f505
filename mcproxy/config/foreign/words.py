"""The words of igmpproxy and of its fork igmpv3proxy, and the words of a file with positions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from .draft import Position

ROLES = ("upstream", "downstream", "disabled", "updownstream")
"""Roles of an interface; the last one is of igmpv3proxy."""

NETS = {"altnet": True, "allowednet": True, "deniednet": False}
"""Words before networks of sources, and whether these are allowed."""

GROUPS = {"whitelist": True, "blacklist": False}
"""Words before prefixes of groups, and whether these are allowed."""

NUMBERS = ("ratelimit", "threshold")
"""Words of an interface before a number."""

FLAGS = (
    "quickleave",
    "defaultdown",
    "defaultup",
    "defaultupdown",
    "defaultfilterany",
    "nodefaultfilter",
    "proxylocalmc",
    "noquerierelection",
    "defaultnoquerierelection",
)
"""Words that have no value."""

SETTINGS = {
    "defaultrobustness": ("robustness-variable", 1),
    "robustnessvalue": ("robustness-variable", 1),
    "defaultqueryinterval": ("query-interval", 1),
    "queryinterval": ("query-interval", 1),
    "defaultqueryrepsonseinterval": ("query-max-response-time", 10),
    "queryrepsonseinterval": ("query-max-response-time", 10),
    "queryresponseinterval": ("query-max-response-time", 10),
    "defaultlastmemberinterval": ("last-member-query-interval", 10),
    "lastmemberinterval": ("last-member-query-interval", 10),
    "defaultthreshold": ("ttl-threshold", 1),
}
"""Words of igmpv3proxy before a number: the setting of [defaults], and its parts of a unit."""

NO_COUNTERPART = {
    "hashtablesize": "not needed, because hosts are tracked one by one",
    "rescanvif": "not needed, because new and removed interfaces are always noticed",
    "user": "the service manager chooses the user (User= or DynamicUser= in the unit)",
    "chroot": "the service manager confines the daemon (ProtectSystem= in the unit)",
    "maxorigins": "not needed; max-group-sources limits the sources of a group",
    "routetables": "not needed, because groups are not hashed by hand",
    "defaultratelimit": "the kernel has no such limit; use a firewall",
    "bwcontrol": "the kernel has no such limit; use a firewall",
    "defaultlastmembercount": "robustness-variable is the number of queries after a leave",
    "defaultquerierip": "queries are sent from the interface's own address",
    "rescanconf": "send SIGHUP, or run mcproxy reload, to have the file read again",
    "loglevel": "write mcproxy run --log-level",
    "logfile": "the log goes to standard error; the service manager stores it",
    "cligroup": "write group = in the table [control]",
}
"""Words before a value that the converted file leaves out, and why."""

KEYWORDS = ("phyint", "defaultquerierver", *FLAGS, *SETTINGS, *NO_COUNTERPART)
"""Words that begin a statement; each ends the interface before it."""

OF_IGMPPROXY = {"quickleave", "defaultdown", "hashtablesize", "rescanvif", "user", "chroot"}
"""Those that igmpproxy has; any other shows a file of igmpv3proxy."""


class Word(NamedTuple):
    """A word of a file; the empty word is its end."""

    text: str
    position: Position


def words(text: str) -> Iterator[Word]:
    """The words of a file without its comments, and its end."""
    number = 0
    for number, row in enumerate(text.split("\n"), 1):
        for found in re.finditer(r"[^\s#]+|#.*", row):
            if not found[0].startswith("#"):
                yield Word(found[0], Position(number, found.start() + 1))
    yield Word("", Position(max(number, 1), 1))
