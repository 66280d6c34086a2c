"""What of a server's samples becomes a day, and what is left out with a remark."""

import logging
from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import pytest

from dashboards.busy_hour.measures.quantities import Kind, Source
from dashboards.busy_hour.measures.series import Calendar
from dashboards.busy_hour.records.query import RawSeries, Server
from dashboards.busy_hour.records.recorder import day_of_source

SPAN = Calendar(ZoneInfo("Asia/Almaty")).day(date(2026, 11, 28))
TIMES = np.arange(SPAN.start, SPAN.end, 60, dtype=np.float64)


class Stored(Server):
    """A server whose samples are known."""

    def __init__(self, series: list[RawSeries]) -> None:
        super().__init__("http://prometheus:9090", httpx.Client(), lambda _: None)
        self.known = series

    def samples(self, selector: str, start: int, end: int) -> Iterator[list[RawSeries]]:
        assert (selector, start <= SPAN.start, end >= SPAN.end) == ("x", True, True)
        yield self.known


def sessions(kind: Kind = "gauge") -> Source:
    return Source("sessions", "site", "x", kind)


def test_values_below_zero_are_no_measurements(caplog: pytest.LogCaptureFixture) -> None:
    values = np.full(len(TIMES), 100.0)
    values[600:660] = -1.0  # an hour for which the exporter had no reading
    with caplog.at_level(logging.WARNING):
        day = day_of_source(Stored([RawSeries({"site": "almaty"}, TIMES, values)]), sessions(), SPAN)["site:almaty"]
    assert np.nanmin(day.slots) == 100.0
    assert int(np.isnan(day.slots).sum()) == 4
    assert day.coverage == pytest.approx(23 / 24)
    (record,) = [each for each in caplog.records if "below zero" in each.message]
    assert (record.__dict__["values"], record.__dict__["series"]) == (60, {"site": "almaty"})


def test_zero_is_a_measurement(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        found = day_of_source(Stored([RawSeries({"site": "almaty"}, TIMES, np.zeros(len(TIMES)))]), sessions(), SPAN)
    assert found["site:almaty"].slots.tolist() == [0.0] * 96
    assert caplog.records == []


def test_series_without_the_label_of_their_scope_are_told_of(caplog: pytest.LogCaptureFixture) -> None:
    values = np.full(len(TIMES), 100.0)
    series = [RawSeries({"site": "almaty"}, TIMES, values), RawSeries({"node": "edge-7"}, TIMES, values)]
    with caplog.at_level(logging.WARNING):
        assert [*day_of_source(Stored(series), sessions(), SPAN)] == ["site:almaty"]
    (record,) = caplog.records
    assert record.message == "series without the label that names their scope are left out"
    assert (record.__dict__["label"], record.__dict__["number"]) == ("site", 1)


HALF = len(TIMES) // 2


def series(labels: str, first: int, last: int, value: float = 100.0) -> RawSeries:
    """Return a series of almaty with one more label, of the minutes from `first` to before `last`."""
    names = {"site": "almaty", **dict([labels.split("=")])}
    return RawSeries(names, TIMES[first:last], np.full(last - first, value))


@pytest.mark.parametrize("common", [-4, 0, 3, 5])
@pytest.mark.parametrize("after", ["version=2", "instance=10.0.0.7:9780"])
def test_a_series_that_goes_on_under_other_labels_is_one(common: int, after: str) -> None:
    """As pods and targets do (cloudnative-pg/grafana-dashboards#71), for a while side by side (prometheus#14320)."""
    two = [series("version=1", 0, HALF + common), series(after, HALF, len(TIMES))]
    day = day_of_source(Stored([*two, series("node=edge-2", 0, len(TIMES))]), sessions(), SPAN)["site:almaty"]
    assert np.nanmin(day.slots) == np.nanmax(day.slots) == 200.0
    assert day.coverage > 0.99


def test_a_counter_that_goes_on_under_other_labels_is_one() -> None:
    total = np.cumsum(np.full(len(TIMES), 600.0))
    two = [
        RawSeries({"site": "almaty", "pod": "a"}, TIMES[:HALF], total[:HALF]),
        RawSeries({"site": "almaty", "pod": "b"}, TIMES[HALF:], total[: len(TIMES) - HALF]),
    ]
    day = day_of_source(Stored(two), sessions("counter"), SPAN)["site:almaty"]
    assert day.slots.tolist() == pytest.approx([10.0] * 96)


@pytest.mark.parametrize(("first", "last"), [(HALF, len(TIMES)), (0, HALF), (600, 610), (len(TIMES) - 90, len(TIMES))])
def test_a_series_of_a_part_of_the_day_is_told_of(first: int, last: int, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        known = [series("service=ott", 0, len(TIMES)), series("service=test", first, last, 5.0)]
        day = day_of_source(Stored(known), sessions(), SPAN)["site:almaty"]
    assert set(day.slots[~np.isnan(day.slots)].tolist()) <= {105.0}
    (record,) = caplog.records
    assert record.message.startswith("series that were there for a part of the day take the rest of it from the sum")
    assert record.__dict__["series"] == [{"site": "almaty", "service": "test"}]


def test_a_series_that_begins_just_before_the_day_ends_follows_none() -> None:
    known = [series("service=ott", 0, len(TIMES)), series("service=test", len(TIMES) - 3, len(TIMES), 5.0)]
    assert np.isnan(day_of_source(Stored(known), sessions(), SPAN)["site:almaty"].slots).all()
