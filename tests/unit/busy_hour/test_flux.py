"""CSV of Flux as documented for InfluxDB 2.7: `aggregateWindow` has `timeSrc: "_stop"` (flux 0.195, universe.flux)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dashboards.busy_hour.measures.series import Calendar
from dashboards.busy_hour.records.importer import Imported, Layout, read_file
from dashboards.busy_hour.records.table import CsvError

BEGIN = datetime(2026, 10, 12, 19, tzinfo=UTC)  # midnight in Almaty
END = BEGIN + timedelta(days=1)
HOURLY = Layout(None, None, "gauge", 3600, Calendar(ZoneInfo("Asia/Almaty")), quantity="sessions")
ANNOTATIONS = """#group,false,false,true,true,false,false,true
#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string
#default,_result,,,,,,
"""
HEADER = ",result,table,_start,_stop,_time,_value,_field\n"


def rows(hours: Iterable[int], *, first: int = 0, minutes: int = 0, field: str = "sessions") -> str:
    """Return a row for each hour of the day; its value is 100 and the hour that it is of, counted from 0."""
    return "".join(
        f",,0,{BEGIN:%Y-%m-%dT%H:%M:%SZ},{END:%Y-%m-%dT%H:%M:%SZ},"
        f"{BEGIN + timedelta(hours=hour, minutes=minutes):%Y-%m-%dT%H:%M:%SZ},{100 + hour - first}.5,{field}\n"
        for hour in hours
    )


def imported(tmp_path: Path, text: str, layout: Layout = HOURLY) -> Imported:
    file = tmp_path / "query.csv"
    file.write_text(text)
    return read_file(file, layout)


@pytest.mark.parametrize("annotations", [ANNOTATIONS, ""])
@pytest.mark.parametrize("first", [1, 0])
def test_the_edges_of_the_range_tell_which_end_of_a_window_is_stated(
    tmp_path: Path, annotations: str, first: int
) -> None:
    """influxdata/influxdb#24664, influxdata/flux#1730: what is stated at 01:00 is of the hour up to it."""
    found = imported(tmp_path, annotations + HEADER + rows(range(first, 24 + first), first=first))
    [day] = found.days
    assert day.series.slots.tolist() == [100.5 + hour for hour in range(24)]
    assert (found.rows, found.missing, found.gaps) == (24, 0, 0)
    side = "end" if first else "start"
    assert dict(found.notes)["time stamps"] == f"iso, {side} of the interval"
    assert dict(found.notes)["columns"] == 'time "_time", value "_value"'


def test_where_no_value_lies_at_an_edge_the_end_must_be_said(tmp_path: Path) -> None:
    text = ANNOTATIONS + HEADER + rows(range(1, 23))
    with pytest.raises(CsvError, match=r"not known which end of a window .* say --stamps end for aggregateWindow"):
        imported(tmp_path, text)
    assert imported(tmp_path, text, replace(HOURLY, stamps="end")).first == "2026-10-13T00:00+05:00"
    assert imported(tmp_path, text, replace(HOURLY, stamps="start")).first == "2026-10-13T01:00+05:00"


def test_of_samples_a_minute_apart_it_does_not_matter(tmp_path: Path) -> None:
    text = HEADER + "".join(rows([1], minutes=minute) for minute in range(60))
    assert imported(tmp_path, text, replace(HOURLY, step=60)).rows == 60


def test_tables_with_the_same_columns_are_read_as_one(tmp_path: Path) -> None:
    one, two = rows(range(1, 13), first=1), rows(range(13, 25), first=1)
    found = imported(tmp_path, ANNOTATIONS + HEADER + one + "\n" + ANNOTATIONS + HEADER + two)
    assert (found.rows, found.last) == (24, "2026-10-13T23:00+05:00")


def test_tables_with_other_columns_are_refused(tmp_path: Path) -> None:
    other = HEADER.replace("_value,_field", "_field,_value")
    text = ANNOTATIONS + HEADER + rows(range(1, 25)) + ANNOTATIONS + other + rows(range(1, 25))
    with pytest.raises(
        CsvError, match=r"row 32 begins a table of Flux with other columns; export tables with the same"
    ):
        imported(tmp_path, text)


def test_one_series_of_several_has_to_be_said(tmp_path: Path) -> None:
    text = HEADER + rows(range(1, 25)) + rows(range(1, 25), field="viewers")
    with pytest.raises(CsvError, match="choose one series with --where COLUMN=VALUE"):
        imported(tmp_path, text)
    assert imported(tmp_path, text, replace(HOURLY, where=("_field", "viewers"))).rows == 24
