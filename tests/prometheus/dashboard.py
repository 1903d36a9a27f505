"""``python -m tests.prometheus.dashboard`` writes etc/grafana/mcproxy.json from ``panels``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..source import PROJECT
from .panels import HEATMAP, QUESTIONS, STAT, TABLE, TIME_SERIES, Panel

FILE = PROJECT / "etc/grafana/mcproxy.json"

_WIDTH = 24
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}

_OPTIONS: dict[str, dict[str, Any]] = {
    TIME_SERIES: {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    STAT: {
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "textMode": "value_and_name",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    },
    TABLE: {"showHeader": True},
    HEATMAP: {
        "calculate": False,
        "cellGap": 1,
        "color": {"mode": "scheme", "scheme": "Blues", "steps": 64},
        "yAxis": {"unit": "s"},
    },
}


def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana stores it."""
    return {
        "uid": "mcproxy",
        "title": "mcproxy",
        "description": "The IGMP and MLD proxy mcproxy, by the questions of its operator.",
        "tags": ["multicast"],
        "timezone": "browser",
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "schemaVersion": 39,
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": list(_variables())},
        "panels": list(_panels()),
    }


def _variables() -> Iterator[dict[str, Any]]:
    yield {"name": "datasource", "type": "datasource", "label": "Prometheus", "query": "prometheus"}
    for name, label in (("instance", "daemon"), ("proxy", "proxy instance")):
        metric = "mcproxy_ready" if name == "instance" else "mcproxy_impairments"
        yield {
            "name": name,
            "type": "query",
            "label": label,
            "datasource": _SOURCE,
            "query": f"label_values({metric}, {name})",
            "includeAll": True,
            "multi": True,
            "refresh": 2,
            "sort": 1,
        }


def _panels() -> Iterator[dict[str, Any]]:
    number, top = 0, 0
    for question, panels in QUESTIONS.items():
        number += 1
        place = {"x": 0, "y": top, "w": _WIDTH, "h": 1}
        yield {
            "id": number,
            "type": "row",
            "title": question,
            "collapsed": False,
            "gridPos": place,
            "panels": [],
        }
        top, left, height = top + 1, 0, 0
        for panel in panels:
            if left + panel.width > _WIDTH:
                top, left, height = top + height, 0, 0
            number += 1
            yield _panel(panel, number, left, top)
            left, height = left + panel.width, max(height, panel.height)
        top += height


def _panel(panel: Panel, number: int, left: int, top: int) -> dict[str, Any]:
    targets = []
    for letter, query in zip("ABCDEF", panel.queries, strict=False):
        target: dict[str, Any] = {
            "refId": letter,
            "datasource": _SOURCE,
            "expr": query.expression,
            "legendFormat": query.legend or "__auto",
        }
        if panel.kind == TABLE:
            target |= {"format": "table", "instant": True}
        elif panel.kind == HEATMAP:
            target |= {"format": "heatmap"}
        targets.append(target)
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.text,
        "datasource": _SOURCE,
        "gridPos": {"x": left, "y": top, "w": panel.width, "h": panel.height},
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "options": _OPTIONS[panel.kind],
        "targets": targets,
    }


def text() -> str:
    """The file."""
    return json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    print(f"{FILE}: written")
