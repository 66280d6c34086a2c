"""The ranges that an expression reads, and whether they are filled.

`rate(x[5m])` goes on for minutes after the last sample of `x`, and falls; after a gap it begins with what little is in
the range. An alarm that ends because of that has not recovered. The same holds for a recorded series whose rule reads
a range.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import promql_parser as parser

from alerts.desk.alarms.evaluation.rules import Rules
from service import narrowing, promql
from service.narrowing import Labels

_EXEMPT = frozenset({"ALERTS", "ALERTS_FOR_STATE"})
_UNREAD = frozenset({"absent", "absent_over_time", "timestamp"})


class Range(NamedTuple):
    """A selector whose samples are read over a range that reaches to the present."""

    selector: Any
    labels: Labels
    length: timedelta


def ranges(
    node: Any, labels: Labels, rules: Rules, length: timedelta | None = None, seen: frozenset[str] = frozenset()
) -> Iterator[Range]:
    """Yield the ranges of a part and of the recorded series that it reads, each with the labels that narrow it."""
    match node:
        case parser.VectorSelector():
            name = promql.metric_of(node)
            if node.offset or node.at is not None or name in _EXEMPT:
                return
            if length is not None:
                yield Range(node, labels, length)
            elif name not in seen:
                yield from _recorded(name, node, labels, rules, seen | {name})
        case parser.SubqueryExpr() if node.offset or node.at is not None:
            return
        case parser.Call() if node.func.name in _UNREAD:
            return
        case _:
            within = length
            if isinstance(node, (parser.MatrixSelector, parser.SubqueryExpr)):
                within = max(timedelta() if length is None else length, _span(node))
            for child, theirs in narrowing.children(node, labels):
                yield from ranges(child, theirs, rules, within, seen)


def _span(node: Any) -> timedelta:
    span: timedelta = node.range
    return span


def _recorded(name: str, node: Any, labels: Labels, rules: Rules, seen: frozenset[str]) -> Iterator[Range]:
    wanted = {**labels, **promql.equalities(node)}
    for rule in rules.recording(name):
        if rule.could_make(wanted):
            theirs = {label: value for label, value in wanted.items() if label not in rule.labels}
            yield from ranges(promql.parse(rule.expression), theirs, rules, None, seen)
