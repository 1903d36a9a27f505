"""What can be seen, from outside, of a program that forwards: packets and messages."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from mcproxy.lab.capture import Capture
from mcproxy.protocol.family import text
from mcproxy.protocol.wire.packets import Leave, OldReport, Report

from .messages import messages_on

A, B, SSM, OTHER, LAN, SSDP = (
    "239.1.0.1",
    "239.1.0.2",
    "232.1.0.1",
    "239.9.0.1",
    "239.1.0.9",
    "239.255.255.250",
)
CHOSEN = "232.1.0.2"
"""The group of which a host names the source."""

GROUPS = (A, B, SSM, OTHER, LAN, SSDP, CHOSEN)

LEFT = (A, OTHER, CHOSEN)
"""What the first downstream leaves; the second still wants OTHER."""


class Place(NamedTuple):
    """What one place saw of one stream: ``hops`` are left of the packets."""

    place: str
    group: str
    source: str
    hops: int


Message = tuple[str, str]
"""What a message on an upstream says of a group: its name and the group."""


class Seen(NamedTuple):
    """What is seen in the steps of a scene.

    ``messages`` are those of each upstream and step, without repetitions.
    """

    packets: list[Counter[Place]]
    messages: dict[str, list[list[Message]]]

    def note(self, links: dict[str, Capture]) -> None:
        """Note the new messages of a step."""
        for name, link in links.items():
            steps = self.messages[name]
            latest = {group: message for step in steps for message, group in step}
            new = []
            for message, group in spoken(link):
                if latest.get(group) != message:
                    latest[group] = message
                    new.append((message, group))
            steps.append(new)
            link.clear()

    def joined(self) -> list[set[str]]:
        """The groups that were joined at each upstream."""
        joins = ("TO_EX", "ALLOW", "v2 report")
        return [
            {group for step in steps for name, group in step if name in joins}
            for steps in self.messages.values()
        ]


def was_left(place: Place) -> bool:
    """Whether nobody on the link wants the group any more."""
    return place.place == "home" and place.group in LEFT


def counted(places: dict[str, Capture]) -> Counter[Place]:
    """The packets that each place received since the last time."""
    found = Counter(
        Place(place, one.group, one.source, one.hops)
        for place, link in places.items()
        for one in link.data()
    )
    for link in places.values():
        link.clear()
    return found


def spoken(link: Capture) -> list[Message]:
    """What the proxy's messages on an upstream say of the groups of the scene."""
    said: list[Message] = []
    for message in messages_on(link):
        packet: Any = message.packet
        match packet:
            case OldReport():
                said.append((f"v{packet.version} report", text(packet.group)))
            case Leave():
                said.append(("leave", text(packet.group)))
            case Report():
                said += [(SHORT[one.type.name], text(one.group)) for one in packet]
    return [one for one in said if one[1] in GROUPS]


SHORT = {
    "CHANGE_TO_EXCLUDE_MODE": "TO_EX",
    "CHANGE_TO_INCLUDE_MODE": "TO_IN",
    "ALLOW_NEW_SOURCES": "ALLOW",
    "BLOCK_OLD_SOURCES": "BLOCK",
    "MODE_IS_EXCLUDE": "IS_EX",
    "MODE_IS_INCLUDE": "IS_IN",
}
