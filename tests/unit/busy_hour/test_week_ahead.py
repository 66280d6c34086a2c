"""The week ahead of series with holes."""

import json
import math
from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest

from dashboards.busy_hour.forecast.week_ahead import WeekAhead, week_ahead
from dashboards.busy_hour.measures.series import Calendar, DaySeries
from dashboards.busy_hour.measures.traffic import Day
from dashboards.busy_hour.report import forecast_words
from dashboards.busy_hour.report.render_json import week_object
from dashboards.busy_hour.report.words import Words
from tests.unit.busy_hour.example import ALMATY

MONDAY, WEEKS = date(2026, 9, 7), 6


def hours(value: Callable[[date, int], float], weeks: int = WEEKS) -> list[Day]:
    made = []
    for span in Calendar(ALMATY).days(MONDAY, MONDAY + timedelta(days=7 * weeks - 1)):
        slots = np.array([value(span.day, hour) for hour in range(24)])
        made.append(Day(DaySeries(span, 3600, slots, 3600, slots), ALMATY))
    return made


def usual(day: date, hour: int) -> float:
    return 100 + 50 * math.exp(-(((hour - 20) / 3) ** 2)) + day.weekday()


def asked(days: list[Day]) -> WeekAhead:
    made = week_ahead(days)
    assert made is not None
    json.dumps(week_object(made), allow_nan=False)
    for language in ("en", "ru"):
        assert "nan" not in forecast_words.week_sentence(made, Words(language))
    return made


def test_an_hour_that_was_never_measured_has_no_forecast() -> None:
    made = asked(hours(lambda day, hour: math.nan if (day.weekday(), hour) == (1, 4) else usual(day, hour)))
    assert [place for place, value in enumerate(week_object(made)["hours"]) if value is None] == [24 + 4]
    assert "no forecast for hours that were never measured: 1" in forecast_words.week_sentence(made, Words("en"))


def test_a_week_without_traffic_is_not_compared() -> None:
    last = MONDAY + timedelta(days=7 * (WEEKS - 1))
    made = asked(hours(lambda day, hour: 0.0 if day >= last else usual(day, hour)))
    assert (made.held_out_mape, made.held_out_baseline_mape) == (None, None)
    assert "carried nothing to compare with" in forecast_words.week_sentence(made, Words("en"))


@pytest.mark.parametrize("value", [0.0, math.nan])
def test_nothing_is_no_forecast(value: float) -> None:
    assert week_ahead(hours(lambda day, hour: value)) is None


def test_an_outage_is_a_gap_and_not_an_end() -> None:
    away = MONDAY + timedelta(days=14), MONDAY + timedelta(days=33)
    for nothing in (math.nan, 0.0):
        made = asked(hours(lambda day, hour: nothing if away[0] <= day < away[1] else usual(day, hour), 8))  # noqa: B023
        assert made.unknown == 0
        assert made.held_out_mape == pytest.approx(0, abs=0.5)


def test_one_odd_week_does_not_decide() -> None:
    odd = MONDAY + timedelta(days=49)
    made = asked(hours(lambda day, hour: usual(day, hour) * (2.5 if odd <= day < odd + timedelta(days=7) else 1), 12))
    assert made.held_out_mape is not None
    assert made.held_out_mape < 1
    assert sum(entry.share for entry in made.contest) == pytest.approx(1)
