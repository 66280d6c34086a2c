"""Workbooks of Excel and LibreOffice as rows of text."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from dashboards.busy_hour.records import opendocument
from dashboards.busy_hour.records.table import CsvError, Form

_STRICT = b"http://purl.oclc.org/ooxml/spreadsheetml/main"  # the namespace of ISO/IEC 29500 Strict


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
    try:
        names, chosen, rows = _read(path, form.sheet, formulas=False)
        # A cell within the others may be empty, or a formula that no program has computed yet.
        if any(value is None for _, cells in rows for value in cells):
            _check_formulas(path, rows, _read(path, chosen, formulas=True)[2])
    except CsvError:
        raise
    except Exception:  # noqa: BLE001 - the library raises whatever its parsers do, also in the middle of a sheet
        raise CsvError(
            f"{path}: is not a workbook that can be read: damaged, encrypted or of another kind; save it again as .xlsx"
        ) from None
    return opendocument.Sheets(names, chosen, rows)


Rows = list[tuple[int, list[Any]]]


def _read(path: Path, sheet: str | None, *, formulas: bool) -> tuple[list[str], str, Rows]:
    """Return the names of the sheets, the one that is read and its rows: values, or formulas where there are some."""
    import openpyxl  # noqa: PLC0415 - only a workbook needs it

    with ZipFile(path) as parts:
        if _STRICT in parts.read("xl/workbook.xml"):
            raise CsvError(f"{path}: is a Strict Open XML Spreadsheet; save it as Excel Workbook (.xlsx)")
    book = openpyxl.load_workbook(path, read_only=True, data_only=not formulas)
    try:
        sheets: dict[str, Any] = {one.title: one for one in book.worksheets}  # a sheet that is a chart has no rows
        if not sheets:
            raise CsvError(f"{path}: has no sheet with rows; export it again")
        chosen = sheet if sheet is not None and sheet in sheets else next(iter(sheets))
        # Many programs state a part, or one cell, as the whole of a sheet; what is there counts.
        sheets[chosen].reset_dimensions()
        cells = sheets[chosen].iter_rows(values_only=not formulas)
        return list(sheets), chosen, [(number, list(row)) for number, row in enumerate(cells, 1)]
    finally:
        book.close()


def _check_formulas(path: Path, rows: Rows, formulas: Rows) -> None:
    """Refuse a formula without its result: only programs that compute, such as Excel, store one."""
    for (number, values), (_, cells) in zip(rows, formulas, strict=True):
        if any(value is None and cell.data_type == "f" for value, cell in zip(values, cells, strict=True)):
            raise CsvError(
                f"{path}: row {number}: a formula has no stored result; open the workbook in Excel or LibreOffice and "
                "save it there"
            )


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
