"""Files with the date in one column and the time of day in another, as Excel users write them."""

import re
from collections.abc import Sequence
from itertools import pairwise

from dashboards.busy_hour.records import stamps

Rows = list[tuple[int, list[str]]]
"""The number in the file and the cells of each row."""

_CLOCK = re.compile(r"\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?: ?[AaPp][Mm])?")
_MIDNIGHT = re.compile(r"[ T]0?0:00(?::00)?$")  # which a workbook adds to a date


def join_clock(header: Sequence[str], rows: Rows) -> tuple[list[str], Rows, tuple[str, str]] | None:
    """Return header and rows with date and time of day in one column, and the names of both; None without such columns.

    The dates must repeat from row to row: a file with a row a day may have a duration beside it.
    """
    if not rows:
        return None
    columns = list(zip(*(cells for _, cells in rows), strict=False))
    date = next((at for at, cells in enumerate(columns) if _is_date(cells)), None)
    clock = next((at for at, cells in enumerate(columns) if all(map(_CLOCK.fullmatch, cells))), None)
    if date is None or clock is None:
        return None

    def joined(cells: Sequence[str]) -> list[str]:
        made = list(cells)
        made[date] = f"{_MIDNIGHT.sub('', cells[date])} {'0' if cells[clock][1] == ':' else ''}{cells[clock]}"
        del made[clock]
        return made

    names = [name for at, name in enumerate(header) if at != clock]
    return names, [(number, joined(cells)) for number, cells in rows], (header[date], header[clock])


def _is_date(cells: Sequence[str]) -> bool:
    dates = [_MIDNIGHT.sub("", cell) for cell in cells]
    plain = all(":" not in date and not date.isdigit() and stamps.looks_like_stamp(date) for date in dates)
    return plain and any(before == after for before, after in pairwise(dates))
