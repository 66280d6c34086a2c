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


def harmless(cell: Cell) -> Cell:
    """Return a cell that no spreadsheet runs; what is not known is empty."""
    if not isinstance(cell, str):
        return cell
    return f"'{cell}" if cell[:1] in tuple(_CONTROL) or cell.lstrip()[:1] in tuple(_FORMULA) else cell


def table(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return a table with its header row; lines end with CR LF."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def download(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """Return a table as a file; `name` is ours and plain ASCII."""
    return Response(
        table(header, rows).encode(),
        media_type="text/csv; charset=utf-8; header=present",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def refused(problem: str) -> Response:
    """Say why there is no table."""
    return Response(f"{problem}\n", 400, media_type="text/plain; charset=utf-8")
