"""Each fault that `ott-dashboards check` looks for, put into a board that has none."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from dashboards import build, known
from dashboards.check import check
from dashboards.context import Local

METRICS: dict[str, frozenset[str] | None] = {
    "up": frozenset(),
    "ott_edge_sessions": frozenset({"service", "protocol"}),
    "platform:ott_edge_sessions:sum": None,
}

Board = dict[str, Any]


def panel(number: int, x: int, expression: str) -> Board:
    return {
        "id": number,
        "type": "timeseries",
        "title": f"Panel {number}",
        "description": "How many?",
        "gridPos": {"x": x, "y": 0, "w": 12, "h": 8},
        "targets": [{"refId": "A", "expr": expression}],
        "fieldConfig": {"defaults": {"unit": "none"}, "overrides": []},
    }


GOOD: Board = {
    "uid": "ott-test",
    "title": "Test",
    "description": "A board without a fault",
    "timezone": "Asia/Almaty",
    "weekStart": "monday",
    "templating": {
        "list": [
            {
                "name": "node",
                "type": "query",
                "query": {"query": 'label_values(up{job="ott-agent"}, node)', "refId": "A"},
                "multi": True,
                "includeAll": True,
                "allValue": ".*",
            },
            {"name": "offset", "type": "constant", "query": "18000"},
        ]
    },
    "panels": [
        panel(1, 0, 'sum by (node) (ott_edge_sessions{node=~"$node"})'),
        panel(2, 12, "sum(platform:ott_edge_sessions:sum) + $offset * sum(rate(up[$__rate_interval]))"),
    ],
}


def expr(board: Board, text: str) -> None:
    board["panels"][1]["targets"][0]["expr"] = text + " + 0 * $offset"


def test_a_good_board_has_no_fault() -> None:
    assert check(GOOD, METRICS) == []


FAULTS: list[tuple[str, Callable[[Board], object], str]] = [
    ("panel id twice", lambda b: b["panels"][1].update(id=1), "panel id 1 is used 2 times"),
    ("title twice", lambda b: b["panels"][1].update(title="Panel 1"), "panel title 'Panel 1' is used 2 times"),
    ("no description", lambda b: b["panels"][0].pop("description"), "panel 1 'Panel 1' has no description"),
    (
        "a unit in English words",
        lambda b: b["panels"][0]["fieldConfig"]["defaults"].update(unit="s"),
        "panel 1 'Panel 1': Grafana prints the unit s with English words; use dthms, dtdhms or seconds as a suffix",
    ),
    (
        "a column's unit in English words",
        lambda b: b["panels"][1]["fieldConfig"]["overrides"].append(
            {"matcher": {"id": "byName", "options": "A"}, "properties": [{"id": "unit", "value": "short"}]}
        ),
        "panel 2 'Panel 2': Grafana prints the unit short with English words; use sishort or none",
    ),
    ("no unit", lambda b: b["panels"][0]["fieldConfig"]["defaults"].pop("unit"), "panel 1 'Panel 1' has no unit"),
    ("no query", lambda b: b["panels"][0].update(targets=[]), "panel 1 'Panel 1' has no query"),
    ("no time zone", lambda b: b.pop("timezone"), "the board has no timezone"),
    ("an id", lambda b: b.update(id=7), "the board has an id"),
    ("overlap", lambda b: b["panels"][1]["gridPos"].update(x=6), "panel 1 'Panel 1' and panel 2 'Panel 2' overlap"),
    ("too wide", lambda b: b["panels"][1]["gridPos"].update(w=13), "panel 2 'Panel 2' does not fit the 24 columns"),
    ("undeclared", lambda b: expr(b, 'up{site="$site"}'), "panel 2 'Panel 2' uses $site, which is not declared"),
    (
        "undeclared in a link",
        lambda b: b["panels"][1]["fieldConfig"]["defaults"].update(links=[{"url": "/d/x?var-a=${nodes}"}]),
        "uses $nodes, which is not declared",
    ),
    (
        "declared twice",
        lambda b: b["templating"]["list"].append({"name": "node", "type": "constant", "query": "1"}),
        "variable node is declared twice",
    ),
    (
        "never used",
        lambda b: b["templating"]["list"].append({"name": "spare", "type": "constant", "query": "1"}),
        "variable spare is declared and never used",
    ),
    (
        "all lists every value",
        lambda b: b["templating"]["list"][0].pop("allValue"),
        'variable node has no allValue ".*"',
    ),
    ("equals several", lambda b: expr(b, 'up{node="$node"}'), 'node="$node" fits one value'),
    ("not equals several", lambda b: expr(b, 'up{node!="${node}"}'), "use !~"),
    ("short window", lambda b: expr(b, "rate(up[15s])"), "rate() looks back 15 s, less than four scrapes of 5 s"),
    ("interval window", lambda b: expr(b, "rate(up[$__interval])"), "use [$__rate_interval]"),
    ("unknown metric", lambda b: expr(b, "ott_edge_session"), "ott_edge_session is neither in a catalogue"),
    ("unknown in a variable", lambda b: b["templating"]["list"][0]["query"].update(query="label_values(upp, node)"),
     "variable node: upp is neither in a catalogue"),
    ("unknown label", lambda b: expr(b, 'ott_edge_sessions{channel="a"}'), "ott_edge_sessions has no label channel"),
    ("no name", lambda b: expr(b, '{job="x"}'), "a selector without a name is neither"),
    ("not PromQL", lambda b: expr(b, "sum(up"), "is not PromQL"),
    (
        "letter twice",
        lambda b: b["panels"][0]["targets"].append({"refId": "A", "expr": "up"}),
        "panel 1 'Panel 1' uses query letter A twice",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "said"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_a_fault_is_found(spoil: Callable[[Board], object], said: str) -> None:
    board = copy.deepcopy(GOOD)
    spoil(board)
    found = check(board, METRICS)
    assert any(said in fault for fault in found), found


def test_panels_inside_folded_rows_are_checked_too() -> None:
    board = copy.deepcopy(GOOD)
    inner = panel(3, 0, "nothing_of_ours")
    inner["gridPos"]["y"] = 9
    row = {"id": 4, "type": "row", "title": "More", "gridPos": {"x": 0, "y": 8, "w": 24, "h": 1}, "panels": [inner]}
    board["panels"].append(row)
    assert check(board, METRICS) == [
        "panel 3 'Panel 3', query A: nothing_of_ours is neither in a catalogue nor recorded by a rule"
    ]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_our_boards_have_no_fault(language: str) -> None:
    metrics = known.metrics()
    faults = [
        f"{board.name}: {fault}"
        for board, built_language, built in build.everything(Local())
        if built_language == language
        for fault in check(built, metrics)
    ]
    assert faults == []
