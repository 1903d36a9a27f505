"""The filters and the boundary of each instance, with what they denied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ...config.model import FilterConfig
from ...config.rules import ANY, rule_text
from ...protocol.policy.counted import CountedBoundary, CountedFilter, Denied
from ...protocol.policy.filters import FilterRule
from .values import Row, place, short_text

if TYPE_CHECKING:
    from ...instance.instance import ProxyInstance
    from ...proxy import Proxy

BOUNDARY = "boundary"


def rows(proxy: Proxy) -> Iterator[Row | None]:
    """A row for each filter and boundary; ``denied`` counts since they were configured so.

    ``rule`` lists the rules that denied. In a filter that allows, no rule denies but the lack
    of one: there it is ``*``.
    """
    configured = {one.name: one for one in proxy.configuration.instances}
    for instance in list(proxy.instances):
        config = configured.get(instance.planned.instance)
        if config is None:
            continue
        policy = instance.policy
        for filter_, written in zip(policy.filters, config.filters, strict=False):
            if isinstance(filter_, CountedFilter):
                found: list[Row] = []
                for rule, denied in filter_.by_rule():
                    _add(found, _rule_text(rule), denied)
                    yield None
                yield _row(instance, written, filter_, found)
        boundary = policy.within_boundary
        if config.boundary and isinstance(boundary, CountedBoundary):
            yield _boundary(instance, config.boundary, boundary)


def _row(
    instance: ProxyInstance, written: FilterConfig, counted: CountedFilter, found: list[Row]
) -> Row:
    return place(instance, written.interface) | {
        "role": written.role,
        "direction": written.direction,
        "filter": written.name,
        "action": "allow" if written.allow else "deny",
        "rules": len(counted.filter.rules),
        "denied": counted.denials.total,
        "rule": found,
    }


def _boundary(instance: ProxyInstance, ranges: Iterable[str], counted: CountedBoundary) -> Row:
    found: list[Row] = []
    for denied in list(counted.denials.by_cell.values()):
        _add(found, short_text(denied.group), denied)
    return place(instance, "") | {
        "role": BOUNDARY,
        "direction": "",
        "filter": BOUNDARY,
        "action": "deny",
        "rules": len(list(ranges)),
        "denied": counted.denials.total,
        "rule": found,
    }


def _rule_text(rule: FilterRule | None) -> str:
    if rule is None:
        return ANY
    came_from = f" from {rule.came_from}" if rule.came_from else ""
    return rule_text(rule) + came_from


def _add(found: list[Row], rule: str, denied: Denied) -> None:
    """Add denials to those of the same rule."""
    last = {
        "group-address": short_text(denied.group),
        "source-address": ANY if denied.source is None else short_text(denied.source),
    }
    for one in found:
        if one["rule"] == rule:
            one.update(last, denied=one["denied"] + denied.count)
            return
    found.append({"rule": rule, "denied": denied.count} | last)
