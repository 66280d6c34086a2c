"""Absent is not zero: what no source says, no panel shows; and "none" is said only while the source lives."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from dashboards import build, macros
from dashboards.boards import BOARDS
from dashboards.check import panels, variables
from dashboards.context import Local, context

Samples = list[dict[str, Any]]
ALL = {"site": ".*", "node": ".*", "role": ".*", "service": ".*", "channel": ".*"}
DESK = {"series": "ott_desk_outbox_pending", "values": "0x3"}
AGENT = {"series": 'up{job="ott-agent",node="edge-1",site="almaty"}', "values": "1x3"}
DESK_UP = {"series": 'up{job="ott-desk"}', "values": "1x3"}
RULES = {"series": 'ALERTS{alertname="Watchdog",alertstate="firing"}', "values": "1x3"}
PROBE = {"series": 'ott_stream_up{channel="kino",site="almaty",node="edge-1"}', "values": "1x3"}
COLLECTOR = {"series": 'ott_collector_success{collector="stat",site="almaty",node="edge-1"}', "values": "1x3"}

# (board, panel): (what shows that the source lives, what its first query says then).
NOTHING: Mapping[tuple[str, str], tuple[dict[str, str], Samples]] = {
    ("platform", "Nodes not answering"): (AGENT, [{"value": 0}]),
    ("platform", "Open tickets"): (DESK, [{"value": 0}]),
    ("platform", "What is wrong now?"): (
        RULES,
        [{"labels": '{alertname="none", node="–", severity="–", site="–"}', "value": 0}],
    ),
    ("platform", "Which ticket comes first?"): (
        DESK,
        [{"labels": '{clock="none", node="–", priority="–", ticket="–"}', "value": 0}],
    ),
    ("node", "What is wrong now?"): (RULES, [{"labels": '{alertname="none", severity="–"}', "value": 0}]),
    ("streams", "Streams that are down"): (PROBE, [{"value": 0}]),
    ("streams", "What went wrong in the last hour?"): (PROBE, [{"labels": '{channel="–", reason="none"}', "value": 0}]),
    ("tickets", "Not yet taken"): (DESK, [{"value": 0}]),
    ("tickets", "Least time left"): (DESK, [{"value": 0}]),
    ("tickets", "Which ticket comes first?"): (
        DESK,
        [{"labels": '{clock="none", node="–", priority="–", ticket="–"}', "value": 0}],
    ),
    ("tickets", "Who is working on them?"): (DESK, [{"labels": '{owner="ncc"}', "value": 0}]),
    ("tickets", "In which state are the tickets?"): (
        DESK,
        [
            {"labels": f'{{status="{status}"}}', "value": 0}
            for status in ("acknowledged", "inProgress", "pending", "held", "resolved")
        ],
    ),
    ("ottwatch", "Parts that do not answer"): (DESK_UP, [{"value": 0}]),
    ("ottwatch", "Failing collectors"): (COLLECTOR, [{"value": 0}]),
}


def expressions() -> Iterator[tuple[str, str, str, str]]:
    """Yield (board, panel, query letter, expression) with all variables at their default."""
    for board in BOARDS:
        built = build.render(board, context("en", Local()))
        constants = {name: one["query"] for name, one in variables(built).items() if one["type"] == "constant"}
        values = {**macros.BUILT_IN, **ALL, **constants}
        for panel in panels(built):
            for target in panel["targets"]:
                yield board.name, panel["title"], target["refId"], macros.expand(target["expr"], values)


def promtool(folder: Path, tests: list[dict[str, Any]]) -> str:
    """Return what promtool says about the tests, empty when all pass."""
    file = folder / "boards.test.yml"
    file.write_text(json.dumps({"evaluation_interval": "1m", "tests": tests}), "utf-8")
    done = subprocess.run(["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_where_nothing_was_ever_measured_no_panel_shows_a_figure(tmp_path: Path) -> None:
    asked = [
        {"expr": expression, "eval_time": "3m", "exp_samples": []}
        # promtool evaluates at a moment, for which "the end of the range" has no meaning.
        for *_, expression in expressions()
        if "@ end()" not in expression
    ]
    assert len(asked) > 100
    assert promtool(tmp_path, [{"interval": "1m", "input_series": [], "promql_expr_test": asked}]) == ""


@pytest.mark.parametrize(("board", "panel"), NOTHING, ids=lambda value: value.replace(" ", "-"))
def test_nothing_is_said_while_the_source_lives_and_not_afterwards(board: str, panel: str, tmp_path: Path) -> None:
    source, said = NOTHING[board, panel]
    found = {(name, title): text for name, title, letter, text in reversed(list(expressions())) if letter == "A"}
    asked = {"expr": found[board, panel], "eval_time": "3m"}
    dead = {**source, "values": source["values"].removesuffix("x3") + " stale"}
    tests = [
        {"interval": "1m", "input_series": [source], "promql_expr_test": [{**asked, "exp_samples": said}]},
        {"interval": "1m", "input_series": [dead], "promql_expr_test": [{**asked, "exp_samples": []}]},
    ]
    assert promtool(tmp_path, tests) == ""
