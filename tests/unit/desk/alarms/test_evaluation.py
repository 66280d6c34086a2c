"""What the parts of an expression come to, the rules that an alert may come from, and the ranges that are read."""

from datetime import timedelta

import pytest

from alerts.desk.alarms.evaluation.finding import FALSE, NEVER, TRUE, Finding, Truth, Why, all_of, any_of, unknown
from alerts.desk.alarms.evaluation.rules import Rules
from alerts.desk.alarms.evaluation.sender import senders_doubt
from alerts.desk.alarms.evaluation.windows import reads
from service import promql

GONE = unknown(Why.NO_DATA, "x")


@pytest.mark.parametrize(
    ("parts", "every", "either"),
    [
        ([TRUE, TRUE], TRUE, TRUE),
        ([TRUE, FALSE], FALSE, TRUE),
        ([TRUE, GONE], GONE, TRUE),
        ([FALSE, GONE], FALSE, GONE),
        ([FALSE, NEVER], FALSE, FALSE),
        ([NEVER, GONE], NEVER, GONE),
        ([NEVER, NEVER], NEVER, NEVER),
    ],
)
def test_parts_that_are_all_needed_and_parts_of_which_one_is_enough(
    parts: list[Finding], every: Finding, either: Finding
) -> None:
    for order in (parts, parts[::-1]):
        assert all_of(order) == every
        assert any_of(order) == either


def test_a_doubt_keeps_its_reason() -> None:
    found = any_of([FALSE, GONE])
    assert found.truth is Truth.UNKNOWN
    assert found.doubt is not None
    assert (found.doubt.why, found.doubt.what) == (Why.NO_DATA, "x")


RULES = Rules(
    [
        {"name": "Hot", "query": "t > 5", "labels": {"severity": "critical"}},
        {"name": "Hot", "query": "t > 3", "labels": {"severity": "minor"}},
        {"name": "Templated", "query": "u > 1", "labels": {"severity": "{{ $labels.rank }}"}},
    ],
    [
        {"name": "site:rate", "query": "sum by (site) (rate(x_total[5m]))"},
        {"name": "node:limit", "query": "vector(1)", "labels": {"limit": "disk"}},
        {"name": "node:hot", "query": "t > 5 or node:hot"},
        {"name": "node:self", "query": "last_over_time(node:self[10m])"},
    ],
)


@pytest.mark.parametrize(
    ("labels", "told", "expressions"),
    [
        ({"alertname": "Hot", "severity": "critical"}, "t > 5", ["t > 5"]),
        ({"alertname": "Hot", "severity": "critical"}, "t > 4", ["t > 5"]),
        ({"alertname": "Hot"}, "t > 4", ["t > 4"]),
        ({"alertname": "Templated", "severity": "major"}, "", ["u > 1"]),
        ({"alertname": "Gone"}, "v > 1", ["v > 1"]),
        ({"alertname": "Gone"}, "", []),
    ],
)
def test_an_alert_has_the_rules_that_may_have_raised_it(
    labels: dict[str, str], told: str, expressions: list[str]
) -> None:
    assert [rule.expression for rule in RULES.of_alert(labels, told)] == expressions


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("x > 5", []),
        ("rate(x[5m]) > 5", [("x", 5)]),
        ("rate(x[5m] offset 1h) > 5", []),
        ("absent_over_time(x[5m])", []),
        ("max_over_time(rate(x[1m])[10m:])", [("x", 10)]),
        ("site:rate > 5", [("x_total", 5)]),
        ("node:self > 5", [("node:self", 10)]),
        ('max_over_time(ALERTS{alertname="X"}[5m])', []),
        ('rate(x[5m]) > on (site) group_left () node:limit{limit="cpu"}', [("x", 5)]),
    ],
)
def test_ranges_are_found_behind_recorded_series_too(expression: str, found: list[tuple[str, int]]) -> None:
    read = reads(promql.parse(expression), {"site": "almaty", "node": "a"}, RULES)
    ranges = [(each.selector.name, each.length / timedelta(minutes=1)) for each in read if each.length]
    assert ranges == found


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("x > 5", ["x"]),
        ("rate(x[5m]) > 5", []),
        ("x > 5 and y offset 1h", ["x"]),
        ("site:rate > 5", ["site:rate"]),
        ("node:hot > 5", ["node:hot", "t"]),
        ('x and ALERTS{alertname="X"}', ["x"]),
    ],
)
def test_series_of_which_the_newest_sample_is_read_are_found_behind_recorded_ones_too(
    expression: str, found: list[str]
) -> None:
    read = reads(promql.parse(expression), {"site": "almaty", "node": "a"}, RULES)
    assert [each.selector.name for each in read if each.length is None] == found


def test_a_range_behind_a_recorded_series_is_narrowed_by_what_its_rule_keeps() -> None:
    _, read = reads(promql.parse("site:rate > 5"), {"site": "almaty", "node": "a"}, RULES)
    assert read.length
    assert read.labels == {"site": "almaty"}


@pytest.mark.parametrize(
    ("reason", "said"),
    [("", None), ("Updated", None), ("MissingSeries", "MissingSeries"), ("Error, KeepLast", "Error, KeepLast")],
)
def test_grafana_says_why_it_ended_an_alert(reason: str, said: str | None) -> None:
    doubt = senders_doubt({"grafana_state_reason": reason} if reason else {})
    assert (doubt.what if doubt else None) == said
