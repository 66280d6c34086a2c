"""Expressions taken apart and narrowed to an alarm's labels."""

from datetime import timedelta

import pytest

from service import promql

LABELS = {"alertname": "X", "node": "edge-1"}


def test_selectors_are_found_wherever_they_are() -> None:
    tree = promql.parse(
        'topk(scalar(n), rate(a{x=~"1"}[5m])) + -sum(max_over_time(b{y!="2"}[1d:5m])) / (c) > bool {__name__="d"}'
    )
    assert {selector.metric for selector in promql.selectors(tree)} == {"a", "b", "c", "d", "n"}
    assert ("x", "=~", "1") in next(s.matchers for s in promql.selectors(tree) if s.metric == "a")


def test_windows_are_those_over_raw_samples() -> None:
    tree = promql.parse("sum(rate(a[1m])) + max_over_time(rate(b[30s])[1h:5m])")
    assert list(promql.windows(tree)) == [("rate", timedelta(minutes=1)), ("rate", timedelta(seconds=30))]


def test_what_is_not_promql_is_told_with_its_text() -> None:
    with pytest.raises(ValueError, match=r"'sum\(' is not PromQL"):
        promql.parse("sum(")


@pytest.mark.parametrize(
    ("selector", "labels", "query"),
    [
        ("up", LABELS, 'up{node=~"edge-1|"}'),
        ("up", {"service.name": "iptv"}, 'up{"service.name"=~"iptv|"}'),
        ("up", {'a"b': "x"}, r'up{"a\"b"=~"x|"}'),
        ('{"my.metric", "k8s.pod"="p"}', LABELS, '{__name__="my.metric","k8s.pod"="p",node=~"edge-1|"}'),
        ('up{a="1" or b="2"}', LABELS, 'up{a="1",node=~"edge-1|" or b="2",node=~"edge-1|"}'),
    ],
)
def test_a_selector_is_narrowed(selector: str, labels: dict[str, str], query: str) -> None:
    (tree,) = promql.vector_selectors(promql.parse(selector))
    assert promql.selector_of(tree, labels) == query
    promql.parse(query)
