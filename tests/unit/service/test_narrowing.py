"""Expressions narrowed to the labels of one of their results."""

import pytest

from service import promql
from service.narrowing import children, contradicts, is_filter, is_scalar, written

LABELS = {"node": "a.b", "site": "almaty", "host.name": "x"}
NODE, SITE = 'node=~"a\\\\.b|"', 'site=~"almaty|"'
BOTH = f"{NODE},{SITE}"


@pytest.mark.parametrize(
    ("expression", "narrowed"),
    [
        ("x", f"x{{{BOTH}}}"),
        ('x{y!~"1|2"} offset 5m', f'x{{y!~"1|2",{BOTH}}} offset 5m'),
        ("rate(x[1m] offset 1h)", f"rate(x{{{BOTH}}}[1m] offset 1h)"),
        ("max_over_time(rate(x[1m])[5m:30s])", f"max_over_time(rate(x{{{BOTH}}}[1m])[5m:30s])"),
        ("max_over_time(x[5m:] offset 1d)", f"max_over_time(x{{{BOTH}}}[5m:] offset 1d)"),
        ("x @ 100", f"x{{{BOTH}}} @ 100.000"),
        ("-x + 1", f"-x{{{BOTH}}} + 1"),
        ("(x + y) * 2", f"(x{{{BOTH}}} + y{{{BOTH}}}) * 2"),
        ("sum by (site) (x)", f"sum by (site) (x{{{SITE}}})"),
        ("sum without (site) (x)", f"sum without (site) (x{{{NODE}}})"),
        ("sum(x)", "sum(x{})"),
        ("topk by (site) (3, x)", f"topk by (site) (3, x{{{SITE}}})"),
        ("x and on (site) y", f"x{{{BOTH}}} and on (site) y{{{SITE}}}"),
        ("x unless ignoring (site) y", f"x{{{BOTH}}} unless ignoring (site) y{{{NODE}}}"),
        ("x or y", f"x{{{BOTH}}} or y{{{BOTH}}}"),
        ("x / on (site) y", f"x{{{SITE}}} / on (site) y{{{SITE}}}"),
        ("x > on (site) group_left () y", f"x{{{BOTH}}} > on (site) group_left () y{{{SITE}}}"),
        ("x * on (job) group_left (site) y", f"x{{{NODE}}} * on (job) group_left (site) y{{{SITE}}}"),
        ("x * on (site) group_right () y", f"x{{{SITE}}} * on (site) group_right () y{{{BOTH}}}"),
        (
            "x > on (site) group_left () (2 * avg by (site) (x))",
            f"x{{{BOTH}}} > on (site) group_left () (2 * avg by (site) (x{{{SITE}}}))",
        ),
        ('label_replace(x, "node", "$1", "z", "(.*)")', f'label_replace(x{{{SITE}}}, "node", "$1", "z", "(.*)")'),
        ('label_join(x, "site", "-", "a", "b")', f'label_join(x{{{NODE}}}, "site", "-", "a", "b")'),
        ('absent(x{a="1"})', 'absent(x{a="1"})'),
        ("x > scalar(y)", f"x{{{BOTH}}} > scalar(y{{}})"),
        ("x == bool 1", f"x{{{BOTH}}} == bool 1"),
        ("time() - x", f"time() - x{{{BOTH}}}"),
        ("vector(1)", "vector(1)"),
    ],
)
def test_a_label_is_matched_only_where_it_reaches_the_result(expression: str, narrowed: str) -> None:
    text = written(promql.parse(expression), LABELS)
    assert text == narrowed
    promql.parse(text)


@pytest.mark.parametrize(
    ("expression", "compared"),
    [
        ("x > 1", "x{} > bool 1"),
        ("x > on (a) y", "x{} > bool on (a) y{}"),
        ("x == bool 1", "x{} == bool 1"),
        ("x + 1", "x{} + 1"),
        ("x / (y > 0) > 1", "x{} / (y{} > 0) > bool 1"),
    ],
)
def test_the_outermost_comparison_yields_its_truth(expression: str, compared: str) -> None:
    text = written(promql.parse(expression), {}, compare=True)
    assert text == compared
    promql.parse(text)


def test_a_selector_can_be_swapped() -> None:
    tree = promql.parse("x > 1 and on (node) ALERTS")
    swapped = written(tree, {"node": "a"}, lambda each: "vector(1)" if each.name == "ALERTS" else None)
    assert swapped == 'x{node=~"a|"} > 1 and on (node) vector(1)'


def test_parts_are_told_apart() -> None:
    assert is_scalar(promql.parse("scalar(x) + 1"))
    assert not is_scalar(promql.parse("x + 1"))
    assert is_filter(promql.parse("x > 1"))
    assert not is_filter(promql.parse("x > bool 1"))
    assert not is_filter(promql.parse("1 > bool 2"))
    assert [labels for _, labels in children(promql.parse("x and on (site) y"), LABELS)] == [
        LABELS,
        {"site": "almaty"},
    ]


def test_a_result_contradicts_labels_with_another_value_only() -> None:
    assert contradicts({"node": "b"}, {"node": "a"})
    assert not contradicts({"device": "sda"}, {"node": "a"})
    assert not contradicts({}, {"node": "a"})
