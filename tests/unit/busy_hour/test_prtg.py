"""Historic data of PRTG 26.3, as they are read by programs that were checked against it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dashboards.busy_hour.measures.series import Calendar
from dashboards.busy_hour.records.files import read
from dashboards.busy_hour.records.importer import Imported, Layout, read_file
from dashboards.busy_hour.records.table import CsvError, Form

BEGIN = datetime(2026, 2, 28, 19, tzinfo=UTC)  # midnight in Almaty
NAMES = ("Traffic In (Volume)", "Traffic In (Speed)", "Coverage")
HEADER = ",".join(f'"{name}","{name}(RAW)"' for name in ("Date Time", *NAMES))
LAST = '"Averages (of 48 values)","","4,5 MByte","4718592.0000","10 Mbit/s","1310720.0000","100 %","0000010000"'


def days(moment: datetime) -> str:
    return f"{(moment - datetime(1899, 12, 30, tzinfo=UTC)) / timedelta(days=1):.10f}"


def row(place: int, *, averages: bool = True) -> str:
    """Return an hour in the server's own zone, an hour behind ours; its values are there as text and raw."""
    at = BEGIN + timedelta(hours=place)
    local = at + timedelta(hours=4)
    shown = f"{local:%m/%d/%Y %I:%M:%S %p}" + (f" - {local + timedelta(hours=1):%I:%M:%S %p}" if averages else "")
    raw = days(at + timedelta(hours=1) if averages else at)
    return f'"{shown}","{raw}","1 MByte","1048576.0000","{place},1 Mbit/s","{1000 + place}.5000","100 %","0000010000"'


def imported(tmp_path: Path, *lines: str) -> Imported:
    file = tmp_path / "sensor.csv"
    file.write_text("\n".join([HEADER, *lines]) + "\n")
    layout = Layout(None, "Traffic In (Speed)(RAW)", "gauge", 3600, Calendar(ZoneInfo("Asia/Almaty")))
    return read_file(file, layout)


def test_averages_are_stamped_at_their_end(tmp_path: Path) -> None:
    found = imported(tmp_path, *map(row, range(48)), LAST)
    assert (found.rows, found.least, found.most) == (48, 1000.5, 1047.5)
    assert (found.first, found.last) == ("2026-03-01T00:00+05:00", "2026-03-02T23:00+05:00")
    notes = dict(found.notes)
    assert (notes["program"], notes["rows of sums and averages, left out"]) == ("PRTG", "1")
    assert notes["time stamps"] == "iso, end of the interval"


def test_values_that_were_read_are_stamped_when_they_were(tmp_path: Path) -> None:
    found = imported(tmp_path, *(row(place, averages=False) for place in range(48)))
    assert (found.first, found.last) == ("2026-03-01T00:00+05:00", "2026-03-02T23:00+05:00")


def test_an_hour_without_coverage_is_missing(tmp_path: Path) -> None:
    gap = row(7).replace("1007.5000", "").replace("7,1 Mbit/s", "").replace("0000010000", "0000000000")
    found = imported(tmp_path, *map(row, range(7)), gap, *map(row, range(8, 48)))
    assert (found.rows, found.missing) == (48, 1)


def test_the_column_has_to_be_said(tmp_path: Path) -> None:
    file = tmp_path / "sensor.csv"
    file.write_text("\n".join([HEADER, *map(row, range(24))]))
    layout = Layout(None, None, "gauge", 3600, Calendar(ZoneInfo("Asia/Almaty")))
    with pytest.raises(CsvError, match=r'which column has the values\? It has "Traffic In \(Volume\)\(RAW\)"'):
        read_file(file, layout)


def test_a_row_without_its_day_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CsvError, match=r'row 3: \'\' in column "Date Time\(RAW\)" is no day of PRTG'):
        imported(tmp_path, row(0), row(1).replace(days(BEGIN + timedelta(hours=2)), ""), row(2))


@pytest.mark.parametrize("header", ["Date Time,Value,Note", "Date Time,Date Time(RAW)"])
def test_other_tables_stay(tmp_path: Path, header: str) -> None:
    file = tmp_path / "other.csv"
    file.write_text(f"{header}\n2026-03-01 00:00:00,46082.0{',x' * header.count('Note')}\n")
    assert "program" not in dict(read(file, Form()).notes)
