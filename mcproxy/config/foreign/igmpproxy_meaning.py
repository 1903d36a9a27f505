"""The native document that means the same as a file of igmpproxy or igmpv3proxy.

igmpproxy differs from the defaults of mcproxy. The document sets what makes it the same, each
with a comment; a note says what differs all the same.
"""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

from ..errors import Wrong
from ..model import DOWNSTREAM, IN, OUT, UPSTREAM
from .draft import ForeignDraft, Position
from .igmpproxy_file import File, Phyint
from .prefixes import (
    LINK_LOCAL,
    MULTICAST,
    all_but,
    can_send,
    last_match_allows,
    read_prefix,
)
from .words import Word

INSTANCE = "igmpproxy"
"""The name of the one instance of a file."""

SSDP = "239.255.255.250"

_WHERE = ("instance", INSTANCE)
_COMMENTS = {
    ("defaults", "allowed-queriers"): "igmpproxy queries its downstreams whoever else does.",
    ("defaults", "immediate-leave"): "quickleave ends a stream at the last leave, without a query.",
    (*_WHERE, "ssm-range"): "igmpproxy accepts joins without sources in every group.",
    (*_WHERE, "ssm-fallback"): "igmpproxy joins all groups, also behind an IGMPv2 querier.",
    (*_WHERE, "boundary"): "igmpproxy never joins SSDP upstream.",
    (*_WHERE, "upstream-join"): "igmpproxy joins each group on all upstreams.",
}
_NO_DATA_UP = "igmpproxy forwards no data that comes from downstream."


class Meaning:
    """Writes the native document of ``file`` into ``draft``."""

    def __init__(self, draft: ForeignDraft, file: File) -> None:
        self._draft = draft
        self._file = file
        self._table: dict[str, Any] = {UPSTREAM: [], DOWNSTREAM: [], "mld-version": 0}
        self._filters: list[dict[str, Any]] = []
        self._phyints: dict[str, Phyint] = {}

    def write(self) -> None:
        """Put the whole file into the draft."""
        self._draft.locate(_WHERE, Position(1, 1))
        self._first_definitions()
        self._defaults()
        self._links()
        for one in self._phyints.values():
            self._note_sources(one)
            self._note_limits(one)
            self._thresholds(one)
            self._group_filters(one)
            self._fork_filters(one)
        if not self._file.is_fork:
            self._same_as_igmpproxy()
        if self._filters:
            self._table["filter"] = self._filters
        self._draft.document["instance"][INSTANCE] = self._table
        for where, text in _COMMENTS.items():
            self._draft.comment(where, text)

    # -- the whole file

    def _first_definitions(self) -> None:
        """Find each interface's definition; a second one does not count."""
        for one in self._file.phyints:
            name = one.name.text
            if name in self._phyints:
                line = self._phyints[name].name.position.line
                self._draft.note(
                    one.name.position,
                    f"phyint {name}: left out, because only the definition in line {line} counts",
                )
                continue
            self._phyints[name] = one
            if not one.role:
                one.role = DOWNSTREAM if one.is_default_down else "disabled"
                if one.role == "disabled":
                    text = f"phyint {name}: it has no role, so it is not used"
                    self._draft.note(one.name.position, text)

    def _defaults(self) -> None:
        defaults: dict[str, Any] = {}
        flags = self._file.flags
        if "quickleave" in flags:
            defaults["immediate-leave"] = "always"
        if not self._file.is_fork or not flags.keys().isdisjoint(
            ("noquerierelection", "defaultnoquerierelection")
        ):
            defaults["allowed-queriers"] = []
        for key, (word, value) in self._file.settings.items():
            defaults[key] = value
            self._draft.locate(("defaults", key), word.position)
        if defaults:
            self._draft.document["defaults"] = defaults
        if self._file.version is not None and self._file.version[1] is not None:
            self._table["igmp-version"] = self._file.version[1]
            self._draft.locate((*_WHERE, "igmp-version"), self._file.version[0].position)
        for name in ("defaultup", "defaultupdown"):
            if name in flags:
                text = f"{name} is left out: list the upstreams by phyint"
                self._draft.note(flags[name].position, text)
        if "proxylocalmc" in flags:
            text = "proxylocalmc is left out: 224.0.0.0/24 is never forwarded"
            self._draft.note(flags["proxylocalmc"].position, text)
        if "defaultfilterany" not in flags and self._file.is_fork:
            self._draft.note(
                Position(1, 1), "igmpv3proxy: interfaces without a list or filter allow all groups"
            )

    def _links(self) -> None:
        for one in self._phyints.values():
            for role in (UPSTREAM, DOWNSTREAM):
                if one.role in (role, "updownstream"):
                    self._table[role].append(one.name.text)
                    self._draft.locate((*_WHERE, role), one.name.position)
        if "defaultdown" in self._file.flags:
            disabled = [one.name.text for one in self._phyints.values() if one.role == "disabled"]
            self._table[DOWNSTREAM] += ["*", *(f"!{name}" for name in disabled)]
        for role in (UPSTREAM, DOWNSTREAM):
            if not self._table[role]:
                self._draft.mistake(Position(1, 1), f"no {role}", f"write phyint IF {role}")
        if len(self._table[UPSTREAM]) > 1:
            self._table["upstream-join"] = "mutex"
        self._table["ssm-fallback"] = True

    def _same_as_igmpproxy(self) -> None:
        self._table["ssm-range"] = []
        self._table["boundary"] = [SSDP]
        self._filter("*", DOWNSTREAM, IN, Position(1, 1), allow=[])
        self._draft.comment((*_WHERE, "filter", len(self._filters) - 1), _NO_DATA_UP)

    # -- one interface

    def _note_sources(self, one: Phyint) -> None:
        networks = [(allow, self._checked_network(word)) for allow, word in one.nets]
        denied, role = self._denied(one), self._role(one)
        if denied and not (one.groups and role == UPSTREAM):
            position = one.nets[0][1].position
            self._filter(one.name.text, role, IN, position, deny=[f"* | {n}" for n in denied])
        allowed = [found[0] for allow, found in networks if found and allow]
        if one.role == UPSTREAM and not denied:
            self._note_altnet(one, allowed)
        elif allowed:
            text = f"altnet: mcproxy accepts reports from all subnets on {one.name.text}"
            self._draft.note(one.nets[0][1].position, text)

    def _denied(self, one: Phyint) -> list[IPv4Network]:
        """The networks of sources that are denied at an interface."""
        networks = [self._network(word) for allow, word in one.nets if not allow]
        return [found[0] for found in networks if found is not None and can_send(found[0])]

    def _note_altnet(self, one: Phyint, networks: list[IPv4Network]) -> None:
        """Say how to accept data only from the sources that igmpproxy accepts."""
        sources = [network for network in networks if can_send(network)]
        groups = self._allowed_groups(one) or ["*"]
        rules = [f'"{group} | {_any(source)}"' for group in groups for source in sources]
        name = one.name.text
        if any(not source.prefixlen for source in sources):
            return
        if not rules or any(not allow for allow, _ in one.groups):
            self._draft.note(
                one.name.position,
                f"{name}: mcproxy accepts all sources; igmpproxy accepts only those of the"
                " interface's own network and of altnet",
            )
            return
        how = "allow in its filter" if one.groups else "a filter with allow"
        self._draft.note(
            one.nets[0][1].position,
            f"altnet: mcproxy accepts all sources from {name}; to accept only these, write {how}"
            f" = [{', '.join(dict.fromkeys(rules))}], and the same with the network of {name}",
        )

    def _note_limits(self, one: Phyint) -> None:
        option, value = one.numbers.get("ratelimit", (None, None))
        if option is not None and value:
            self._draft.note(
                option.position, "ratelimit: the kernel has no such limit; use a firewall"
            )

    def _thresholds(self, one: Phyint) -> None:
        option, value = one.numbers.get("threshold", (None, None))
        if option is None or value in (None, 1):
            return
        if one.role != DOWNSTREAM:
            text = f"threshold: data is sent to {one.name.text} with any TTL above 1"
            self._draft.note(option.position, text)
            return
        settings = self._table.setdefault("interface", {})
        settings[one.name.text] = {"ttl-threshold": value}
        where = (*_WHERE, "interface", one.name.text)
        self._draft.locate((*where, "ttl-threshold"), option.position)

    def _group_filters(self, one: Phyint) -> None:
        """The filter for the groups that are joined at an interface: by us, or by its hosts."""
        if not one.groups or one.role == "disabled":
            return
        for _, word in one.groups:
            self._note_useless(word)
        position, role = one.groups[0][1].position, self._role(one)
        if role == UPSTREAM:
            self._draft.note(
                position,
                f"whitelist: data of groups that it does not allow is dropped as well, should"
                f" {one.name.text} deliver any",
            )
        direction = IN if role == UPSTREAM else OUT
        denied = self._denied(one) if role == UPSTREAM else []
        if any(allow for allow, _ in one.groups):
            rules = self._allowed_groups(one)
            if denied:
                rules = [f"{group} | {_any(n)}" for group in rules for n in all_but(denied)]
            self._filter(one.name.text, role, direction, position, allow=rules)
        else:
            rules = [str(network) for _, network in self._groups(one)]
            rules += [f"* | {network}" for network in denied]
            self._filter(one.name.text, role, direction, position, deny=rules)

    def _allowed_groups(self, one: Phyint) -> list[str]:
        entries = self._groups(one)
        if self._file.is_fork:  # which looks at whitelists first
            entries.sort(key=lambda entry: not entry[0])
        return [str(network) for network in last_match_allows(entries)]

    def _groups(self, one: Phyint) -> list[tuple[bool, IPv4Network]]:
        """The entries of an interface's lists that can match a forwarded group."""
        found = [(allow, self._network(word)) for allow, word in one.groups]
        return [
            (allow, read[0])
            for allow, read in found
            if read is not None and read[1] and not read[0].subnet_of(LINK_LOCAL)
        ]

    def _fork_filters(self, one: Phyint) -> None:
        """Filters of igmpv3proxy, of which the first that matches counts, and denial at the end."""
        if not one.filters or one.role == "disabled":
            return
        word = one.filters[0].word
        if one.groups or (self._denied(one) and self._role(one) == UPSTREAM):
            self._draft.mistake(
                word.position,
                f"{one.name.text} has filter beside whitelist, blacklist or deniednet",
                "write all of them as filter",
            )
            return
        rules, allows = [], [statement.allow for statement in one.filters]
        for statement in one.filters:
            group = self._checked_network(statement.group)
            source = self._checked_network(statement.source)
            if group is not None and source is not None:
                every = MULTICAST.subnet_of(group[0])
                rules.append(f"{'*' if every else group[0]} | {_any(source[0])}")
        role = self._role(one)
        direction = IN if role == UPSTREAM else OUT
        if all(allows):
            self._filter(one.name.text, role, direction, word.position, allow=rules)
        elif allows[-1] and not any(allows[:-1]) and rules[-1:] == ["* | *"]:
            self._filter(one.name.text, role, direction, word.position, deny=rules[:-1])
        else:
            self._draft.mistake(
                word.position,
                f"the filters of {one.name.text} mix allow and block",
                "write only allow, or only block with a last filter that allows all",
            )

    # -- parts

    @staticmethod
    def _role(one: Phyint) -> str:
        return DOWNSTREAM if one.role == DOWNSTREAM else UPSTREAM

    def _filter(
        self, interface: str, role: str, direction: str, position: Position, **rules: list[str]
    ) -> None:
        self._draft.locate((*_WHERE, "filter", len(self._filters)), position)
        written = {"interface": interface, "role": role, "direction": direction}
        self._filters.append(written | rules)

    @staticmethod
    def _network(word: Word) -> tuple[IPv4Network, bool] | None:
        try:
            return read_prefix(word.text)
        except Wrong:
            return None

    def _note_useless(self, word: Word) -> None:
        """Note that an entry of a list can match no forwarded group."""
        found = self._checked_network(word)
        if found is None:
            return
        network, is_exact = found
        if not is_exact:
            self._draft.note(
                word.position,
                f"{word.text}: left out, because igmpproxy matches no group with it; write"
                f" {network} to match these groups",
            )
        elif network.subnet_of(LINK_LOCAL):
            text = f"{word.text}: left out, because groups of link-local scope are never forwarded"
            self._draft.note(word.position, text)

    def _checked_network(self, word: Word) -> tuple[IPv4Network, bool] | None:
        """The network that ``word`` names; a mistake is noted."""
        try:
            return read_prefix(word.text) if word.text else None
        except Wrong as wrong:
            self._draft.mistake(word.position, wrong.message, wrong.hint)
            return None


def _any(network: IPv4Network) -> str:
    return "*" if network.prefixlen == 0 else str(network)
