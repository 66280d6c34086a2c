from datetime import timedelta

import pytest

from dashboards import promql


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ('up{node=~"$node"}', 'up{node=~"v"}'),
        ('up{node=~"${node:regex}"}', 'up{node=~"v"}'),
        ('up{node=~"[[node]]"}', 'up{node=~"v"}'),
        ("rate(up[$__rate_interval])", "rate(up[25s])"),
        ("rate(up[${__range_s}s])", "rate(up[21600s])"),
        ("${__field.labels.node}", "v"),
        ('label_replace(up, "a", "$1", "b", "(.*)")', 'label_replace(up, "a", "$1", "b", "(.*)")'),
    ],
)
def test_expand(text: str, filled: str) -> None:
    assert promql.expand(text, lambda name: promql.BUILT_IN.get(name, "v")) == filled


def test_selectors_are_found_wherever_they_stand() -> None:
    tree = promql.parse(
        'topk(scalar(n), rate(a{x=~"1"}[5m])) + -sum(max_over_time(b{y!="2"}[1d:5m])) / (c) > bool {__name__="d"}'
    )
    assert {selector.metric for selector in promql.selectors(tree)} == {"a", "b", "c", "d", "n"}
    assert ("x", "=~", "1") in next(s.matchers for s in promql.selectors(tree) if s.metric == "a")


def test_windows_are_those_over_raw_samples() -> None:
    tree = promql.parse("sum(rate(a[1m])) + max_over_time(rate(b[30s])[1h:5m])")
    assert list(promql.windows(tree)) == [("rate", timedelta(minutes=1)), ("rate", timedelta(seconds=30))]


def test_what_is_no_promql_is_told_with_its_text() -> None:
    with pytest.raises(ValueError, match=r"'sum\(' is not PromQL"):
        promql.parse("sum(")
