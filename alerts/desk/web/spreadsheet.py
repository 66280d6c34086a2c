"""Tables as CSV files by RFC 4180, safe to open in a spreadsheet.

A cell that begins with =, +, -, @ or a control character is a formula or a command to a spreadsheet, and our texts come
from alert labels, that is from anybody who can name a node. Such a text gets an apostrophe in front, which spreadsheets
take as "this is text". Numbers are ours and stay numbers.
"""

import csv
import io
from collections.abc import Iterable, Sequence

from fastapi import Response

Cell = str | int | float | None
_FORMULA = "=+-@＝＋－＠"  # spreadsheets take the full-width forms for the same
_CONTROL = "\t\r\n"
MARK = "\ufeff"
"""The byte order mark, without which spreadsheets on Windows take UTF-8 for the code page of the machine."""


def harmless(cell: Cell) -> Cell:
    """Return a cell that no spreadsheet runs; what is not known is empty."""
    if not isinstance(cell, str):
        return cell
    return f"'{cell}" if cell[:1] in tuple(_CONTROL) or cell.lstrip()[:1] in tuple(_FORMULA) else cell


def written(rows: Iterable[Sequence[Cell]]) -> str:
    """Return rows as lines, which end with CR LF."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def table(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return a table with its header row."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(header)
    return text.getvalue() + written(rows)


def download(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]], *, mark: str = MARK) -> Response:
    """Return a table as a file; `name` is ours and plain ASCII. What programs read begins without the mark."""
    return Response(
        (mark + table(header, rows)).encode(),
        media_type="text/csv; charset=utf-8; header=present",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def refused(problem: str) -> Response:
    """Say why there is no table."""
    return Response(f"{problem}\n", 400, media_type="text/plain; charset=utf-8")
