"""Does the series of a recovered alarm still exist? Prometheus also resolves alerts whose series vanished.

The rule's expression comes with the alarm. Its selectors are asked for anew, narrowed to the alarm's labels: each
label must match or be missing, since nobody can tell from outside which labels a rule added and which the series had.
What decides is the data that the comparison is made of: the left side of `and` and `unless`, every side of
arithmetic, any side of `or`.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any

import promql_parser as parser

from service import promql
from service.prometheus import narrowed_by
from service.promql import expression_of

Ask = Callable[[str], bool]
"""Run an instant query and return whether it has a result; raise PrometheusError where there is no answer."""

MAX_ALARMS = 20  # occurrences of one ticket that are asked about


class Presence(StrEnum):
    """The answer."""

    PRESENT = "present"
    VANISHED = "vanished"


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
        case parser.VectorSelector():
            return _exists(node, labels, ask)
        case parser.MatrixSelector():
            return _exists(node.vector_selector, labels, ask)
        case parser.BinaryExpr():
            return _binary(node, labels, ask)
        case parser.Call():
            # A label that the expression itself makes may be another on the series: `node` of whom a forecast is about.
            known = {} if node.func.name in promql.MAKES_LABELS else labels
            return _all(_has_data(each, known, ask) for each in node.args)
        case parser.AggregateExpr() | parser.ParenExpr() | parser.UnaryExpr() | parser.SubqueryExpr():
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


def _exists(selector: Any, labels: Mapping[str, str], ask: Ask) -> bool:
    return narrowed_by(labels, lambda known: ask(selector_query(selector, known)))


def selector_query(selector: Any, labels: Mapping[str, str]) -> str:
    """Return the query whose result shows that a selector has series of an alarm."""
    return f"count({promql.selector_of(selector, labels)})"
