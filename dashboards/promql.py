"""Queries as Grafana sends them: its macros and variables filled in, and what a query reads."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

import promql_parser as parser

# ${name}, ${name:format}, ${name.field}, [[name]], [[name:format]], $name; $1 is a group of a replacement string.
_FORM = re.compile(
    r"\$\{(?P<braced>[A-Za-z_]\w*)(?:\.[^}:]+)?(?::(?P<format>[^}]*))?\}"
    r"|\[\[(?P<square>[A-Za-z_]\w*)(?::\w+)?\]\]"
    r"|\$(?P<bare>[A-Za-z_]\w*)"
)

# What the shipped settings and a board of six hours make of Grafana's own macros.
BUILT_IN: Mapping[str, str] = {
    "__interval": "20s",
    "__interval_ms": "20000",
    "__rate_interval": "25s",
    "__range": "6h",
    "__range_s": "21600",
    "__range_ms": "21600000",
    "__from": "1700000000000",
    "__to": "1700021600000",
}


class Selector(NamedTuple):
    """One selector of a query: the metric, the labels it matches on and how."""

    metric: str
    matchers: tuple[tuple[str, str, str], ...]  # (label, operator, value)


class Window(NamedTuple):
    """A function over a range: its name and the length of the range."""

    function: str
    length: timedelta


def names(text: str) -> list[str]:
    """Return the variables and macros in a text, in their order."""
    return [_name(match) for match in _FORM.finditer(text)]


def expand(text: str, value: Callable[[str], str] | Mapping[str, str]) -> str:
    """Fill in every variable and macro."""
    find = value if callable(value) else value.__getitem__
    return _FORM.sub(lambda match: find(_name(match)), text)


def parse(expression: str) -> Any:
    """Return the syntax tree of an expression without macros; raise ValueError where it is no PromQL."""
    try:
        return parser.parse(expression)
    except ValueError as error:
        raise ValueError(f"{expression!r} is not PromQL: {error}") from None


def selectors(tree: Any) -> Iterator[Selector]:
    """Yield every selector in a syntax tree."""
    for node in _nodes(tree):
        if isinstance(node, parser.VectorSelector):
            matchers = tuple((m.name, _operator(m), m.value) for m in node.matchers.matchers)
            named = [value for label, operator, value in matchers if label == "__name__" and operator == "="]
            yield Selector(node.name or (named[0] if named else ""), matchers)


def windows(tree: Any) -> Iterator[Window]:
    """Yield every function that is applied to a range of raw samples."""
    for node in _nodes(tree):
        if isinstance(node, parser.Call):
            for argument in node.args:
                if isinstance(argument, parser.MatrixSelector):
                    yield Window(node.func.name, argument.range)


def _name(match: re.Match[str]) -> str:
    return match["braced"] or match["square"] or match["bare"]


def _operator(matcher: Any) -> str:
    return {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}[str(matcher.op).rpartition(".")[2]]


def _nodes(tree: Any) -> Iterator[Any]:
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
        yield from _nodes(child)
