"""What of an alert's expression is worth drawing: the value that it compares, and the threshold that it compares with.

The expression comes with the alarm, so this works for anybody's rules. A comparison is taken apart, since a chart of
the whole would show nothing but the time in which the alarm fired; of `and` and `unless` the left side counts, of `or`
each. Selectors are narrowed to the alarm's labels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import promql_parser as parser

from service import promql
from service.promql import narrowed, vector_selectors

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
    sides = [side for side in _sides(tree) if any(True for _ in vector_selectors(side.value))]
    if any(side.compared for side in sides):
        sides = [side for side in sides if side.compared]
    found = {str(side.value): _drawn(side.value, side.limit, labels) for side in sides}
    return list(found.values())[:MOST]


class _Side(NamedTuple):
    value: Any
    limit: Any = None  # what it is more or less than
    compared: bool = False


def _sides(node: Any) -> list[_Side]:
    match node:
        case parser.ParenExpr():
            return _sides(node.expr)
        case parser.BinaryExpr():
            operator = str(node.op)
            if operator in ("and", "unless"):
                return _sides(node.lhs)
            if operator == "or":
                return _sides(node.lhs) + _sides(node.rhs)
            if operator in _COMPARISONS and not (node.modifier and node.modifier.return_bool):
                turned = isinstance(node.lhs, parser.NumberLiteral)
                value, limit = (node.rhs, node.lhs) if turned else (node.lhs, node.rhs)
                return [_Side(value, limit if operator in _ORDER else None, compared=True)]
    return [_Side(node)]


def _drawn(value: Any, limit: Any, labels: Mapping[str, str]) -> Drawn:
    while isinstance(value, parser.ParenExpr):
        value = value.expr
    threshold = ""
    for selector in vector_selectors(limit) if limit is not None else ():
        if selector.name == THRESHOLD:
            threshold = next((each.value for each in selector.matchers.matchers if each.name == "threshold"), "")
    query, text = narrowed(value, labels), _text(value)
    limited = narrowed(limit, labels) if limit is not None else ""
    if isinstance(value, parser.Call) and value.func.name in ("absent", "absent_over_time"):
        # It is 1 while nothing is there: what was there is told by the number of series.
        return Drawn(f"count({narrowed(value.args[0], labels)})", f"count({_text(value.args[0])})")
    if isinstance(value, parser.VectorSelector) and (value.name or "").endswith(_INSTANTS):
        return Drawn(f"time() - {query}", f"time() - {text}", limited, threshold, age=True)
    return Drawn(query, text, limited, threshold)


def _text(node: Any) -> str:
    return promql.written(node, {}).replace("{}", "")


def belongs(series: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Return whether a series has no label that contradicts the alarm's."""
    return all(series.get(name, value) == value for name, value in labels.items())


def likeness(series: Mapping[str, str], labels: Mapping[str, str]) -> int:
    """Return how many of an alarm's labels a series has."""
    return sum(series.get(name) == value for name, value in labels.items())
