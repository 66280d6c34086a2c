"""Workbooks whose file says less, or something else, than Excel shows.

The parts are those that openpyxl writes, changed as programs are known to write them: a dimension that is a part of the
sheet (pandas-dev/pandas#39001), formulas of a library that does not compute, Strict Open XML.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest

from dashboards.busy_hour.measures.series import Calendar
from dashboards.busy_hour.records.importer import CsvError, Form, Layout, read_file
from tests.unit.busy_hour.example import ALMATY

HOURLY = Layout(None, None, "gauge", 3600, Calendar(ALMATY))
VALUES = [1000.5 + hour for hour in range(24)]
MIDNIGHT = datetime.fromisoformat("2026-10-13 00:00")  # workbooks know no zones
SHEET = r"xl/worksheets/sheet1\.xml"


def saved(path: Path, values: Sequence[Any], also: Callable[[openpyxl.Workbook], object] = lambda _: None) -> Path:
    """Return a workbook with a value for each hour of a day."""
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["time", "value"])
    for hour, value in enumerate(values):
        book.active.append([MIDNIGHT + timedelta(hours=hour), value])
    also(book)
    book.save(path)
    return path


def edited(path: Path, part: str, edit: Callable[[str], str]) -> Path:
    """Return the workbook with parts of it changed."""
    with ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    with ZipFile(path, "w", ZIP_DEFLATED) as book:
        for name, content in parts.items():
            book.writestr(name, edit(content.decode()).encode() if re.fullmatch(part, name) else content)
    return path


@pytest.mark.parametrize("stated", ["A1", "A1:B13", "A1:A25", "A1:B1", "C4:D9"])
def test_what_a_sheet_has_counts_and_not_what_it_says_of_its_size(tmp_path: Path, stated: str) -> None:
    path = edited(
        saved(tmp_path / "a.xlsx", VALUES),
        SHEET,
        lambda text: text.replace('<dimension ref="A1:B25"', f'<dimension ref="{stated}"'),
    )
    [day] = read_file(path, HOURLY).days
    assert day.series.slots.tolist() == VALUES


def test_a_formula_without_a_result_is_no_missing_value(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.xlsx", [*VALUES[:20], "=B2*9", *VALUES[21:]])
    with pytest.raises(CsvError, match=r"row 22: a formula has no stored result; open the workbook in Excel"):
        read_file(path, HOURLY)
    # As a program that computes stores it; and a cell that is empty is one.
    edited(path, SHEET, lambda text: re.sub(r"<f>B2\*9</f><v ?(/>|></v>)", "<f>B2*9</f><v>9004.5</v>", text))
    assert read_file(path, HOURLY).most == 9004.5
    assert read_file(saved(tmp_path / "b.xlsx", [*VALUES[:20], None, *VALUES[21:]]), HOURLY).missing == 1


def test_a_sheet_that_is_a_chart_is_no_choice(tmp_path: Path) -> None:
    from openpyxl.chart import LineChart, Reference  # noqa: PLC0415

    def chart(book: openpyxl.Workbook) -> None:
        line = LineChart()
        line.add_data(Reference(book.active, min_col=2, min_row=1, max_row=25))
        book.create_chartsheet("Chart").add_chart(line)

    path = saved(tmp_path / "a.xlsx", VALUES, chart)
    assert read_file(path, HOURLY).rows == 24
    with pytest.raises(CsvError, match='has no sheet "Chart"; it has Sheet'):
        read_file(path, Layout(None, None, "gauge", 3600, Calendar(ALMATY), form=Form(sheet="Chart")))


def test_strict_open_xml_is_refused_with_what_to_save(tmp_path: Path) -> None:
    def strict(text: str) -> str:
        text = text.replace("schemas.openxmlformats.org/spreadsheetml/2006", "purl.oclc.org/ooxml/spreadsheetml")
        return text.replace("schemas.openxmlformats.org/officeDocument/2006", "purl.oclc.org/ooxml/officeDocument")

    path = edited(saved(tmp_path / "a.xlsx", VALUES), r".*\.(xml|rels)", strict)
    with pytest.raises(CsvError, match=r"is a Strict Open XML Spreadsheet; save it as Excel Workbook \(.xlsx\)"):
        read_file(path, HOURLY)


@pytest.mark.parametrize(
    "edit", [lambda text: text[: len(text) // 2], lambda text: text.replace("<v>1005.5</v>", "<v>1005.5x</v>")]
)
def test_damage_in_the_middle_of_a_sheet(tmp_path: Path, edit: Callable[[str], str]) -> None:
    with pytest.raises(CsvError, match="is not a workbook that can be read: damaged"):
        read_file(edited(saved(tmp_path / "a.xlsx", VALUES), SHEET, edit), HOURLY)
