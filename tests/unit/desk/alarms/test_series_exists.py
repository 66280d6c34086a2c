"""Which series a recovered alarm's expression asks for, and what their absence means."""

from urllib.parse import quote

import pytest

from alerts.desk.alarms.series_exists import Presence, presence, selector_query
from service.promql import expression_of

LABELS = {"alertname": "X", "node": "edge-1", "severity": "major"}
PRESENT, VANISHED = Presence.PRESENT, Presence.VANISHED


def url(expression: str) -> str:
    return f"http://prometheus/graph?g0.expr={quote(expression)}&g0.tab=1"


def ask_for(existing: set[str]) -> tuple[list[str], "object"]:
    asked: list[str] = []

    def ask(query: str) -> bool:
        asked.append(query)
        return query.removeprefix("count(").split("{")[0] in existing

    return asked, ask


@pytest.mark.parametrize(
    ("expression", "existing", "answer"),
    [
        ("up == 0", {"up"}, PRESENT),
        ("up == 0", set(), VANISHED),
        ("a / b < 0.1", {"a", "b"}, PRESENT),
        ("a / b < 0.1", {"a"}, VANISHED),
        ("a > 1 and on(node) b", {"a"}, PRESENT),
        ("a > 1 unless on(node) b", {"b"}, VANISHED),
        ("a > 1 or b > 1", {"b"}, PRESENT),
        ("a > 1 or b > 1", set(), VANISHED),
        ("time() - last > 60 and on(node) up == 1", {"up"}, VANISHED),
        ("sum by (node) (rate(a[1m])) < 3", set(), VANISHED),
        ("max_over_time(rate(a[1m])[5m:]) > 3", {"a"}, PRESENT),
        ("absent(a)", {"a"}, PRESENT),
        ("vector(1)", set(), PRESENT),
        ("this is not (an expression", set(), PRESENT),
    ],
)
def test_answers(expression: str, existing: set[str], answer: Presence) -> None:
    _, ask = ask_for(existing)
    assert presence([(url(expression), LABELS)], ask) is answer  # type: ignore[arg-type]


def test_an_alarm_without_an_expression_cannot_be_asked_about() -> None:
    asked, ask = ask_for(set())
    assert presence([("", LABELS), ("http://[broken", LABELS)], ask) is PRESENT  # type: ignore[arg-type]
    assert asked == []


def test_each_query_is_asked_once() -> None:
    asked, ask = ask_for({"up"})
    presence([(url("up == 0"), LABELS)] * 3, ask)  # type: ignore[arg-type]
    assert asked == ['count(up{node=~"edge-1|",severity=~"major|"})']


def test_labels_that_the_expression_makes_are_not_asked_of_its_series() -> None:
    asked, ask = ask_for({"ends_at", "up"})
    made = 'label_replace(ends_at{bound="likely"}, "node", "$1", "scope", "node:(.+)") - time() < 60 and on (node) up'
    assert presence([(url(made), LABELS)], ask) is PRESENT  # type: ignore[arg-type]
    assert asked == ['count(ends_at{bound="likely"})']


def test_label_values_are_escaped_for_the_expression_and_for_the_text() -> None:
    import promql_parser  # noqa: PLC0415 - only this test speaks to the parser itself

    selector = promql_parser.parse('up{job!~"a|b"}')
    query = selector_query(selector, {"node": 'a.b"c\\'})
    assert query == r'count(up{job!~"a|b",node=~"a\\.b\"c\\\\|"})'
    promql_parser.parse(query)


def test_the_expression_comes_from_the_generator_url() -> None:
    assert expression_of("http://p:9090/graph?g0.expr=sum%28up%29+%3D%3D+0&g0.tab=0") == "sum(up) == 0"
