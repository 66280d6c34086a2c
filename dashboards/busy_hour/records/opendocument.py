"""Sheets of OpenDocument (ISO/IEC 26300), as LibreOffice Calc writes them: rows of cells, one sheet of a workbook."""

import re
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, ParseError
from zipfile import BadZipFile, ZipFile

from dashboards.busy_hour.records.table import CsvError

MIME = b"application/vnd.oasis.opendocument.spreadsheet"

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_CALC = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
_CELLS = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")
_TIME = re.compile(r"PT(\d+)H(\d+)M(\d+)(?:[.,]\d+)?S")
_ERROR = re.compile(r"#[A-Z]+(?:/[A-Z0-9]+)?[!?]?|Err:\d+")
_MOST = 5_000_000  # cells that repeated rows and columns may come to


class Wrong(NamedTuple):
    """A cell whose formula ends in an error."""

    shown: str


class Sheets(NamedTuple):
    """The names of all sheets, and the rows of one with their numbers; a date is a datetime."""

    names: list[str]
    chosen: str
    rows: list[tuple[int, list[Any]]]


def is_opendocument(path: Path) -> bool:
    """Return whether a ZIP file says that it is a spreadsheet of OpenDocument."""
    try:
        with ZipFile(path) as archive:
            return archive.read("mimetype").strip() == MIME
    except (BadZipFile, KeyError, OSError, RuntimeError):
        return False


def read(path: Path, sheet: str | None) -> Sheets:
    """Return the rows that are not empty of a sheet, the first where none is named.

    Raises:
        CsvError: the file is damaged or encrypted, or has too many cells.
    """
    names: list[str] = []
    rows: list[tuple[int, list[Any]]] = []
    try:
        for name, number, cells in _rows(path, names):
            if name == (sheet or names[0]):
                rows.append((number, cells))
    except CsvError:
        raise
    except (BadZipFile, KeyError, ParseError, OSError, RuntimeError, ValueError, zlib.error):
        raise CsvError(
            f"{path}: is not a spreadsheet that can be read: damaged or encrypted; save it again as .ods or CSV"
        ) from None
    return Sheets(names, sheet or (names[0] if names else ""), rows)


def _rows(path: Path, names: list[str]) -> Iterator[tuple[str, int, list[Any]]]:
    """Yield sheet, number and cells of each row that is not empty; add each sheet's name when it begins."""
    from defusedxml.ElementTree import iterparse  # noqa: PLC0415 - only a spreadsheet needs it

    number = spent = 0
    with ZipFile(path) as archive, archive.open("content.xml") as content:
        for event, element in iterparse(content, ("start", "end")):
            if event == "start":
                if element.tag == f"{_TABLE}table":
                    names.append(element.get(f"{_TABLE}name", ""))
                    number = 0
                continue
            if element.tag != f"{_TABLE}table-row" or not names:
                continue
            times = int(element.get(f"{_TABLE}number-rows-repeated", "1"))
            cells = _cells(path, number + 1, element)
            spent += len(cells) * times
            if spent > _MOST:
                raise CsvError(f"{path}: row {number + 1}: the sheet has more than {_MOST:,} cells; save it as CSV")
            for place in range(times if cells else 0):
                yield names[-1], number + place + 1, list(cells)
            number += times
            element.clear()


def _cells(path: Path, number: int, row: Element) -> list[Any]:
    """Return a row's cells without the empty ones at its end."""
    cells: list[Any] = []
    empty = 0
    for cell in row.iter():
        if cell.tag not in _CELLS:
            continue
        times = int(cell.get(f"{_TABLE}number-columns-repeated", "1"))
        value = None if cell.tag == _CELLS[1] else _value(cell)
        if value is None:
            empty += times
            continue
        if len(cells) + empty + times > _MOST:
            raise CsvError(f"{path}: row {number} has more than {_MOST:,} cells; save it as CSV")
        cells += [None] * empty + [value] * times
        empty = 0
    return cells


def _value(cell: Element) -> Any:
    kind = cell.get(f"{_OFFICE}value-type")
    text = "\n".join("".join(part.itertext()) for part in cell.findall(f"{_TEXT}p")).strip()
    if cell.get(f"{_CALC}value-type") == "error" or (cell.get(f"{_TABLE}formula") and _ERROR.fullmatch(text)):
        return Wrong(text or "an error")
    if kind in ("float", "percentage", "currency"):
        written = cell.get(f"{_OFFICE}value", "")
        value = float(written)
        return int(written) if re.fullmatch(r"-?\d+", written) else value
    if kind == "date":
        return datetime.fromisoformat(cell.get(f"{_OFFICE}date-value", ""))
    if kind == "time":
        return _clock(cell.get(f"{_OFFICE}time-value", ""))
    return text or cell.get(f"{_OFFICE}string-value") or None


def _clock(duration: str) -> str:
    found = _TIME.fullmatch(duration)
    if not found:
        raise ValueError(f"{duration!r} is no duration")
    hours, minutes, seconds = (int(part) for part in found.groups())
    return f"{hours}:{minutes:02d}:{seconds:02d}"
