"""Spreadsheets of OpenDocument.

Debian 12's LibreOffice 7.4.7.2 wrote both files with `soffice --headless --convert-to ods`: the first from a CSV of a
Russian Excel (`--infilter=CSV:59,34,76,1,1/5/2/1,1049,false,true`), the second from a workbook with the time of day in
a column of its own, formulas, and a sheet with a division by zero.
"""

import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from dashboards.busy_hour.measures.series import Calendar
from dashboards.busy_hour.records.importer import CsvError, Form, Layout, read_file
from tests.unit.busy_hour.example import ALMATY

HERE = Path(__file__).parent
FROM_CSV, SHEETS = HERE / "libreoffice-7.4.7-from-csv.ods", HERE / "libreoffice-7.4.7-sheets.ods"
HOURLY = Layout(None, None, "gauge", 3600, Calendar(ALMATY))
BUSY = 9123.75


def changed(path: Path, old: str, new: str) -> Path:
    """Write the first file again with other words in its content."""
    with zipfile.ZipFile(FROM_CSV) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content.replace(old.encode(), new.encode()) if name == "content.xml" else content)
    return path


@pytest.mark.parametrize(
    ("file", "layout", "times"),
    [
        (FROM_CSV, HOURLY, 1),
        (SHEETS, replace(HOURLY, form=Form(sheet="Октябрь"), value_column="Сессии"), 1),
        (SHEETS, replace(HOURLY, form=Form(sheet="Октябрь"), value_column="Сумма"), 2),
    ],
)
def test_a_day_of_libreoffice(file: Path, layout: Layout, times: int) -> None:
    read = read_file(file, layout)
    [day] = read.days
    peak = day.peak("full")
    assert peak is not None
    assert (peak.value, peak.clock, read.rows, day.coverage) == (times * BUSY, 20 * 3600, 24, 1.0)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (Form(), r"has 2 sheets \(Октябрь, Ошибка\); say which with --sheet"),
        (Form(sheet="Ноябрь"), 'has no sheet "Ноябрь"; it has Октябрь, Ошибка'),
        (Form(sheet="Ошибка"), "row 3: a formula ends in #DIV/0!; correct it in the workbook"),
    ],
)
def test_the_sheet_has_to_be_one_that_can_be_read(form: Form, message: str) -> None:
    with pytest.raises(CsvError, match=message):
        read_file(SHEETS, replace(HOURLY, form=form))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('office:value="9123.75"', 'office:value="9123,75"', "damaged or encrypted; save it again as .ods or CSV"),
        ("</office:document-content>", "", "damaged or encrypted; save it again as .ods or CSV"),
        ("<table:table-row ", '<table:table-row table:number-rows-repeated="9000000" ', "more than 5,000,000 cells"),
        (
            "<table:table-cell ",
            '<table:table-cell table:number-columns-repeated="9000000" ',
            "more than 5,000,000 cells",
        ),
        ('office:value="1001.5" calcext:value-type="float"', 'calcext:value-type="error"', "row 3: a formula ends in"),
    ],
)
def test_what_is_damaged_is_refused(old: str, new: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(CsvError, match=message):
        read_file(changed(tmp_path / "edge.ods", old, new), HOURLY)


def test_a_file_that_breaks_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "edge.ods"
    shutil.copy(FROM_CSV, path)
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(CsvError, match="damaged, encrypted or of another kind; save it again"):
        read_file(path, HOURLY)


def test_a_fraction_of_a_second_is_noise_of_the_conversion(tmp_path: Path) -> None:
    path = changed(
        tmp_path / "edge.ods", 'date-value="2026-10-13T01:00:00"', 'date-value="2026-10-13T00:59:59.9999999"'
    )
    read = read_file(path, HOURLY)
    assert (read.rows, read.gaps, read.days[0].coverage) == (24, 0, 1.0)
