"""Tables as CSV files by RFC 4180, safe to open in a spreadsheet.

A cell that begins with =, +, -, @ or a control character is a formula or a command to a spreadsheet, and our texts come
from alert labels, that is from anybody who can name a node. Such a text gets an apostrophe in front, which spreadsheets
take as "this is text". Numbers are ours and stay numbers.

Excel opens a CSV file by the signs of the machine's language: where the decimal sign is a comma, cells are parted by
semicolons, and 9.10 would become a date.
"""

import csv
import io
from collections.abc import Iterable, Sequence

from fastapi import Response

from service.i18n import cldr

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


def written(rows: Iterable[Sequence[Cell]], language: str = "") -> str:
    """Return rows as lines, which end with CR LF, with the signs of a language; without one with those of RFC 4180."""
    decimal = _decimal(language)
    cells = ([_signed(harmless(cell), decimal) for cell in row] for row in rows)
    return _lines(cells, decimal)


def table(header: Sequence[str], rows: Iterable[Sequence[Cell]], language: str = "") -> str:
    """Return a table with its header row."""
    return _lines([header], _decimal(language)) + written(rows, language)


def _decimal(language: str) -> str:
    return cldr.written(language, "0.5")[1] if language else "."


def _signed(cell: Cell, decimal: str) -> Cell:
    return str(cell).replace(".", decimal) if isinstance(cell, float) else cell


def _lines(rows: Iterable[Sequence[Cell]], decimal: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=";" if decimal == "," else ",", lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def download(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]], language: str = "") -> Response:
    """Return a table as a file; `name` is ours and plain ASCII. What programs read has no language, and no mark."""
    return Response(
        ((MARK if language else "") + table(header, rows, language)).encode(),
        media_type="text/csv; charset=utf-8; header=present",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def refused(problem: str) -> Response:
    """Say why there is no table."""
    return Response(f"{problem}\n", 400, media_type="text/plain; charset=utf-8")
