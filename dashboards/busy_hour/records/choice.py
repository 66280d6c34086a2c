"""Which column of a file has the time stamps and which the values, where nobody says so.

A column is judged by all its rows: one in which a cell is wrong, or empty at first, is still a choice, and of several
choices none is taken.
"""

import re
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from dashboards.busy_hour.records import numbers
from dashboards.busy_hour.records.table import CsvError

Rows = Sequence[tuple[int, list[str]]]

_UNIX = re.compile(r"\d+(?:\.\d*)?")
_DAY = 86400.0


def of_time(path: Path, names: Sequence[str], rows: Rows, is_stamp: Callable[[str], bool]) -> int:
    """Return the column with the time stamps; refuse where two columns have some, such as start and end."""
    number, first = rows[0]
    found = [place for place, cell in enumerate(first) if is_stamp(cell)]
    if not found:
        raise CsvError(
            f"{path}: row {number} has no time stamp that is understood: {' | '.join(first)[:120]}; "
            'write ISO 8601 or Unix seconds, or say the form with --time-format, such as "%d %b %Y %H:%M" for '
            "05 Oct 2026 20:00"
        )
    times = [found[0], *(place for place in found[1:] if _are_stamps(rows, place, found[0], is_stamp))]
    if len(times) > 1:
        shown = ", ".join(f'"{names[place][:40]}"' for place in times)
        raise CsvError(
            f"{path}: which column has the time? {shown} have time stamps; say it with --time-column, and with "
            "--stamps end where it is the end of each interval"
        )
    return times[0]


def _are_stamps(rows: Rows, place: int, beside: int, is_stamp: Callable[[str], bool]) -> bool:
    """Return whether all cells of a column are stamps; a number such as 1791140400 is one only near the row's own."""
    for _, cells in rows:
        cell, other = cells[place], cells[beside]
        if not is_stamp(cell):
            return False
        if _UNIX.fullmatch(cell):
            return bool(_UNIX.fullmatch(other)) and len(cell) == len(other) and abs(float(cell) - float(other)) <= _DAY
    return True


def of_value(path: Path, names: Sequence[str], rows: Rows, others: Collection[int]) -> int:
    """Return the only column with numbers but `others`; refuse where there are several or none."""
    places = [place for place in range(len(names)) if place not in others]
    found = [place for place in places if any(_measures(cells[place]) for _, cells in rows)]
    if len(found) == 1:
        return found[0]
    if not found and (len(places) == 1 or (len(places) > 1 and not any(cells[places[1]] for _, cells in rows))):
        return places[0]  # whose first wrong cell is named
    shown = ", ".join(f'"{names[place][:40]}"' for place in found) or "none with numbers"
    raise CsvError(f"{path}: which column has the values? It has {shown}; say it with --value-column")


def _measures(cell: str) -> bool:
    """Return whether a cell is a number, with a unit or without."""
    if cell.lower() in numbers.MISSING:
        return False
    return numbers.looks_like_number(cell) or numbers.unit_of(cell) != ""
