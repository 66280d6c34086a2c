"""What of an alert's expression is drawn: the value without its comparison, its threshold, narrowed to the alarm."""

from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml

from alerts.desk.alarms.alert_chart import belongs, drawn, likeness
from tests.conftest import ROOT

HERE = {"site": "almaty", "node": "edge-1"}
ALERTS: list[dict[str, Any]] = [
    rule
    for file in sorted((ROOT / "alerts" / "rules").glob("*.yml"))
    for group in yaml.load(Path(file).read_text("utf-8"), yaml.CSafeLoader)["groups"]
    for rule in group["rules"]
    if "alert" in rule
]


@pytest.mark.parametrize(
    ("expression", "texts", "limits"),
    [
        ("a / b > 3", ["a / b"], ["3"]),
        ("3 < a", ["a"], ["3"]),
        ("up == 0", ["up"], [""]),  # what it equals is no bound
        ("(a > 1) and (b > 2)", ["a"], ["1"]),
        ("a > 1 unless on (node) b", ["a"], ["1"]),
        ("a > 1 or b < 2 or c > 3", ["a", "b"], ["1", "2"]),
        ("up == 0 or seen unless up", ["up"], [""]),
        ("a > bool 1", ["a > bool 1"], [""]),  # its value is the answer itself
        ("x_timestamp_seconds > 5", ["time() - x_timestamp_seconds"], ["5"]),
        ("node:seen:timestamp unless up", ["time() - node:seen:timestamp"], [""]),
        ('absent(up{job="a"})', ['count(up{job="a"})'], [""]),
        ("vector(1)", [], []),
        ("not promql", [], []),
        ("", [], []),
    ],
)
def test_the_value_and_its_threshold(expression: str, texts: list[str], limits: list[str]) -> None:
    found = drawn(expression, {})
    assert [each.text for each in found] == texts
    assert [each.limit for each in found] == limits


def test_selectors_are_narrowed_and_keep_their_offset_and_matchers() -> None:
    found = drawn('sum by (node) (rate(x{a="}"}[5m] offset 1h)) - y offset 1d > 2', HERE | {"alertname": "A"})
    assert found[0].value == (
        'sum by (node) (rate(x{a="}",node=~"edge-1|"}[5m] offset 1h)) - y{node=~"edge-1|",site=~"almaty|"} offset 1d'
    )


def test_what_is_in_quotes_keeps_its_backslashes() -> None:
    found = drawn(r'rate(x{path=~"/a\\.b|\"c\""}[5m]) > 1', {"instance": "127.0.0.1:80", "odd": '"\\'})
    assert found[0].value == (r'rate(x{path=~"/a\\.b|\"c\"",instance=~"127\\.0\\.0\\.1:80|",odd=~"\"\\\\|"}[5m])')
    assert found[0].text == r'rate(x{path=~"/a\\.b|\"c\""}[5m])'
    made = drawn(r'label_replace(x, "node", "$1", "scope", "(\\d+)") > 1', {})
    assert made[0].value == r'label_replace(x{}, "node", "$1", "scope", "(\\d+)")'


def test_a_node_is_compared_with_the_average_of_all_and_not_with_its_own() -> None:
    (found,) = drawn("x > on (site) group_left () (2 * avg by (site) (x))", HERE)
    assert found.value == 'x{node=~"edge-1|",site=~"almaty|"}'
    assert found.limit == '(2 * avg by (site) (x{site=~"almaty|"}))'


def test_an_expression_that_makes_labels_is_not_narrowed_by_them() -> None:
    found = drawn('label_replace(x, "node", "$1", "scope", "node:(.+)") > 1', HERE)
    assert found[0].value == 'label_replace(x{site=~"almaty|"}, "node", "$1", "scope", "node:(.+)")'


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_every_alert_of_ours_has_a_chart_in_valid_promql(rule: dict[str, Any]) -> None:
    found = drawn(rule["expr"], HERE | {"alertname": rule["alert"]})
    assert bool(found) is (rule["alert"] != "Watchdog")
    for each in found:
        promql.parse(each.value)
        assert not each.limit or promql.parse(each.limit)
        # A threshold of ours is found by name, so that the chart has its unit.
        assert ("threshold=" in each.limit) is bool(each.threshold)


def test_series_are_the_alarms_where_no_label_contradicts() -> None:
    assert belongs({"node": "edge-1", "disk": "sda"}, HERE)
    assert belongs({"site": "almaty"}, HERE)
    assert not belongs({"node": "edge-2"}, HERE)
    assert likeness(HERE | {"x": "y"}, HERE) == 2
    assert likeness({}, HERE) == 0
