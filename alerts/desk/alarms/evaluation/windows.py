"""The series that an expression reads, at the moment or over a range.

`rate(x[5m])` goes on for minutes after the last sample of `x`, and falls; after a gap it begins with what little is in
the range. A store that was restarted shows for minutes what it had before. An alarm that ends because of that has not
recovered. The same holds for what the rule of a recorded series reads.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

import promql_parser as parser

from alerts.desk.alarms.evaluation.rules import Rules
from service import narrowing, promql
from service.narrowing import Labels

_EXEMPT = frozenset({"ALERTS", "ALERTS_FOR_STATE"})
_UNREAD = frozenset({"absent", "absent_over_time", "timestamp"})


class Read(NamedTuple):
    """A selector whose newest sample is read, or its samples over a range that reaches to the present."""

    selector: parser.VectorSelector
    labels: Labels
    length: timedelta | None  # of the range


def reads(
    node: parser.Expr, labels: Labels, rules: Rules, length: timedelta | None = None, seen: frozenset[str] = frozenset()
) -> Iterator[Read]:
    """Yield what a part and the recorded series in it read, each with the labels that narrow it."""
    match node:
        case parser.VectorSelector():
            name = promql.metric_of(node)
            if node.offset or node.at is not None or name in _EXEMPT:
                return
            if name not in seen or length is not None:
                yield Read(node, labels, length)
            if length is None and name not in seen:
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
                yield from reads(child, theirs, rules, within, seen)


def _span(node: parser.MatrixSelector | parser.SubqueryExpr) -> timedelta:
    return node.range or timedelta()


def _recorded(
    name: str, node: parser.VectorSelector, labels: Labels, rules: Rules, seen: frozenset[str]
) -> Iterator[Read]:
    wanted = {**labels, **promql.equalities(node)}
    for rule in rules.recording(name):
        if rule.could_make(wanted):
            theirs = {label: value for label, value in wanted.items() if label not in rule.labels}
            yield from reads(promql.parse(rule.expression), theirs, rules, None, seen)
