"""Workbooks of Excel and LibreOffice as rows of text."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from dashboards.busy_hour.records import opendocument
from dashboards.busy_hour.records.table import CsvError, Form


def read(path: Path, form: Form) -> tuple[str, list[tuple[int, list[str]]]]:
    """Return the sheet's name and its rows that are not empty, all of one width, with their numbers."""
    found = opendocument.read(path, form.sheet) if opendocument.is_opendocument(path) else _excel(path, form)
    names = found.names
    if form.sheet is not None and form.sheet not in names:
        raise CsvError(f'{path}: has no sheet "{form.sheet}"; it has {", ".join(names)}')
    if form.sheet is None and len(names) > 1:
        raise CsvError(f"{path}: has {len(names)} sheets ({', '.join(names)}); say which with --sheet")
    rows = [
        (number, [_cell(path, number, value) for value in cells])
        for number, cells in found.rows
        if number > (form.preamble or 0) and any(value is not None for value in cells)
    ]
    if not rows:
        raise CsvError(f"{path}: has no rows; export it again, or name another sheet with --sheet")
    width = max((place + 1 for _, cells in rows for place, cell in enumerate(cells) if cell), default=0)
    return found.chosen, [(number, (cells + [""] * width)[:width]) for number, cells in rows]


def _excel(path: Path, form: Form) -> opendocument.Sheets:
    import openpyxl  # noqa: PLC0415 - only a workbook needs it

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception:  # noqa: BLE001 - the library raises whatever its parsers do
        raise CsvError(
            f"{path}: is not a workbook that can be read: damaged, encrypted or of another kind; save it again as .xlsx"
        ) from None
    try:
        names = book.sheetnames
        chosen = form.sheet if form.sheet is not None and form.sheet in names else names[0]
        rows = [(number, list(cells)) for number, cells in enumerate(book[chosen].iter_rows(values_only=True), 1)]
        return opendocument.Sheets(names, chosen, rows)
    finally:
        book.close()


def _cell(path: Path, number: int, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        # Workbooks keep days as binary fractions: the last digits of a second are noise.
        return (value + timedelta(microseconds=500_000)).replace(microsecond=0).isoformat(" ")
    if isinstance(value, float):
        return repr(value)
    wrong = isinstance(value, opendocument.Wrong)
    text = value.shown if wrong else str(value).strip()
    if wrong or (text.startswith("#") and text.endswith(("!", "?", "A"))):
        raise CsvError(f"{path}: row {number}: a formula ends in {text}; correct it in the workbook")
    return text
