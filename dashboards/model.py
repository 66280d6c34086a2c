"""A board as plain values: what it asks, and of which series. `panels` and `build` make Grafana's JSON of it.

Every text a reader sees is English here and looked up in `texts/` for the other languages.
"""

from dataclasses import dataclass, field
from typing import Literal

LANGUAGE = "language"  # a label or column of this name is the one with the name of the reader's language

State = Literal["good", "warning", "minor", "major", "critical", "unknown"]

# X.733's severities keep one colour on every board; a figure that is no state stays in the text colour.
COLOURS: dict[State, str] = {
    "good": "green",
    "warning": "blue",
    "minor": "yellow",
    "major": "orange",
    "critical": "red",
    "unknown": "purple",
}


@dataclass(frozen=True, slots=True)
class Limit:
    """A threshold of the alerts by its name; `rest` where the panel shows what is used and the alert what is left."""

    name: str
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Steps:
    """From which value on a state holds; below the first value it is `base`."""

    at: tuple[tuple[float | Limit, State], ...]
    base: State = "good"


@dataclass(frozen=True, slots=True)
class Query:
    """One PromQL query. `legend` may hold `{{label}}`; `step` is the least distance between its points."""

    expr: str
    legend: str = ""
    step: str = ""
    steps: Steps | None = None  # this query's own scale, where the panel's others have none


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a bare number or a label's value stands for."""

    value: int | str
    text: str
    state: State | None = None
    below: bool = False  # for every number below the value, and not for the value

    @property
    def pattern(self) -> bool:
        """Return whether the value is an expression for texts, such as `/^site:(.+)$/`, and `text` its replacement."""
        return isinstance(self.value, str) and self.value.startswith("/")


@dataclass(frozen=True, slots=True)
class Link:
    """A link from a value. `board` is a board's name, or empty where `url` leads out of Grafana."""

    title: str
    board: str = ""
    variables: tuple[tuple[str, str], ...] = ()  # (variable there, label here)
    url: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: a label of the series, or the value of the query with the letter `name`."""

    name: str
    header: str
    unit: str = ""
    steps: Steps | None = None
    meanings: tuple[Meaning, ...] = ()
    links: tuple[Link, ...] = ()
    width: int = 0
    decimals: int | None = None


@dataclass(frozen=True, kw_only=True)
class Panel:
    """What every panel has: one question, and the unit of the answer."""

    title: str
    question: str
    unit: str
    queries: tuple[Query, ...]
    width: int
    height: int
    steps: Steps | None = None
    meanings: tuple[Meaning, ...] = ()
    links: tuple[Link, ...] = ()
    decimals: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    empty: str = (
        ""  # what is said without data, where no series is an answer: no stream is probed, a node delivers nothing
    )
    back: str = ""  # how far the panel looks back, whatever range the board shows


@dataclass(frozen=True, kw_only=True)
class Figure(Panel):
    """Large numbers, with the course of the range behind them where `course` is set."""

    course: bool = False
    fill: bool = False  # the state colours the whole cell
    named: bool = False  # write the legend beside each number


@dataclass(frozen=True, kw_only=True)
class Course(Panel):
    """Lines over time."""

    stacked: bool = False
    bars: bool = False
    limits: bool = False  # draw the steps as dashed lines
    legend_values: bool = True
    lines: tuple[str, ...] = ()  # legends of plain lines among bars: a limit, a capacity
    names: tuple[tuple[str, str], ...] = ()  # (label's value as the legend shows it, what to write instead)


@dataclass(frozen=True, kw_only=True)
class Ranking(Panel):
    """Horizontal bars, one a series."""

    names: tuple[tuple[str, str], ...] = ()  # (legend, or its end after " · ", what to write instead)
    above: bool = False  # long names stand above their bars, and have the whole width
    firsts: tuple[tuple[str, str], ...] = ()  # (legend before " · ", what to write instead)


@dataclass(frozen=True, kw_only=True)
class Grid(Panel):
    """A table with one row for each set of labels; queries are joined on the labels they share."""

    columns: tuple[Column, ...]
    sort: str = ""  # header of the column to sort by
    descending: bool = False
    matrix: tuple[str, str] | None = None  # (label that names the rows, label that names the columns)


@dataclass(frozen=True, kw_only=True)
class History(Panel):
    """States over time, one lane a series."""


@dataclass(frozen=True, kw_only=True)
class HeatMap(Panel):
    """Rows by legend, columns by time, the value as a colour."""


@dataclass(frozen=True, slots=True)
class Row:
    """Panels from left to right, wrapped at 24 columns; a titled row has a heading that folds."""

    panels: tuple[Panel, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the head of a board, filled from a label's values."""

    name: str
    label: str
    query: str
    multi: bool = True


@dataclass(frozen=True, slots=True)
class Board:
    """One board. `name` is its file name and, with the prefix `ott-`, its uid."""

    name: str
    title: str
    purpose: str
    readers: str  # for the documentation
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()
    since: str = "now-6h"
    refresh: str = "10s"
    tags: tuple[str, ...] = field(default=("ottwatch",))
