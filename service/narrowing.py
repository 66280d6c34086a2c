"""An expression of PromQL narrowed to the labels of one of its results, without changing that result.

A matcher may be added to a selector only where the label reaches the result unchanged: below `sum by (site)` only
`site` does, on the other side of `on (site)` only `site`, below `label_replace` everything but the label that it makes.
Narrowed in any other place, `x > on (job) group_left () (2 * avg by (job) (x))` compares a node with its own average.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

import promql_parser as parser

from service import promql
from service.prometheus import is_legacy
from service.promql import MAKES_LABELS

Labels = Mapping[str, str]
Swap = Callable[[parser.VectorSelector], str | None]
"""Return what to write in place of a selector, or None to write the selector."""

COMPARISONS = frozenset({"==", "!=", "<", ">", "<=", ">="})
SET_OPERATORS = frozenset({"and", "or", "unless"})
_NO_LABELS_BELOW = frozenset({"absent", "absent_over_time", "scalar", "vector", "info"})
_SCALARS = frozenset({"scalar", "time", "pi"})
_ONE, _MANY_LEFT, _MANY_RIGHT = "OneToOne", "ManyToOne", "OneToMany"


def _no_swap(_: parser.VectorSelector) -> str | None:
    return None


def is_scalar(node: parser.Expr) -> bool:
    """Return whether a part yields a number or a text, not series."""
    match node:
        case parser.NumberLiteral() | parser.StringLiteral():
            return True
        case parser.ParenExpr() | parser.UnaryExpr():
            return is_scalar(node.expr)
        case parser.Call():
            return node.func.name in _SCALARS
        case parser.BinaryExpr():
            return is_scalar(node.lhs) and is_scalar(node.rhs)
        case _:
            return False


def is_filter(node: parser.Expr) -> bool:
    """Return whether a part is a comparison that drops the series for which it is false."""
    return (
        isinstance(node, parser.BinaryExpr)
        and str(node.op) in COMPARISONS
        and not (node.modifier and node.modifier.return_bool)
        and not is_scalar(node)
    )


def children(node: parser.Expr, labels: Labels) -> Iterator[tuple[parser.Expr, Labels]]:
    """Yield the operands or arguments of a part, each with those of the labels that reach the part unchanged."""
    match node:
        case parser.BinaryExpr():
            left, right = _sides(node, labels)
            yield node.lhs, left
            yield node.rhs, right
        case parser.AggregateExpr():
            yield node.expr, _below(node, labels)
            if node.param is not None:
                yield node.param, {}
        case parser.Call():
            kept = _arguments(node, labels)
            for each in node.args:
                yield each, kept
        case parser.MatrixSelector():
            yield node.vector_selector, labels
        case parser.ParenExpr() | parser.UnaryExpr() | parser.SubqueryExpr():
            yield node.expr, labels


def written(node: parser.Expr, labels: Labels, swap: Swap = _no_swap, *, compare: bool = False) -> str:  # noqa: PLR0911
    """Return a part as a query narrowed to the labels.

    With `compare` the outermost comparison yields 1 or 0 in place of dropping series: whether both of its sides have
    data can be told from that.
    """
    parts = [written(child, theirs, swap) for child, theirs in children(node, labels)]
    match node:
        case parser.VectorSelector():
            swapped = swap(node)
            return swapped if swapped is not None else _selector(node, labels)
        case parser.MatrixSelector():
            return written_over(node.vector_selector, labels, node.range)
        case parser.SubqueryExpr():
            return f"{parts[0]}[{duration(node.range)}:{duration(node.step)}]{_when(node)}"
        case parser.BinaryExpr():
            return f"{parts[0]} {_operator(node, compare=compare)} {parts[1]}"
        case parser.AggregateExpr():
            inside = ", ".join([*parts[1:], parts[0]])
            return f"{node.op}{_grouping(node)}({inside})"
        case parser.Call():
            return f"{node.func.name}({', '.join(parts)})"
        case parser.ParenExpr():
            return f"({parts[0]})"
        case parser.UnaryExpr():
            return f"-{parts[0]}"
        case parser.StringLiteral():
            return promql.quoted(node.val)
        case _:
            return str(node)


def written_over(selector: parser.VectorSelector, labels: Labels, length: timedelta) -> str:
    """Return a selector over a range, narrowed to the labels."""
    return f"{_matched(selector, labels)}[{duration(length)}]{_when(selector)}"


def contradicts(series: Labels, labels: Labels) -> bool:
    """Return whether a result has a label that the labels have with another value."""
    return any(labels.get(name, value) != value for name, value in series.items())


def _sides(node: parser.BinaryExpr, labels: Labels) -> tuple[Labels, Labels]:
    operator, modifier = str(node.op), node.modifier
    if operator == "or" or is_scalar(node.lhs) or is_scalar(node.rhs):
        return labels, labels
    matched = _matching(modifier, labels)
    if operator in SET_OPERATORS:
        return labels, matched
    card = str(modifier.card).rpartition(".")[2] if modifier else _ONE
    if modifier is None or card == _ONE:
        return matched, matched
    copied = set(modifier.group_labels or ())
    many = {name: value for name, value in labels.items() if name not in copied}
    one = {**matched, **{name: labels[name] for name in copied if name in labels}}
    return (many, one) if card == _MANY_LEFT else (one, many)


def _matching(modifier: parser.BinModifier | None, labels: Labels) -> Labels:
    if modifier is None or modifier.matching is None:
        return labels
    named, on = set(modifier.matching.labels), str(modifier.matching.type).endswith("Include")
    return {name: value for name, value in labels.items() if (name in named) is on}


def _below(node: parser.AggregateExpr, labels: Labels) -> Labels:
    if node.modifier is None:
        return {}
    named, by = set(node.modifier.labels), str(node.modifier.type).endswith("By")
    return {name: value for name, value in labels.items() if (name in named) is by}


def _arguments(node: parser.Call, labels: Labels) -> Labels:
    name = node.func.name
    if name in _NO_LABELS_BELOW:
        return {}
    if name in MAKES_LABELS:
        made = node.args[1].val
        return {label: value for label, value in labels.items() if label != made}
    return labels


def _selector(node: parser.VectorSelector, labels: Labels) -> str:
    return f"{_matched(node, labels)}{_when(node)}"


def _matched(selector: parser.VectorSelector, labels: Labels) -> str:
    # A label that cannot be written in every version is left out: results are compared with all labels anyway.
    return promql.selector_of(selector, {name: value for name, value in labels.items() if is_legacy(name)})


def _when(node: parser.VectorSelector | parser.SubqueryExpr) -> str:
    at = f" {node.at}" if node.at is not None else ""
    return f"{at} offset {duration(node.offset)}" if node.offset else at


def duration(span: timedelta | None) -> str:
    """Return a duration as PromQL writes it; nothing for none."""
    if span is None:
        return ""
    text: str = parser.display_duration(abs(span))
    return f"-{text}" if span < timedelta() else text


def _operator(node: parser.BinaryExpr, *, compare: bool) -> str:
    words, modifier = [str(node.op)], node.modifier
    if (modifier and modifier.return_bool) or (compare and is_filter(node)):
        words.append("bool")
    if modifier and modifier.matching is not None:
        word = "on" if str(modifier.matching.type).endswith("Include") else "ignoring"
        words.append(f"{word} ({', '.join(modifier.matching.labels)})")
        side = {_MANY_LEFT: "group_left", _MANY_RIGHT: "group_right"}.get(str(modifier.card).rpartition(".")[2])
        if side:
            words.append(f"{side} ({', '.join(modifier.group_labels or ())})")
    return " ".join(words)


def _grouping(node: parser.AggregateExpr) -> str:
    if node.modifier is None:
        return ""
    word = "by" if str(node.modifier.type).endswith("By") else "without"
    return f" {word} ({', '.join(node.modifier.labels)}) "
