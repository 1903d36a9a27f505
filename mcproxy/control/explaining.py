"""GET /explain: gathers the evidence about one group, and explains it.

What the daemon knows is read at once. A reading of the kernel's counters and a capture on all links
run side by side, then a thread looks at the machine. Several requests may do so at the same time;
there are at most MOST_CAPTURES captures.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from ..config.model import UPSTREAM
from ..diagnosis.capturing import capture
from ..diagnosis.evidence import Capture, Evidence
from ..diagnosis.explain import explain
from ..diagnosis.facts import HostFacts, collect
from ..diagnosis.findings import Finding
from ..diagnosis.situation import DaemonState, Situation
from ..diagnosis.stream import stream_findings
from ..instance.plan.plan import InstancePlan, Plan
from ..protocol.family import FAMILIES, Address, Family, packed, text
from .explained_instances import chosen, evidence_of, strict_interfaces
from .requests import BadRequestError
from .views.interfaces import rows as interface_rows

if TYPE_CHECKING:
    from ..linux.mroute.counters import Entries
    from ..proxy import Proxy
    from ..routing.readings import Reading, TableKey

SHORTEST_CAPTURE, LONGEST_CAPTURE = 0.5, 45.0
"""Seconds; the first is what a request without ``capture`` gets."""

MOST_CAPTURES = 4
"""Captures at a time: each occupies a thread."""

_free_captures = BoundedSemaphore(MOST_CAPTURES)
"""Of the whole process, since each connection has an Explainer of its own."""

_ROWS_A_TURN = 50

KEYS = ("group", "source", "interface", "instance", "capture")


@dataclass(frozen=True, slots=True)
class ExplainRequest:
    """What is to be explained; ``capture`` is in seconds, None means any."""

    family: Family
    group: Address
    source: Address | None = None
    interface: str | None = None
    instance: str | None = None
    capture: float = SHORTEST_CAPTURE


def parse_request(query: str) -> ExplainRequest:
    """The request in a query string; BadRequestError."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError as error:
        raise BadRequestError(f"the query string is malformed: {error}") from error
    values = dict(pairs)
    for key in values:
        if key not in KEYS:
            raise BadRequestError(f"unknown key {key!r}; the keys are {', '.join(KEYS)}")
    group = _address("group", values.get("group", ""))
    family = next(one for one in FAMILIES if one.address_size == len(group))
    if not family.is_multicast(group):
        raise BadRequestError(
            f"group: {text(group)} is no multicast address (expected: one of 224.0.0.0/4 or"
            " ff00::/8)"
        )
    source = _address("source", values["source"]) if "source" in values else None
    if source is not None and (len(source) != len(group) or not family.is_source(source)):
        raise BadRequestError(
            f"source: {text(source)} cannot be a source of {text(group)} (expected: a unicast"
            " address of the same family, not link-local)"
        )
    return ExplainRequest(
        family,
        group,
        source,
        values.get("interface"),
        values.get("instance"),
        _seconds(values.get("capture")),
    )


def _address(key: str, value: str) -> Address:
    if "%" in value:
        raise BadRequestError(f"{key}: {value!r} names an interface; give that as interface=NAME")
    try:
        return packed(value)
    except ValueError as error:
        raise BadRequestError(f"{key}: {error} (expected: an IP address)") from error


def _seconds(value: str | None) -> float:
    try:
        seconds = SHORTEST_CAPTURE if value is None else float(value)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds <= LONGEST_CAPTURE:
        raise BadRequestError(
            f"capture: {value!r} is not a number of seconds (expected: more than 0, at most"
            f" {LONGEST_CAPTURE:.0f})"
        )
    return max(seconds, SHORTEST_CAPTURE)


class Explainer:
    """Answers GET /explain: why a group does or does not reach a link."""

    log = Logger()

    def __init__(self, proxy: Proxy, reactor: Any) -> None:
        self._proxy = proxy
        self._reactor = reactor

    async def answer(self, query: str) -> dict[str, object]:
        """The explanation, as ``mcproxy explain --json`` prints it; BadRequestError."""
        asked = parse_request(query)
        proxy = self._proxy
        instances = chosen(proxy, asked.family, asked.instance)
        if not instances:
            named = f" named {asked.instance}" if asked.instance else ""
            raise BadRequestError(f"there is no {asked.family.name} instance{named}")
        strict = strict_interfaces(instances)
        if not _free_captures.acquire(blocking=False):
            raise BadRequestError(
                f"{MOST_CAPTURES} explanations are being made already; ask again in some seconds"
            )
        capturing = self._capture(asked, strict)
        reading = await proxy.routing.sampler.read([asked.group])
        seen = await capturing
        rows = await self._interfaces()
        found = [
            evidence_of(proxy, instance, asked.group, asked.source, asked.interface, rows, reading)
            for instance in instances
        ]
        if asked.interface is None:
            found = [one for one in found if _wants(one)] or found
        else:
            found = [one for one in found if _has(one)] or found[:1]
        found = [replace(one, capture=seen) for one in found if one.links]
        if not found:
            raise BadRequestError(f"no {asked.family.name} instance has a downstream")
        return explain(await self._look(asked, found, rows, reading)).as_answer()

    async def _look(
        self,
        asked: ExplainRequest,
        found: list[Evidence],
        rows: list[dict[str, Any]],
        reading: Reading,
    ) -> list[Evidence]:
        """Add what a thread finds out about the machine."""
        proxy = self._proxy
        up_time = proxy.timer.now() - proxy.since
        daemon = DaemonState(os.getpid(), up_time, tuple(rows), frozenset({asked.group}))
        entries = {key: one.entries for key, one in reading.histories.items()}
        try:
            completed: list[Evidence] = await self._in_thread(
                _look_at_machine, proxy.plan, daemon, asked, found, entries
            )
            return completed
        except OSError as error:
            self.log.warn("explain: cannot look at this machine: {reason}", reason=error.strerror)
            return found

    async def _interfaces(self) -> list[dict[str, Any]]:
        """The rows of all interfaces; other work has its turn in between."""
        rows = []
        for row in interface_rows(self._proxy):
            rows.append(row)
            if len(rows) % _ROWS_A_TURN == 0:
                await deferLater(self._reactor, 0)
        return rows

    def _capture(self, asked: ExplainRequest, strict: Collection[str]) -> Deferred[Capture]:
        capturing: Deferred[Capture] = self._in_thread(
            _capture, asked, strict, lambda: self._proxy.stopping
        )

        def end(result: Any) -> Any:
            _free_captures.release()
            return result

        return capturing.addBoth(end)

    def _in_thread(self, function: Any, *arguments: object) -> Deferred[Any]:
        pool = self._reactor.getThreadPool()
        return deferToThreadPool(self._reactor, pool, function, *arguments)


def _wants(evidence: Evidence) -> bool:
    return any(link.group is not None for link in evidence.links)


def _has(evidence: Evidence) -> bool:
    return any(link.is_configured for link in evidence.links)


# -- in a thread


def _capture(asked: ExplainRequest, strict: Collection[str], is_cancelled: Any) -> Capture:
    try:
        return capture(asked.family, asked.group, asked.capture, strict, is_cancelled)
    except OSError as error:  # the counters must do
        return Capture(0.0, failure=error.strerror or str(error))


def _look_at_machine(
    plan: Plan,
    daemon: DaemonState,
    asked: ExplainRequest,
    found: list[Evidence],
    entries: dict[TableKey, Entries],
) -> list[Evidence]:
    sources = {packed(name) for one in found for name in _sources(one)}
    facts = collect((), sorted(sources), with_routes=False)
    by_name = {one.name: one for one in plan.instances}
    return [
        _complete(one, plan, by_name[one.instance], facts, daemon, asked, sources, entries)
        for one in found
        if one.instance in by_name
    ]


def _complete(
    evidence: Evidence,
    plan: Plan,
    of: InstancePlan,
    facts: HostFacts,
    daemon: DaemonState,
    asked: ExplainRequest,
    sources: Collection[Address],
    entries: dict[TableKey, Entries],
) -> Evidence:
    situation = Situation(facts, replace(plan, instances=(of,)), daemon)
    links = {one.name for one in evidence.links} | {one.name for one in evidence.upstreams}
    ports = {one.port for one in evidence.capture.arrived if one.port is not None}
    findings: list[Finding] = list(
        stream_findings(situation, asked.group, sorted(sources), links, sorted(ports))
    )
    table = entries.get((of.family, of.table))
    return replace(
        evidence,
        findings=tuple(findings),
        entries=None if table is None else sum(1 for _ in _of_group(table, asked)),
        links=tuple(
            replace(link, mtu=found.mtu if (found := facts.link(link.name)) else None)
            for link in evidence.links
        ),
    )


def _of_group(table: Entries, asked: ExplainRequest) -> Iterator[bytes]:
    size = asked.family.address_size
    return (key for key in list(table) if key[size : 2 * size] == asked.group)


def _sources(evidence: Evidence) -> Iterator[str]:
    """The sources that are known of the group."""
    if evidence.source is not None:
        yield evidence.source
        return
    upstreams = {name for name, role in evidence.roles.items() if role.startswith(UPSTREAM)}
    for one in evidence.capture.arrived:
        if not one.is_leaving and one.interface in upstreams:
            yield one.source
    for link in evidence.links:
        if link.group is not None and link.group["filter-mode"] == "include":
            for source in link.group["source"]:
                yield source["source-address"]
