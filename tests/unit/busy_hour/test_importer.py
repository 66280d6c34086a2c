"""CSV from before ottwatch: what is read, and the sentence each mistake gets."""

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dashboards.busy_hour.measures import traffic
from dashboards.busy_hour.measures.series import HOUR, Calendar, clock_text
from dashboards.busy_hour.records.importer import CsvError, Layout, read_days
from tests.unit.busy_hour.example import ALMATY

LAYOUT = Layout("time", "value", "gauge", 900, Calendar(ALMATY))
GOOD = "2026-10-05T20:00+05:00,5"


def file(folder: Path, *rows: str, header: str = "time,value") -> Path:
    path = folder / "history.csv"
    path.write_text("\n".join([header, *rows, ""]))
    return path


def day_rows(value: float = 100.0, busy: float = 900.0) -> list[str]:
    return [
        f"2026-10-05T{quarter // 4:02d}:{quarter % 4 * 15:02d}+05:00,{busy if 80 <= quarter < 84 else value}"
        for quarter in range(96)
    ]


def test_a_gauge(tmp_path: Path) -> None:
    [day] = read_days(file(tmp_path, *day_rows()), LAYOUT)
    peak = day.peak("quarter")
    assert peak is not None
    assert (str(day.date), clock_text(peak.clock), peak.value, day.coverage) == ("2026-10-05", "20:00", 900.0, 1.0)


def test_a_volume_is_summed_over_the_hour(tmp_path: Path) -> None:
    [day] = read_days(file(tmp_path, *day_rows()), replace(LAYOUT, kind="volume"))
    peak = day.peak("full")
    assert peak is not None
    assert (peak.value, day.kind) == (3600.0, "volume")


def test_a_counter_gives_rates_and_survives_a_restart(tmp_path: Path) -> None:
    rows, total = [], 0.0
    for minute in range(1441):
        total = 0.0 if minute == 600 else total + 600.0  # ten a second; at 10:00 it began again
        stamp = f"2026-10-0{5 + minute // 1440}T{minute % 1440 // 60:02d}:{minute % 60:02d}+05:00"
        rows.append(f"{stamp},{total}")
    layout = replace(LAYOUT, kind="counter", step=60, scale=8.0)
    [day] = read_days(file(tmp_path, *rows), layout)
    assert day.hour_at(10 * HOUR) == pytest.approx(80.0)
    # The minute before the restart counted nothing that anyone saw.
    assert day.hour_at(9 * HOUR) == pytest.approx(80.0 * 59 / 60)
    assert day.coverage == 1.0


def test_a_gap_in_a_counter_is_missing_not_spread(tmp_path: Path) -> None:
    rows = [
        f"2026-10-05T{minute // 60:02d}:{minute % 60:02d}+05:00,{600 * minute}"
        for minute in range(1440)
        if not 600 <= minute < 720
    ]
    [day] = read_days(file(tmp_path, *rows), replace(LAYOUT, kind="counter", step=60))
    assert day.hour_at(10 * HOUR) is None
    assert day.hour_at(12 * HOUR) == pytest.approx(10.0)


def test_an_empty_cell_is_missing(tmp_path: Path) -> None:
    rows = [row if "T20:15" not in row else row.partition(",")[0] + "," for row in day_rows()]
    [day] = read_days(file(tmp_path, *rows), LAYOUT)
    peak = day.peak("quarter")
    assert peak is not None
    assert peak.partial
    assert day.coverage == 95 / 96


def test_stamps_without_offset_are_of_the_zone(tmp_path: Path) -> None:
    rows = [row.replace("+05:00", "") for row in day_rows()]
    [day] = read_days(file(tmp_path, *rows), LAYOUT)
    assert day.series.span.start == 1791140400


def test_unix_seconds_and_columns_by_number(tmp_path: Path) -> None:
    rows = [f"x,{1791140400 + 900 * quarter},{quarter}" for quarter in range(96)]
    layout = replace(LAYOUT, time_column="2", value_column="3")
    [day] = read_days(file(tmp_path, *rows, header="a,b,c"), layout)
    assert day.hour_at(0) == pytest.approx(1.5)


def test_rows_of_one_series_among_several(tmp_path: Path) -> None:
    rows = [f"{row},edge-{name}" for name in ("a", "b") for row in day_rows(busy=500.0 if name == "a" else 700.0)]
    path = file(tmp_path, *rows, header="time,value,node")
    with pytest.raises(CsvError, match=r"row 98 has the same time stamp as row 2 .*--where COLUMN=VALUE"):
        read_days(path, replace(LAYOUT, any_order="sort"))
    [day] = read_days(path, replace(LAYOUT, where=("node", "edge-b")))
    peak = day.peak("quarter")
    assert peak is not None
    assert peak.value == 700.0


def test_hours_stamped_at_half_past(tmp_path: Path) -> None:
    rows = [f"2026-10-05T{hour:02d}:30+05:00,{hour}" for hour in range(24)]
    layout = replace(LAYOUT, step=3600)
    with pytest.raises(
        CsvError, match=r"row 2 \(2026-10-05T00:30\+05:00\) lies 1800 s off the 3600 s grid; .*--phase 30m"
    ):
        read_days(file(tmp_path, *rows), layout)
    [day] = read_days(file(tmp_path, *rows), replace(layout, phase=1800))
    peak = day.peak("quarter")
    assert peak is not None
    assert (clock_text(peak.clock), peak.value) == ("23:30", 23.0)
    assert day.peak("full") is None


def test_any_order_gives_the_same(tmp_path: Path) -> None:
    rows = day_rows()
    mixed = [*rows[50:], *rows[:50]]
    with pytest.raises(
        CsvError, match=r"row 48 \(2026-10-05T00:00\+05:00\) is earlier than the row before it; .*--sort"
    ):
        read_days(file(tmp_path, *mixed), LAYOUT)
    [shuffled] = read_days(file(tmp_path, *mixed), replace(LAYOUT, any_order="sort"))
    [ordered] = read_days(file(tmp_path, *rows), LAYOUT)
    assert shuffled.series.slots.tobytes() == ordered.series.slots.tobytes()


def test_the_repeated_hour(tmp_path: Path) -> None:
    berlin = replace(LAYOUT, calendar=Calendar(ZoneInfo("Europe/Berlin")), step=3600)
    path = file(tmp_path, "2026-10-25 01:00,1", "2026-10-25 02:00,2", "2026-10-25 03:00,3")
    with pytest.raises(CsvError, match="row 3: 2026-10-25 02:00 happens twice in Europe/Berlin"):
        read_days(path, berlin)
    [day] = read_days(path, replace(berlin, repeated_hour="skip"))
    assert day.coverage == 2 / 25
    aware = file(tmp_path, "2026-10-25 02:00+02:00,2", "2026-10-25 02:00+01:00,3")
    [whole] = read_days(aware, berlin)
    assert [float(value) for value in whole.series.slots[2:4]] == [2.0, 3.0]


def test_an_offset_that_the_zone_itself_changed_is_no_mixture(tmp_path: Path) -> None:
    [first, second] = read_days(
        file(tmp_path, "2024-02-29T23:45+06:00,1", "2024-02-29T23:00+05:00,2", "2024-03-01T00:00+05:00,3"), LAYOUT
    )
    assert (str(first.date), str(second.date)) == ("2024-02-29", "2024-03-01")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([GOOD, "2026-10-05T20:15Z,5"], r"row 3: .* the file mixes zones"),
        ([GOOD, "2026-10-05T20:15,5"], r"row 3: '2026-10-05T20:15' has no offset, the rows before have one"),
        ([GOOD, GOOD], r"row 3 has the same time stamp as row 2 \(2026-10-05T20:00\+05:00\)"),
        ([GOOD, "2026-10-05T20:15+05:00,many"], r"""row 3: 'many' in column "value" is not a number"""),
        ([GOOD, "2026-10-05T20:15+05:00,inf"], r"""row 3: 'inf' in column "value" is not a number"""),
        ([GOOD, "2026-10-05T20:15+05:00,-4"], r"row 3: -4 in column .* cannot be traffic"),
        (["soon,5"], r"row 2: 'soon' is no time stamp; write ISO 8601 or Unix seconds"),
        (["0001-01-01T00:00,5"], r"row 2: '0001-01-01T00:00' is no time stamp"),
        (["9999-12-31T23:45Z,5"], r"row 2: '9999-12-31T23:45Z' is no time stamp"),
        (["2026-10-05T20:00+05:00"], r"row 2 has 1 field, the header has 2: 2026-10-05T20:00"),
        ([], r"has no rows to import"),
    ],
)
def test_mistakes(tmp_path: Path, rows: list[str], message: str) -> None:
    with pytest.raises(CsvError, match=rf"history\.csv: {message}"):
        read_days(file(tmp_path, *rows), LAYOUT)


def test_files_that_are_none(tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    with pytest.raises(CsvError, match=r"empty\.csv: is empty"):
        read_days(empty, LAYOUT)
    with pytest.raises(CsvError, match=r"none\.csv: cannot be read: No such file"):
        read_days(tmp_path / "none.csv", LAYOUT)
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"time,value\n\xff\xfe")
    with pytest.raises(CsvError, match="row 2"):
        read_days(binary, LAYOUT)
    with pytest.raises(CsvError, match='has no column "when"; it has "time", "value"'):
        read_days(file(tmp_path, GOOD), replace(LAYOUT, time_column="when"))
    with pytest.raises(ValueError, match="does not divide"):
        replace(LAYOUT, step=7 * 60)


def test_ten_minutes_make_half_hours(tmp_path: Path) -> None:
    rows = [f"2026-10-05T{at // 6:02d}:{at % 6 * 10:02d}+05:00,{30 + at % 3}" for at in range(144)]
    [day] = read_days(file(tmp_path, *rows[:60], *rows[61:70], *rows[72:]), replace(LAYOUT, step=600))
    assert (day.series.step, day.series.slots[0], day.hour_at(0)) == (1800, 31.0, 31.0)
    # Of three values one may be missing, and not two.
    assert day.series.slots[20] == 31.5
    assert str(day.series.slots[23]) == "nan"
    assert day.coverage == pytest.approx(141 / 144)


def test_two_values_in_one_step_of_a_volume(tmp_path: Path) -> None:
    path = file(tmp_path, "2026-10-05T20:00+05:00,5", "2026-10-05T20:05+05:00,5")
    with pytest.raises(CsvError, match=r"rows 2 and 3 .* lie in one step of 900 s; is the step right"):
        read_days(path, replace(LAYOUT, kind="volume"))


def test_nonexistent_time(tmp_path: Path) -> None:
    berlin = replace(LAYOUT, calendar=Calendar(ZoneInfo("Europe/Berlin")))
    with pytest.raises(CsvError, match="row 2: 2026-03-29 02:30 does not exist in Europe/Berlin"):
        read_days(file(tmp_path, "2026-03-29 02:30,1"), berlin)


def test_our_own_example(tmp_path: Path) -> None:
    """Five days of a plateau that moves by a quarter a day, worked out by hand."""
    rows = []
    for day in range(5):
        for quarter in range(96):
            value = 500 if 80 + day <= quarter < 84 + day else 50
            rows.append(f"2026-10-0{5 + day}T{quarter // 4:02d}:{quarter % 4 * 15:02d}+05:00,{value}")
    days = read_days(file(tmp_path, *rows), LAYOUT)
    busy = traffic.tcbh(traffic.average_day(days), "quarter")
    assert traffic.adph(days, "quarter") == 500.0
    # 20:30 is busy on three days, 20:45 on four, 21:00 on four, 21:15 on three.
    assert busy == pytest.approx(((320 + 410 + 410 + 320) / 4, 82 * 900))
