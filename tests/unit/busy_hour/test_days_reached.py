"""Days that reached a threshold one by one, such as nights with a match, while the trend lies below it.

facebook/prophet#605: what is taken out of the history of a forecast is in nobody's sight afterwards.
"""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from dashboards.busy_hour.forecast.forecast import Assumed, Exhaustion, Forecast, forecast
from dashboards.busy_hour.report import forecast_words
from dashboards.busy_hour.report.render_json import trend_object
from dashboards.busy_hour.report.words import Words

FIRST = date(2025, 9, 1)
LEVELS = [(0.7, 1400.0), (0.85, 1700.0)]


def made_of(count: int, value: Callable[[int], float], assumed: Assumed | None = None) -> Forecast:
    days = {FIRST + timedelta(days=number): value(number) for number in range(count)}
    made = forecast(days, LEVELS, assumed or Assumed())
    assert made is not None
    return made


def act(made: Forecast) -> Exhaustion:
    return next(entry for entry in made.exhaustion if entry.threshold == 0.7)


def matches(number: int) -> float:
    """Return 900 and a wave of 1 %, and 1500 on every second Wednesday; one of them has 1600."""
    return 1600.0 if number == 422 else 1500.0 if number % 14 == 2 else 900.0 + 9 * (number % 3 - 1)


@pytest.mark.parametrize("count", [430, 60])
def test_nights_with_a_match_are_told_beside_the_trend(count: int) -> None:
    made = made_of(count, matches)
    assert act(made).answer in ("none", "beyond")
    nights = [n for n in range(max(0, count - 365), count) if matches(n) >= 1400]
    highest = max(nights, key=matches)
    assert (act(made).days, act(made).highest) == (len(nights), (FIRST + timedelta(days=highest), matches(highest)))
    assert made.exhaustion[1][-2:] == (0, None)


def test_the_words_name_the_highest_day() -> None:
    made = made_of(430, matches)
    assert (
        "Single days of the last year that reached it already: 26 (the highest: 80 % on 28 October 2026)."
        in forecast_words.forecast_sentence(made, Words("en"))
    )
    assert (
        "Отдельные дни за последний год, когда этот порог уже был достигнут: 26 (максимум: 80 %, 28 октября 2026)."
        in forecast_words.forecast_sentence(made, Words("ru"))
    )
    assert [entry["days_reached"] for entry in trend_object(made)["exhaustion"]] == [26, 0]


def test_what_the_trend_has_reached_is_told_once() -> None:
    made = made_of(400, lambda number: 1500.0 + number % 3)
    assert act(made).answer == "already"
    assert "Single days" not in forecast_words.forecast_sentence(made, Words("en"))


def test_without_such_days_nothing_is_told() -> None:
    made = made_of(400, lambda number: 900.0 + number % 3)
    assert (act(made).days, act(made).highest) == (0, None)
    assert "Single days" not in forecast_words.forecast_sentence(made, Words("en"))


def test_an_event_that_is_assumed_counts_for_single_days() -> None:
    made = made_of(430, lambda number: 1200.0 if number == 420 else 900.0 + number % 3, Assumed(None, 1.2))
    assert (act(made).days, act(made).highest) == (1, (FIRST + timedelta(days=420), 1200.0 * 1.2))


def test_a_series_that_mostly_carries_nothing_tells_them_too() -> None:
    made = made_of(90, lambda number: 1500.0 if number % 14 == 2 else 0.0)
    assert made.pattern is None
    assert act(made).days == 7
