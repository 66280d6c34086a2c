"""The columns of stamps and values where nobody names them: of several choices none is taken."""

from pathlib import Path

import pytest

from dashboards.busy_hour.measures.series import Calendar
from dashboards.busy_hour.records.importer import CsvError, Imported, Layout, read_file
from tests.unit.busy_hour.example import ALMATY

LAYOUT = Layout(None, None, "gauge", 900, Calendar(ALMATY))


def imported(tmp_path: Path, header: str, *rows: str, layout: Layout = LAYOUT) -> Imported:
    path = tmp_path / "table.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return read_file(path, layout)


def quarters(cells: str, number: int = 96) -> list[str]:
    return [f"2026-10-05 {at // 4:02d}:{at % 4 * 15:02d}:00,{cells}" for at in range(number)]


@pytest.mark.parametrize("odd", ["Timeout", "12.5 Mbit/s", "-5"])
def test_a_wrong_cell_makes_a_column_no_less_a_choice(tmp_path: Path, odd: str) -> None:
    rows = quarters("900,3")
    rows[7] = rows[7].replace("900", odd)
    with pytest.raises(CsvError, match='has "sessions", "errors"; say it with --value-column'):
        imported(tmp_path, "time,sessions,errors", *rows)


def test_a_column_that_is_empty_at_first_is_a_choice(tmp_path: Path) -> None:
    rows = [*quarters(",3", 60), *quarters("900,3")[60:]]
    with pytest.raises(CsvError, match='has "sessions", "errors"; say it with --value-column'):
        imported(tmp_path, "time,sessions,errors", *rows)


def test_a_column_with_units_is_a_choice(tmp_path: Path) -> None:
    with pytest.raises(CsvError, match='has "traffic", "coverage"; say it with --value-column'):
        imported(tmp_path, "time,traffic,coverage", *quarters("12.5 Mbit/s,100"))


def test_a_column_of_words_or_of_nothing_is_none(tmp_path: Path) -> None:
    found = imported(tmp_path, "time,host,note,sessions", *quarters("edge-1,-,900"))
    assert dict(found.notes)["columns"] == 'time "time", value "sessions"'


@pytest.mark.parametrize(
    ("ends", "starts"),
    [
        ("2026-10-05 00:{:02d}:00", "2026-10-05 00:{:02d}:00"),
        ("05.10.2026 00:{:02d}", "05.10.2026 00:{:02d}"),
        ("1791140{:d}00", "1791140{:d}00"),
    ],
)
def test_start_and_end_are_two_choices(tmp_path: Path, ends: str, starts: str) -> None:
    rows = [f"{ends.format(at + 1)},{starts.format(at)},5" for at in range(4)]
    with pytest.raises(CsvError, match='"end", "start" have time stamps; say it with --time-column'):
        imported(tmp_path, "end,start,sessions", *rows)


def test_a_number_that_could_be_unix_time_is_a_value(tmp_path: Path) -> None:
    rows = [f"{1791140400 + 900 * at},{1650000000 + at}" for at in range(96)]
    found = imported(tmp_path, "time,bytes", *rows)
    assert dict(found.notes)["columns"] == 'time "time", value "bytes"'


def test_hours_in_steps_of_five_minutes_name_the_step(tmp_path: Path) -> None:
    rows = [f"2026-10-05 {hour:02d}:00:00,900" for hour in range(24)]
    for step in (300, 900):
        with pytest.raises(CsvError, match=rf"come 60 min after the row before, not {step // 60} min; say --step 60m"):
            imported(tmp_path, "time,v", *rows, layout=Layout(None, None, "volume", step, Calendar(ALMATY)))


def test_quarters_in_steps_of_an_hour_name_the_step(tmp_path: Path) -> None:
    with pytest.raises(CsvError, match="come 15 min after the row before, not 60 min; say --step 15m"):
        imported(tmp_path, "time,v", *quarters("900"), layout=Layout(None, None, "gauge", 3600, Calendar(ALMATY)))
