"""CSV of Windows' Performance Monitor, as programs that read it show its header and its first rows.

The zone of the machine stands in the first name and nowhere else, with the minutes that it is behind UTC.
"""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dashboards.busy_hour.measures.series import Calendar
from dashboards.busy_hour.records.importer import Imported, Layout, read_file
from dashboards.busy_hour.records.table import CsvError

COUNTER = r"\\EDGE1\Web Service(_Total)\Current Connections"
ALMATY = "(West Asia Standard Time)(-300)"


def imported(tmp_path: Path, zone: str, begin: datetime, *, own: str = "Asia/Almaty", sign: str = ",") -> Imported:
    """Import a day of five-minute samples; before the first one there is none to count from."""
    moments = [begin + timedelta(minutes=5 * place) for place in range(289)]
    head = sign.join((f'"(PDH-{"CSV" if sign == "," else "TSV"} 4.0) {zone}"', f'"{COUNTER}"'))
    lines = [
        f'"{moment:%m/%d/%Y %H:%M:%S}.562"{sign}"{" " if place == 0 else f"{place}.5"}"'
        for place, moment in enumerate(moments)
    ]
    file = tmp_path / "DataCollector01.csv"
    file.write_text("\r\n".join([head, *lines, ""]))
    return read_file(file, Layout(None, None, "gauge", 300, Calendar(ZoneInfo(own)), quantity="sessions"))


@pytest.mark.parametrize("sign", [",", "\t"])
def test_a_sample_is_of_the_time_before_it(tmp_path: Path, sign: str) -> None:
    found = imported(tmp_path, ALMATY, datetime(2026, 10, 5), sign=sign)  # noqa: DTZ001 - as the file has it
    assert (found.rows, found.missing, found.first) == (289, 1, "2026-10-04T23:55+05:00")
    [day] = found.days
    assert str(day.date) == "2026-10-05"
    assert day.series.slots[:2].tolist() == [2.5, 5.5]
    assert dict(found.notes)["time stamps"] == "iso, end of the interval"


def test_the_month_stands_first_where_no_row_tells(tmp_path: Path) -> None:
    assert imported(tmp_path, ALMATY, datetime(2026, 3, 4)).first == "2026-03-03T23:55+05:00"  # noqa: DTZ001


def test_another_zone_than_the_machine_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        CsvError,
        match=r"row 2: 2026-10-05 00:00:00.562 is in the zone 'Russian Standard Time' at UTC\+03:00, not in "
        r"Asia/Almaty; say the zone of that machine with --zone",
    ):
        imported(tmp_path, "(Russian Standard Time)(-180)", datetime(2026, 10, 5))  # noqa: DTZ001


def test_the_offset_is_that_of_the_first_stamp(tmp_path: Path) -> None:
    """Almaty was at UTC+6 until 2024-03-01; the header keeps what was right when the log began."""
    old = "(Central Asia Standard Time)(-360)"
    assert imported(tmp_path, old, datetime(2024, 2, 28)).first == "2024-02-27T23:55+06:00"  # noqa: DTZ001
    with pytest.raises(CsvError, match=r"at UTC\+06:00, not in Asia/Almaty"):
        imported(tmp_path, old, datetime(2024, 3, 5))  # noqa: DTZ001


def test_stamps_of_utc_are_of_utc(tmp_path: Path) -> None:
    found = imported(tmp_path, "(UTC)(0)", datetime(2026, 10, 4, 19))  # noqa: DTZ001
    assert found.first == "2026-10-04T23:55+05:00"


def test_what_is_no_stamp_is_named(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text(f'"(PDH-CSV 4.0) {ALMATY}","{COUNTER}"\n"10/05/2026 00:05:00.000","5"\n"2026-10-05 00:10","5"\n')
    with pytest.raises(CsvError, match="row 3: '2026-10-05 00:10' is no time stamp of Performance Monitor"):
        read_file(file, Layout(None, None, "gauge", 300, Calendar(ZoneInfo("Asia/Almaty"))))
