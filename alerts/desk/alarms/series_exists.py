"""Does the series of a recovered alarm still exist? Prometheus also resolves alerts whose series vanished.

The rule's expression comes with the alarm. Its selectors are asked for anew, narrowed to the alarm's labels: each
label must match or be missing, since nobody can tell from outside which labels a rule added and which the series had.
What decides is the data that the comparison is made of: the left side of `and` and `unless`, every side of
arithmetic, any side of `or`.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, urlsplit

import promql_parser as promql

Ask = Callable[[str], bool]
"""Run an instant query and say whether it returns anything; raise OSError when nobody answers."""

MAX_ALARMS = 20  # occurrences of one ticket that are asked about
MAKES_LABELS = frozenset({"label_replace", "label_join"})
"""Functions whose result has labels that its series need not have had."""

_OPERATORS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}
_SPECIAL = frozenset("\\.+*?()|[]{}^$")


class Presence(StrEnum):
    """The answer."""

    PRESENT = "present"
    VANISHED = "vanished"


def expression_of(generator_url: str) -> str:
    """Return the expression in a generator URL, or nothing."""
    try:
        return parse_qs(urlsplit(generator_url).query).get("g0.expr", [""])[0]
    except ValueError:
        return ""


def presence(alarms: Iterable[tuple[str, Mapping[str, str]]], ask: Ask) -> Presence:
    """Return whether the series of all these (generator URL, labels) exist.

    An alarm that carries no expression, or one that this parser does not know, cannot be asked about and counts as
    present: Alertmanager said that it ended, and nothing contradicts it.
    """
    answers: dict[str, bool] = {}

    def once(query: str) -> bool:
        if query not in answers:
            answers[query] = ask(query)
        return answers[query]

    for generator_url, labels in alarms:
        expression = expression_of(generator_url)
        if not expression:
            continue
        try:
            tree = promql.parse(expression)
        except ValueError:
            continue
        if _has_data(tree, labels, once) is False:
            return Presence.VANISHED
    return Presence.PRESENT


def _has_data(node: Any, labels: Mapping[str, str], ask: Ask) -> bool | None:
    """Return whether the data of a part exist; None for a part that reads none, such as a number."""
    match node:
        case promql.VectorSelector():
            return ask(selector_query(node, labels))
        case promql.MatrixSelector():
            return ask(selector_query(node.vector_selector, labels))
        case promql.BinaryExpr():
            return _binary(node, labels, ask)
        case promql.Call():
            # A label that the expression itself makes may be another on the series: `node` of whom a forecast is about.
            known = {} if node.func.name in MAKES_LABELS else labels
            return _all(_has_data(each, known, ask) for each in node.args)
        case promql.AggregateExpr() | promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return _has_data(node.expr, labels, ask)
        case _:
            return None


def _binary(node: Any, labels: Mapping[str, str], ask: Ask) -> bool | None:
    left = _has_data(node.lhs, labels, ask)
    operator = str(node.op)
    if operator in ("and", "unless"):
        return left
    if operator == "or" and left:
        return True
    right = _has_data(node.rhs, labels, ask)
    return right or left if operator == "or" else _all((left, right))


def _all(answers: Iterable[bool | None]) -> bool | None:
    known = [each for each in answers if each is not None]
    return all(known) if known else None


def parts(node: Any) -> Iterator[Any]:
    """Yield every selector of an expression, from left to right."""
    match node:
        case promql.VectorSelector():
            yield node
        case promql.MatrixSelector():
            yield node.vector_selector
        case promql.BinaryExpr():
            yield from parts(node.lhs)
            yield from parts(node.rhs)
        case promql.Call():
            for each in node.args:
                yield from parts(each)
        case promql.AggregateExpr() | promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            yield from parts(node.expr)


def selector_query(selector: Any, labels: Mapping[str, str]) -> str:
    """Return the query that says whether a selector has series of an alarm."""
    return f"count({selector_of(selector, labels)})"


def selector_of(selector: Any, labels: Mapping[str, str]) -> str:
    """Return a selector narrowed to an alarm's labels."""
    own = [f"{each.name}{_OPERATORS[str(each.op)]}{_quoted(each.value)}" for each in selector.matchers.matchers]
    narrowed = [
        f"{name}=~{_quoted(f'{_escaped(value)}|')}"
        for name, value in sorted(labels.items())
        if name != "alertname" and value
    ]
    return f"{selector.name or ''}{{{','.join([*own, *narrowed])}}}"


def _escaped(text: str) -> str:
    return "".join(f"\\{character}" if character in _SPECIAL else character for character in text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
