"""A file as rows of cells, and what the planner says about it."""

from dataclasses import dataclass, field
from typing import Literal

Stamps = Literal["start", "end"]


class CsvError(ValueError):
    """A file that cannot be used; the message names the row."""


@dataclass(frozen=True, slots=True)
class Form:
    """What the planner says about the file; None is detected."""

    delimiter: str | None = None
    encoding: str | None = None
    header: bool | None = None
    preamble: int | None = None  # lines before the header
    sheet: str | None = None


@dataclass(slots=True)
class Table:
    """Names of the columns, and the rows of cells with their numbers in the file."""

    header: list[str]
    rows: list[tuple[int, list[str]]]
    delimiter: str  # "" where the file has none
    named: bool  # the file itself names the columns
    notes: list[tuple[str, str]] = field(default_factory=list)
    stamps: Stamps | None = None  # which end of an interval the program that wrote the file is known to state
    step: int | None = None  # seconds, where the file states it
    offset: tuple[int, str] | None = None  # of the first stamp from UTC in seconds, and its zone as the file has it
    clock: str = ""  # the name of the column whose time of day was joined to the dates
    unsure: str = ""  # why the end of an interval cannot be known that the stamps state, with the remedy
    doubt: str = ""  # the same where the start is taken
