"""PromQL as a tree: what an expression reads, and its selectors narrowed to labels.

Needs the package `promql-parser`, which the extras `desk` and `dashboards` bring.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import promql_parser as parser

from service.prometheus import is_legacy

MAKES_LABELS = frozenset({"label_replace", "label_join"})
"""Functions whose result has labels that its series need not have had."""

_OPERATORS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
_SPECIAL = frozenset("\\.+*?()|[]{}^$")


class Selector(NamedTuple):
    """One selector of a query: the metric, and the labels it matches on as (label, operator, value)."""

    metric: str
    matchers: tuple[tuple[str, str, str], ...]


class Window(NamedTuple):
    """A function over a range: its name and the length of the range."""

    function: str
    length: timedelta


def parse(expression: str) -> parser.Expr:
    """Return the syntax tree of an expression.

    Raises:
        ValueError: it is not PromQL; the text has the expression.
    """
    try:
        return parser.parse(expression)
    except ValueError as error:
        raise ValueError(f"{expression!r} is not PromQL: {error}") from None


def expression_of(generator_url: str) -> str:
    """Return the expression in a generator URL, or nothing."""
    try:
        return parse_qs(urlsplit(generator_url).query).get("g0.expr", [""])[0]
    except ValueError:
        return ""


def nodes(tree: parser.Expr) -> Iterator[parser.Expr]:
    """Yield every node of a tree, parents first, from left to right."""
    yield tree
    match tree:
        case parser.BinaryExpr():
            children = [tree.lhs, tree.rhs]
        case parser.Call():
            children = list(tree.args)
        case parser.MatrixSelector():
            children = [tree.vector_selector]
        case parser.AggregateExpr():
            children = [tree.expr, *([tree.param] if tree.param is not None else [])]
        case parser.ParenExpr() | parser.UnaryExpr() | parser.SubqueryExpr():
            children = [tree.expr]
        case _:
            children = []
    for child in children:
        yield from nodes(child)


def vector_selectors(tree: parser.Expr) -> Iterator[parser.VectorSelector]:
    """Yield every selector of a tree as the parser's own node."""
    return (node for node in nodes(tree) if isinstance(node, parser.VectorSelector))


def selectors(tree: parser.Expr) -> Iterator[Selector]:
    """Yield every selector of a tree."""
    for node in vector_selectors(tree):
        groups = node.matchers.or_matchers or [node.matchers.matchers]
        matchers = tuple((each.name, operator(each), each.value) for group in groups for each in group)
        named = [value for label, operator_, value in matchers if label == "__name__" and operator_ == "="]
        yield Selector(node.name or (named[0] if named else ""), matchers)


def metric_of(selector: parser.VectorSelector) -> str:
    """Return the name of a selector's metric; nothing where it matches on a pattern of names."""
    return str(selector.name or equalities(selector).get("__name__", ""))


def equalities(selector: parser.VectorSelector) -> dict[str, str]:
    """Return the labels that a selector wants to have a certain value."""
    matchers = [] if selector.matchers.or_matchers else selector.matchers.matchers
    return {each.name: each.value for each in matchers if operator(each) == "=" and each.value}


def windows(tree: parser.Expr) -> Iterator[Window]:
    """Yield every function that is applied to a range of raw samples."""
    for node in nodes(tree):
        if isinstance(node, parser.Call):
            for argument in node.args:
                if isinstance(argument, parser.MatrixSelector):
                    yield Window(node.func.name, argument.range)


def operator(matcher: parser.Matcher) -> str:
    """Return a matcher's operator as it is written."""
    return _OPERATORS[str(matcher.op).rpartition(".")[2]]


def selector_of(selector: parser.VectorSelector, labels: Mapping[str, str]) -> str:
    """Return a selector narrowed to labels: each must match or be missing.

    Nobody can tell from outside which labels of an alarm a rule added and which its series had.
    """
    added = [
        f"{_name(name)}=~{quoted(f'{_escaped(value)}|')}"
        for name, value in sorted(labels.items())
        if name != "alertname" and value
    ]
    groups = selector.matchers.or_matchers or [selector.matchers.matchers]  # `or` inside braces is VictoriaMetrics's
    written = [
        ",".join([*(f"{_name(each.name)}{operator(each)}{quoted(each.value)}" for each in group), *added])
        for group in groups
    ]
    return f"{selector.name or ''}{{{' or '.join(written)}}}"


def _name(label: str) -> str:
    """Return a label name as a selector has it: quoted unless it is a legacy name (Prometheus 3)."""
    return label if is_legacy(label) else quoted(label)


def _escaped(text: str) -> str:
    return "".join(f"\\{character}" if character in _SPECIAL else character for character in text)


def quoted(text: str) -> str:
    """Return a text as PromQL quotes it."""
    return json.dumps(text, ensure_ascii=False)
