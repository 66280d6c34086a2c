"""Dashboards with one fault each, and the fault that must be found in the picture."""

import copy
from typing import Any

Json = dict[str, Any]

NOW = 1_795_000_000.0
SINCE = NOW - 600
SOURCE = {"type": "prometheus", "uid": "${ds}"}


def series(labels: dict[str, str], value: float = 1.0) -> Json:
    """Return a series of ten minutes."""
    return {"metric": labels, "values": [[SINCE + 10 * step, str(value)] for step in range(61)]}


def point(labels: dict[str, str], value: float = 1.0) -> Json:
    """Return a series with one point."""
    return {"metric": labels, "value": [NOW, str(value)]}


def panel(kind: str, options: Json, **more: Any) -> Json:
    """Return a panel with one query and no fault."""
    steps = [{"value": None, "color": "green"}, {"value": 90, "color": "red"}]
    defaults = {"unit": "none", "noValue": "no data", "custom": {}, "mappings": []}
    defaults |= {"thresholds": {"mode": "absolute", "steps": steps}, "color": {"mode": "thresholds"}}
    target = {"refId": "A", "datasource": SOURCE, "expr": "x", "legendFormat": "{{node}}"}
    return {
        "id": 1,
        "type": kind,
        "title": "Panel",
        "description": "What is asked?",
        "datasource": SOURCE,
        "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8},
        "targets": [target],
        "options": options,
        "fieldConfig": {"defaults": defaults | more.pop("defaults", {}), "overrides": more.pop("overrides", [])},
        **more,
    }


REDUCE: Json = {"values": False, "calcs": ["lastNotNull"], "fields": ""}
LEGEND: Json = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
STAT: Json = {"graphMode": "none", "colorMode": "value", "justifyMode": "auto", "textMode": "value_and_name"}
STAT |= {"orientation": "auto", "reduceOptions": REDUCE}
BARS: Json = {
    "displayMode": "basic",
    "valueMode": "text",
    "namePlacement": "left",
    "sizing": "manual",
    "minVizHeight": 16,
}
BARS |= {"maxVizHeight": 40, "orientation": "horizontal", "reduceOptions": REDUCE}
NODES = [{"node": "edge-1"}, {"node": "edge-2"}]
SERIES, POINTS = [series(labels) for labels in NODES], [point(labels) for labels in NODES]


def lines(**more: Any) -> Json:
    """Return a panel of lines over time."""
    return panel("timeseries", {"legend": LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}}, **more)


def automatic() -> Json:
    """Return a panel of lines that leaves their names to Grafana."""
    shown = lines()
    shown["targets"][0]["legendFormat"] = "__auto"
    return shown


def table(**more: Any) -> Json:
    """Return a table."""
    built = panel("table", {"showHeader": True, "cellHeight": "sm"}, **more)
    built["targets"][0] |= {"format": "table", "instant": True}
    return built


def rename(matcher: str, name: str, **properties: Any) -> Json:
    """Return an override."""
    values = [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()]
    return {"matcher": {"id": matcher, "options": name}, "properties": values}


def board(shown: Json, answers: list[Json] | None, error: str = "") -> tuple[Json, Json]:
    """Return a dashboard of one panel, and the recording of what it was answered."""
    built = {
        "uid": "ott-x",
        "title": "Board",
        "description": "What it is for",
        "timezone": "Asia/Almaty",
        "time": {"from": "now-10m", "to": "now"},
        "templating": {"list": []},
        "annotations": {"list": []},
        "panels": [copy.deepcopy(shown)],
    }
    answer = {"panel": shown["id"], "ref": "A", "step": 10.0, "series": answers or [], "error": error}
    recording = {"variables": {}, "windows": {shown["id"]: [SINCE, NOW]}, "answers": [answer], "annotations": []}
    return built, recording


def with_title(length: int) -> Json:
    """Return a narrow panel with a long title."""
    shown = panel("stat", STAT)
    shown["gridPos"]["w"] = 4
    return {**shown, "title": "A title that is far too long for it " * length}


def two_columns(width: int) -> Json:
    """Return a table with columns of one width."""
    return table(overrides=[rename("byName", "node", custom__width=width)])


def ending_at(end: float, drawn: tuple[Json, Json]) -> tuple[Json, Json]:
    """Return a dashboard of the ten minutes before another moment."""
    built, recording = drawn
    return built, {**recording, "windows": {1: [end - 600, end]}}


def in_russian(drawn: tuple[Json, Json]) -> tuple[Json, Json]:
    """Return a dashboard as one in Russian."""
    built, recording = drawn
    return built | {"tags": ["ottwatch", "ru"]}, recording


SOUND: dict[str, tuple[Json, Json]] = {
    "lines": board(lines(), SERIES),
    "figures": board(panel("stat", STAT), POINTS),
    "bars": board(panel("bargauge", BARS), POINTS),
    "rows": board(table(), POINTS),
    "lanes": board(panel("state-timeline", {"legend": LEGEND, "showValue": "auto"}), SERIES),
    "lanes that end on a tick": ending_at(
        NOW - NOW % 600, board(panel("state-timeline", {"legend": LEGEND, "showValue": "auto"}), SERIES)
    ),
    "a duration without words": in_russian(
        board(panel("stat", STAT, defaults={"unit": "dtdhms"}), [point(NODES[0], 216_000)])
    ),
    "a unit in Russian": in_russian(board(lines(defaults={"unit": "suffix:с"}), [series(NODES[0], 7200)])),
    "a duration in English on a dashboard in English": board(
        panel("stat", STAT, defaults={"unit": "s"}), [point(NODES[0], 7200)]
    ),
    "an answer without series, in words": board(lines(defaults={"noValue": "no ticket is open"}), []),
}

LONG = "a-node-whose-name-nobody-can-read-to-its-end-" * 3
ONE_STATE = [{"type": "value", "options": {"1": {"text": "up", "color": "green"}, "0": {"text": "up", "color": "red"}}}]
MATRIX = {"id": "groupingToMatrix", "options": {"rowField": "hour", "columnField": "node", "valueField": "Value"}}
KEEP = {"id": "filterFieldsByName", "options": {"include": {"names": ["node", "sitte"]}}}

# Name of the case: (dashboard and recording, a part of the fault that is found).
BROKEN: dict[str, tuple[tuple[Json, Json], str]] = {
    "no data": (board(lines(), []), "it shows no data"),
    "a refused query": (board(lines(), None, "parse error"), "query A fails: parse error"),
    "an override by name": (
        board(lines(overrides=[rename("byName", "edge-9", custom__lineWidth=3)]), SERIES),
        'the override byName "edge-9" matches no field',
    ),
    "an override by expression": (
        board(lines(overrides=[rename("byRegexp", "/^origin/", unit="bps")]), SERIES),
        'the override byRegexp "/^origin/" matches no field',
    ),
    "an override of another query": (
        board(lines(overrides=[rename("byFrameRefID", "B", unit="bps")]), SERIES),
        'the override byFrameRefID "B" matches no field',
    ),
    "only renames, and none matches": (
        board(lines(overrides=[rename("byName", "edge_1", displayName="first")]), SERIES),
        'the override byName "edge_1" matches no field',
    ),
    "an unknown matcher": (
        board(lines(overrides=[rename("byNmae", "edge-1", unit="bps")]), SERIES),
        "byNmae is unknown",
    ),
    "a field filtered by a wrong name": (board(table(transformations=[KEEP]), POINTS), 'names the field "sitte"'),
    "a matrix of a label that is not there": (board(table(transformations=[MATRIX]), POINTS), 'names the field "hour"'),
    "an unknown transformation": (
        board(table(transformations=[{"id": "orgnize", "options": {}}]), POINTS),
        "the transformation orgnize is unknown",
    ),
    "a legend of an expression": (board(automatic(), [series({})]), 'the legend names a series "x"'),
    "a legend of labels": (
        board(automatic(), [series({"node": "edge-1", "device": name}) for name in ("a", "b")]),
        'the legend names a series "{device=',
    ),
    "a legend of a mark": (board(lines(), [series({"node": "-"})]), 'the legend names a series "-"'),
    "two lines with one name": (
        board(lines(), [series({"node": "edge-1", "device": "a"}), series({"node": "edge-1", "device": "b"})]),
        'the legend names several series "edge-1"',
    ),
    "a unit Grafana does not know": (
        board(panel("stat", STAT, defaults={"unit": "mbit"}), POINTS),
        "the unit mbit is unknown",
    ),
    "a number nobody can read": (board(panel("stat", STAT), [point(NODES[0], 12_345_678)]), "is printed as 12345678"),
    "a long fraction": (
        board(panel("stat", STAT, defaults={"unit": "percent", "decimals": 7}), [point(NODES[0], 0.1234567)]),
        "printed with 7 decimals",
    ),
    "a duration in English": (
        in_russian(board(panel("stat", STAT, defaults={"unit": "s", "decimals": 1}), [point(NODES[0], 216_000)])),
        "a value is printed in English: 2.5 day",
    ),
    "a time that is over, in English": (
        in_russian(board(panel("stat", STAT, defaults={"unit": "dthms"}), [point(NODES[0], -60)])),
        "a value is printed in English: 00:01:00 ago",
    ),
    "a large number in English": (
        in_russian(board(panel("stat", STAT, defaults={"unit": "short"}), [point(NODES[0], 40_610_000)])),
        "a value is printed in English: 40.6 Mil",
    ),
    "a column in English": (
        in_russian(board(table(overrides=[rename("byName", "Value", unit="reqps")]), [point(NODES[0], 12)])),
        "a value is printed in English: 12 req/s",
    ),
    "an axis in English": (
        in_russian(board(lines(defaults={"unit": "s"}), [series(NODES[0], 7200)])),
        "an axis is printed in English: ",
    ),
    "names in colours": (board(panel("stat", {**STAT, "textMode": "name"}), POINTS), "only the colour tells the state"),
    "cells in colours": (
        board(panel("stat", {**STAT, "textMode": "none", "colorMode": "background"}), POINTS),
        "a colour without a word or a number",
    ),
    "lanes in colours": (
        board(panel("state-timeline", {"legend": LEGEND, "showValue": "never"}), SERIES),
        "only the colour tells the states apart",
    ),
    "two states with one word": (
        board(panel("stat", STAT, defaults={"mappings": ONE_STATE}), POINTS),
        'two states read "up" and differ in colour only',
    ),
    "a title that is too long": (board(with_title(3), POINTS), "is cut off"),
    "a column that is too narrow": (board(two_columns(60), [point({"node": LONG})]), "is cut off"),
    "a bar whose name is too long": (
        board({**panel("bargauge", BARS), "gridPos": {"x": 0, "y": 0, "w": 3, "h": 4}}, [point({"node": LONG}, 5)]),
        "is cut off",
    ),
    "an unknown panel": (board(panel("gauge", {}), POINTS), "panels of the type gauge are not drawn"),
}
