"""Every number of the reference's worked example, read from its own file where that is at hand."""

import csv
import math
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from dashboards.busy_hour.forecast import trend
from dashboards.busy_hour.measures import exceptional_days as exceptional
from dashboards.busy_hour.measures import traffic
from dashboards.busy_hour.measures.series import HOUR, Calendar, DaySeries, clock_text, combine, day_series, local_text
from dashboards.busy_hour.measures.traffic import Day
from tests.unit.busy_hour.example import ALMATY

CALENDAR = Calendar(ALMATY)
NORMAL = [date(2026, 10, day) for day in range(5, 10)]
FINAL = date(2026, 10, 10)


@pytest.fixture(scope="module")
def rows(shared: Path) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    with (shared / "reference" / "busy-hour-example.csv").open() as file:
        for row in csv.DictReader(file):
            instant = datetime.fromisoformat(row["start_utc"]).timestamp()
            found.setdefault(row["series"], []).append((instant, float(row["value"] or "nan")))
    return found


def element(rows: dict[str, list[tuple[float, float]]], name: str, when: date) -> DaySeries:
    times, values = np.array(rows[name]).T
    return day_series(CALENDAR.day(when), times, values, 900)


def total(rows: dict[str, list[tuple[float, float]]], days: list[date]) -> list[Day]:
    return [Day(combine([element(rows, name, day) for name in ("edge_a", "edge_b")]), ALMATY) for day in days]


def two(value: float) -> float:
    return round(value + 1e-9, 2)


def peaks(days: list[Day], candidates: traffic.Candidates) -> Iterator[tuple[str, float, bool]]:
    for day in days:
        peak = day.peak(candidates)
        assert peak is not None
        yield clock_text(peak.clock), two(peak.value), peak.partial


def test_daily_peaks(rows: dict[str, list[tuple[float, float]]]) -> None:
    days = total(rows, [*NORMAL, FINAL])
    assert list(peaks(days, "quarter")) == [
        ("20:30", 1016.25, False),
        ("20:45", 1022.50, False),
        ("20:30", 1033.75, False),
        ("20:30", 1010.00, True),
        ("21:15", 1080.00, False),
        ("19:45", 1503.75, False),
    ]
    assert list(peaks(days, "full")) == [
        ("20:00", 990.00, False),
        ("21:00", 1020.00, False),
        ("21:00", 996.25, False),
        ("21:00", 986.67, True),
        ("21:00", 1070.00, False),
        ("20:00", 1503.75, False),
    ]
    strict = days[3].strict_peak()
    assert strict is not None
    assert (clock_text(strict.clock), strict.value) == ("20:15", 997.50)
    shares = [day.share(peak) for day in days if (peak := day.peak("quarter"))]
    assert [two(100 * share) for share in shares if share] == [11.14, 11.14, 11.29, 11.28, 11.49, 13.71]


def test_five_normal_days(rows: dict[str, list[tuple[float, float]]]) -> None:
    days = total(rows, NORMAL)
    average = traffic.average_day(days)
    assert average is not None
    assert traffic.adph(days, "quarter") == pytest.approx(1032.50)
    assert two(traffic.adph(days, "full") or 0) == 1012.58
    busy = traffic.tcbh(average, "quarter")
    assert busy is not None
    assert clock_text(busy.clock) == "20:45"
    assert busy.value == pytest.approx(1023.375)
    full = traffic.tcbh(average, "full")
    assert full is not None
    assert clock_text(full.clock) == "21:00"
    assert full.value == pytest.approx(1010.625)
    fixed = traffic.fdmh(days, 20 * HOUR)
    assert fixed == pytest.approx(978.00)
    assert fixed is not None
    assert round(100 * fixed / busy.value, 1) == 95.6
    assert traffic.fdmp(average, 19 * HOUR, 22 * HOUR) == busy
    share = traffic.share(busy.value, average.slots, 900)
    assert share is not None
    assert two(100 * share) == 11.13
    assert two(24 * share) == 2.67


def test_with_the_exceptional_day(rows: dict[str, list[tuple[float, float]]]) -> None:
    days = total(rows, [*NORMAL, FINAL])
    assert two(traffic.adph(days, "quarter") or 0) == 1111.04
    busy = traffic.tcbh(traffic.average_day(days), "quarter")
    assert busy is not None
    assert (clock_text(busy.clock), two(busy.value)) == ("20:30", 1094.42)


def test_elements(rows: dict[str, list[tuple[float, float]]]) -> None:
    parts = {name: [Day(element(rows, name, day), ALMATY) for day in NORMAL] for name in ("edge_a", "edge_b")}
    found = traffic.coincidence(total(rows, NORMAL), parts)
    assert found is not None
    assert found.elements == pytest.approx({"edge_a": 728.50, "edge_b": 353.25})
    assert found.sum_of_elements == pytest.approx(1081.75)
    assert round(found.factor, 3) == 0.954
    starts = [traffic.tcbh(traffic.average_day(days), "quarter") for days in parts.values()]
    assert [clock_text(start.clock) for start in starts if start] == ["20:45", "19:00"]


def test_the_day_the_offset_changed(rows: dict[str, list[tuple[float, float]]]) -> None:
    day = Day(element(rows, "offset_day", date(2024, 2, 29)), ALMATY)
    assert len(day.series.slots) == 100
    peak = day.peak("quarter")
    assert peak is not None
    assert peak.value == 672.50
    assert local_text(peak.start, ALMATY) == "2024-02-29T23:30+06:00"
    assert datetime.fromisoformat("2024-02-29T17:30+00:00").timestamp() == peak.start
    values, _ = traffic.hours(day.series.slots, 900, 1.0)
    eleven = [float(values[at]) for at in np.flatnonzero(day.clock[: len(values)] == 23 * HOUR)]
    assert eleven == [630.00, 607.50]


def test_load_levels(rows: dict[str, list[tuple[float, float]]]) -> None:
    peaks_ = {datetime.fromtimestamp(instant, ALMATY).date(): value for instant, value in rows["daily_peak"]}
    levels = traffic.load_levels(list(peaks_.values()))
    assert levels == pytest.approx((1048, 1031, 1088.40, 990.60))
    [proposal] = exceptional.propose(peaks_)
    assert (proposal.value, two(proposal.z)) == (1290, 12.76)
    del peaks_[proposal.day]
    without = traffic.load_levels(list(peaks_.values()))
    assert without[:3] == pytest.approx((1044, 1029, 1035.40))


def test_the_percentile_misses_the_busy_hour(rows: dict[str, list[tuple[float, float]]]) -> None:
    days = total(rows, NORMAL)
    found = traffic.percentile_95(5 * np.concatenate([day.series.slots for day in days]))
    assert found is not None
    assert (found.samples, found.dropped, found.nearest_rank) == (479, 23, 4950)
    busy = traffic.tcbh(traffic.average_day(days), "quarter")
    assert busy is not None
    assert round(5 * busy.value, 1) == 5116.9
    assert 5 * (traffic.adph(days, "quarter") or 0) == pytest.approx(5162.5)


def test_trends(rows: dict[str, list[tuple[float, float]]]) -> None:
    y = np.array([value for _, value in rows["monthly_gbps"]])
    x = np.arange(float(len(y)))
    line = trend.theil_sen(x, y)
    assert [round(value, 3) for value in (line.slope, line.low, line.high)] == [1.143, 1.080, 1.183]
    middle_x, middle_y = float(np.median(x)), float(np.median(y))
    crossings = [middle_x + (70 - middle_y) / slope for slope in (line.high, line.slope, line.low)]
    assert [round(at, 1) for at in crossings] == [24.5, 25.1, 26.2]
    logs = trend.theil_sen(x, np.log(y))
    assert two(100 * math.expm1(logs.slope)) == 2.41
    assert round(100 * math.expm1(12 * logs.slope), 1) == 33.0
    # The printed 21.8 rounds 21.75.
    assert (math.log(70) - logs.intercept) / logs.slope == pytest.approx(21.75, abs=0.011)
