"""What of an alert's expression is worth drawing: the value that it compares, and the threshold that it compares with.

The expression comes with the alarm, so this works for anybody's rules. A comparison is taken apart, since a chart of
the whole would show nothing but the time in which the alarm fired; of `and` and `unless` the left side counts, of `or`
each. Selectors are narrowed to those of the alarm's labels that reach the result unchanged.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import promql_parser as parser

from service import narrowing, promql
from service.narrowing import Labels
from service.promql import vector_selectors

MOST = 2  # charts of one expression
THRESHOLD = "site:ott_threshold:effective"
_ORDER = frozenset({"<", ">", "<=", ">="})
_COMPARISONS = _ORDER | {"==", "!="}
_INSTANTS = ("timestamp_seconds", ":timestamp")


@dataclass(frozen=True, slots=True)
class Drawn:
    """One chart: the query of its value, the query of its threshold (or nothing), and the threshold's name, if ours.

    `text` is the value as the rule has it. `age` says that the value is the time since an instant.
    """

    value: str
    text: str
    limit: str = ""
    threshold: str = ""
    age: bool = False


def drawn(expression: str, labels: Mapping[str, str]) -> list[Drawn]:
    """Return what to draw of an expression for an alarm with these labels; nothing for one that cannot be read."""
    try:
        tree = promql.parse(expression)
    except ValueError:
        return []
    sides = [side for side in _sides(tree, labels) if any(True for _ in vector_selectors(side.value.node))]
    if any(side.compared for side in sides):
        sides = [side for side in sides if side.compared]
    found = {str(side.value.node): _drawn(side.value, side.limit) for side in sides}
    return list(found.values())[:MOST]


class _Part(NamedTuple):
    node: parser.Expr
    labels: Labels  # of the alarm, those that its series must have

    @property
    def query(self) -> str:
        return narrowing.written(self.node, self.labels)


class _Side(NamedTuple):
    value: _Part
    limit: _Part | None = None  # what it is more or less than
    compared: bool = False


def _sides(node: parser.Expr, labels: Labels) -> list[_Side]:
    match node:
        case parser.ParenExpr():
            return _sides(node.expr, labels)
        case parser.BinaryExpr():
            operator = str(node.op)
            left, right = (_Part(*part) for part in narrowing.children(node, labels))
            if operator in ("and", "unless"):
                return _sides(*left)
            if operator == "or":
                return _sides(*left) + _sides(*right)
            if operator in _COMPARISONS and not (node.modifier and node.modifier.return_bool):
                turned = isinstance(node.lhs, parser.NumberLiteral)
                value, limit = (right, left) if turned else (left, right)
                return [_Side(value, limit if operator in _ORDER else None, compared=True)]
    return [_Side(_Part(node, labels))]


def _drawn(part: _Part, limit: _Part | None) -> Drawn:
    value = part.node
    while isinstance(value, parser.ParenExpr):
        value = value.expr
    threshold = ""
    for selector in vector_selectors(limit.node) if limit is not None else ():
        if selector.name == THRESHOLD:
            threshold = next((each.value for each in selector.matchers.matchers if each.name == "threshold"), "")
    query, text = _Part(value, part.labels).query, _text(value)
    limited = limit.query if limit is not None else ""
    if isinstance(value, parser.Call) and value.func.name in ("absent", "absent_over_time"):
        # It is 1 while nothing is there: what was there is told by the number of series.
        return Drawn(f"count({_Part(value.args[0], part.labels).query})", f"count({_text(value.args[0])})")
    if isinstance(value, parser.VectorSelector) and (value.name or "").endswith(_INSTANTS):
        return Drawn(f"time() - {query}", f"time() - {text}", limited, threshold, age=True)
    return Drawn(query, text, limited, threshold)


def _text(node: parser.Expr) -> str:
    return narrowing.written(node, {}).replace("{}", "")


def belongs(series: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Return whether a series has no label that contradicts the alarm's."""
    return all(series.get(name, value) == value for name, value in labels.items())


def likeness(series: Mapping[str, str], labels: Mapping[str, str]) -> int:
    """Return how many of an alarm's labels a series has."""
    return sum(series.get(name) == value for name, value in labels.items())
