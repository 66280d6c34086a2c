"""Trends, their choice by back-test, and the answers that are not a date."""

import itertools
import json
import math
import random
from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.busy_hour.forecast.forecast import Forecast, forecast, measured_months
from dashboards.busy_hour.forecast.pattern import Pattern
from dashboards.busy_hour.forecast.trend import theil_sen
from dashboards.busy_hour.measures.capacity import Capacity, surviving
from dashboards.busy_hour.report import forecast_words, pattern_words
from dashboards.busy_hour.report.render_json import trend_object
from dashboards.busy_hour.report.words import Words

FIRST = date(2025, 1, 1)


def days(count: int, value: Callable[[int], float]) -> dict[date, float]:
    return {FIRST + timedelta(days=number): value(number) for number in range(count)}


def answer(made: Forecast | None, threshold: float = 0.7) -> tuple[str, date | None]:
    assert made is not None
    [found] = [entry for entry in made.exhaustion if entry.threshold == threshold]
    return found.answer, found.likely


def test_steady_growth_is_a_straight_line() -> None:
    made = forecast(days(365, lambda n: 1000 + n), [(0.7, 2000.0)])
    assert made is not None
    assert made.basis == "month"
    assert made.mape is not None
    assert made.mape < 0.2
    assert made.baseline_mape is not None
    assert made.mape < made.baseline_mape
    assert answer(made)[0] == "date"
    assert abs((answer(made)[1] or FIRST) - (FIRST + timedelta(days=1000))) < timedelta(days=16)
    assert made.growth_per_month == pytest.approx(30.4 / 1365, rel=0.03)


def test_a_steady_rate_is_a_line_of_logarithms() -> None:
    made = forecast(days(500, lambda n: 100 * 1.002**n), [])
    assert made is not None
    assert made.method == "pattern_rate"
    assert made.exhaustion == ()


def test_no_growth_is_no_exhaustion() -> None:
    made = forecast(days(365, lambda n: 1000 - n / 4), [(0.7, 2000.0), (0.85, 500.0)])
    assert answer(made) == ("none", None)
    assert answer(made, 0.85)[0] == "already"


def test_slow_growth_is_more_than_three_years_away() -> None:
    assert answer(forecast(days(365, lambda n: 1000 + n / 10), [(0.7, 2000.0)])) == ("beyond", None)


def test_before_six_months_the_weekly_pattern_is_taken_out_first() -> None:
    weekly = [1.0, 1.0, 1.0, 1.0, 1.05, 1.3, 1.2]
    made = forecast(days(56, lambda n: (1000 + 3 * n) * weekly[n % 7]), [(0.7, 1400.0), (0.85, 3000.0)])
    assert made is not None
    assert made.basis == "day"
    assert made.mape is not None
    assert made.mape < 1
    reached = answer(made)
    assert reached[0] == "date"
    assert reached[1] is not None
    # The average weekday's factor is 1.079, so 1400 is (1400 / 1.079 - 1000) / 3 = 99 days away from the first.
    assert abs(reached[1] - (FIRST + timedelta(days=99))) < timedelta(days=10)
    assert made.horizon == FIRST + timedelta(days=4 * 55)
    assert answer(made, 0.85) == ("beyond", None)


@pytest.mark.parametrize("count", [40, 300], ids=["by day", "by month"])
@pytest.mark.parametrize("busy_days", [0, 15], ids=["never", "at first"])
def test_what_carries_nothing_goes_on_so(count: int, busy_days: int) -> None:
    made = forecast(days(count, lambda n: 50.0 if n < busy_days else 0.0), [(0.7, 1400.0)])
    assert answer(made) == ("none", None)
    assert made is not None
    assert (made.method, made.mape, made.growth_per_month) == ("naive", 0.0, 0.0)
    assert {point.value for point in made.points} == {0.0}


def test_a_decline_ends_at_nothing() -> None:
    made = forecast(days(240, lambda n: 1000 - 4 * n), [])
    assert made is not None
    assert 0.0 <= min(min(point.low, point.value) for point in made.points) < 1.0
    assert answer(forecast(days(240, lambda n: 1000 - 4 * n), [(0.7, 2000.0)])) == ("none", None)


def test_too_little_is_no_forecast() -> None:
    assert forecast(days(27, float), []) is None
    assert forecast({}, []) is None
    sparse = {FIRST + timedelta(days=9 * number): 5.0 for number in range(20)}
    assert forecast(sparse, []) is None


def test_a_month_needs_twenty_days() -> None:
    values = days(59, lambda n: 10.0 + n)
    assert measured_months(values) == [date(2025, 1, 1), date(2025, 2, 1)]
    for day in range(1, 10):
        del values[date(2025, 2, day)]
    assert measured_months(values) == [date(2025, 1, 1)]


@pytest.mark.parametrize(
    "measured", [lambda n: n % 28 < 14, lambda n: (date(2025, 1, 1) + timedelta(days=n)).day <= 12]
)
def test_a_long_history_with_weeks_missing_shows_its_growth(measured: Callable[[int], bool]) -> None:
    every = days(500, lambda n: 400.0 * 1.01 ** (n / 30.4) * (1.0 + 0.02 * math.sin(n * 2.39)))
    values = {day: value for n, (day, value) in enumerate(every.items()) if measured(n)}
    made = forecast(values, [(0.7, 520.0)])
    assert made is not None
    assert made.basis == "month"
    assert made.growth_per_month == pytest.approx(0.01, abs=0.002)
    assert made.exhaustion[0].answer == "date"
    assert made.gaps


@pytest.mark.parametrize(("age", "young"), [(18, True), (28, True), (60, False)])
def test_of_a_step_of_the_last_weeks_nobody_knows_whether_it_lasts(age: int, young: bool) -> None:
    values = noisy(400, lambda n: 400.0 * (1.35 if n >= 400 - age else 1.0))
    made, _, sentence = told(forecast(values, []))
    assert "A step on" in sentence
    assert ("Days since that step: " in sentence) is young
    assert sentence.count("whether its level lasts is not known yet") == young
    assert (
        "сохранится ли этот уровень, пока не известно" in pattern_words.pattern_sentence(made, Words("ru"))
    ) is young


@pytest.mark.parametrize("seed", range(3))
def test_two_weeks_at_another_level_are_not_told_as_growth(seed: int) -> None:
    values = noisy(400, lambda n: 400.0 * (1.35 if n >= 386 else 1.0), seed)
    made, _, sentence = told(forecast(values, []))
    assert made.growth_per_month == 0
    assert "Growth changed" not in sentence
    assert "The last weeks lie away from what the weeks before them explain" in sentence
    assert trend_object(made)["pattern"]["changes_of_growth"] == []


def test_days_that_were_left_out_are_no_gap_without_data() -> None:
    """A month such as Ramadan, whose evenings are busier, and a week in which nothing was measured."""
    values = noisy(420, lambda n: 400.0 * (1.35 if 60 <= n < 90 else 1.0))
    _, _, sentence = told(forecast(values, []))
    assert "Days unlike those around them, left out of the trend: 30" in sentence
    assert "Nothing for the trend" not in sentence
    for day in range(200, 209):
        del values[FIRST + timedelta(days=day)]
    _, _, sentence = told(forecast(values, []))
    gap = Words("en").day(FIRST + timedelta(days=200)), Words("en").day(FIRST + timedelta(days=208))
    assert "Nothing for the trend from {} to {};".format(*gap) in sentence


def test_a_short_history_does_not_become_long_by_sparse_months() -> None:
    values = days(155, lambda n: 10.0 + n)
    assert len(measured_months(values)) == 5


def test_one_outlier_does_not_turn_the_robust_line() -> None:
    x = np.arange(15.0)
    y = 10 + 2 * x
    y[6] = 500.0
    line = theil_sen(x, y)
    assert (line.slope, line.low <= 2.0 <= line.high) == (2.0, True)
    with pytest.raises(ValueError, match="three values"):
        theil_sen(x[:2], y[:2])


numbers = st.one_of(st.floats(0, 1e12), st.just(0.0), st.just(math.nan), st.just(-1.0), st.just(math.inf))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(numbers, min_size=1, max_size=12),
    st.integers(1, 900),
    st.sets(st.integers(0, 900), max_size=40),
    st.integers(1, 60),
)
def test_any_series_has_a_forecast_in_words_and_in_json_or_none(
    values: list[float], count: int, missing: set[int], width: int
) -> None:
    history = {day: values[n // width % len(values)] for n, day in enumerate(days(count, float)) if n not in missing}
    made = forecast(history, [(0.6, 10.0), (0.7, 1e6)])
    if made is None:
        return
    json.dumps(trend_object(made), allow_nan=False)
    for language in ("en", "ru"):
        told = forecast_words.forecast_sentence(made, Words(language))
        assert "nan" not in told
        assert "inf " not in told
    for point in made.points:
        assert 0 <= point.low <= point.value * (1 + 1e-9) + 1e-9
        assert point.value <= point.high * (1 + 1e-9) + 1e-9
    last = max(history)
    assert all((entry.likely or last) <= last for entry in made.exhaustion if entry.answer == "already")


WEEK = (1.0, 0.97, 0.98, 1.0, 1.05, 1.12, 1.15)


def noisy(count: int, level: Callable[[int], float], seed: int = 1) -> dict[date, float]:
    chance = random.Random(seed)
    return {
        day: level(n) * WEEK[day.weekday()] * 7 / sum(WEEK) * (1 + chance.gauss(0, 0.02))
        for n, day in enumerate(days(count, float))
    }


def told(made: Forecast | None) -> tuple[Forecast, Pattern, str]:
    assert made is not None
    assert made.pattern is not None
    return made, made.pattern, pattern_words.pattern_sentence(made, Words("en"))


def test_a_step_is_no_growth() -> None:
    values = noisy(669, lambda n: 100 * 1.005 ** (n / 30.44) * (0.82 if n >= 426 else 1))
    made, pattern, sentence = told(forecast(values, [(0.7, 200.0)]))
    [step] = pattern.told_steps()
    assert abs(step.day - date(2026, 3, 3)) <= timedelta(days=1)
    assert step.share == pytest.approx(-0.18, abs=0.01)
    assert pattern.growth == pytest.approx(0.005, abs=0.001)
    assert 0.0 < made.growth_per_month < 0.006
    assert sentence.startswith("A step on ")
    assert "−18 %; the trend since then is +0.5 % a month." in sentence
    assert answer(made)[0] == "beyond"


@pytest.mark.parametrize("share", [0.7, 1.35])
def test_a_short_series_goes_on_at_the_level_of_the_week_after_a_step(share: float) -> None:
    made = forecast(noisy(78, lambda n: 100.0 * (share if n >= 78 - 8 else 1.0)), [])
    assert made is not None
    assert made.basis == "day"
    assert all(abs(point.value / (100 * share) - 1) < 0.03 for point in made.points[:4])


@pytest.mark.parametrize(("share", "since"), [(0.82, 14), (0.82, 16), (1.5, 12), (1.5, 16)])
def test_days_since_a_step_count_though_some_do_not_stand_out(share: float, since: int) -> None:
    def level(number: int) -> float:
        nearly_as_before = 1.08 if share < 1 and number == 72 - 10 else 1.0
        return 100.0 * (share if number >= 72 - since else 1.0) * nearly_as_before * (1 + 0.01 * (number % 3 - 1))

    made = forecast(days(72, level), [])
    assert made is not None
    assert made.left_out == ()
    assert all(abs(point.value / (100 * share) - 1) < 0.03 for point in made.points[:4])


def test_a_campaign_that_is_over_is_left_out() -> None:
    made = forecast(noisy(72, lambda n: 150.0 if 56 <= n < 68 else 100.0), [])
    assert made is not None
    assert all(abs(point.value / 100 - 1) < 0.03 for point in made.points[:4])


def test_a_season_that_turns_is_followed_before_there_is_a_year() -> None:
    values = noisy(150, lambda n: 100.0 + 15 * math.sin(2 * math.pi * (n - 40) / 365))
    made = forecast(values, [])
    assert made is not None
    assert "smoothed_trend" in {score.method for score in made.scores if score.share > 0}
    assert "smoothed_trend" not in {score.method for score in forecast_of_a_year().scores}


def forecast_of_a_year() -> Forecast:
    made = forecast(noisy(365, lambda n: 100.0 + n / 10), [])
    assert made is not None
    return made


def test_a_level_that_wanders_goes_on_from_its_last_week() -> None:
    chance = random.Random(4)
    walk = list(itertools.accumulate(chance.gauss(0, 0.1) for _ in range(30)))
    values = noisy(150, lambda n: 100 * math.exp(walk[n // 7]))
    made = forecast(values, [])
    assert made is not None
    last = sum(list(values.values())[-7:]) / 7
    mean = sum(list(values.values())[-28:]) / 28
    assert abs(made.points[0].value - last) < 0.3 * abs(mean - last)


def test_all_methods_of_the_pattern_are_compared_on_the_same_origins() -> None:
    made = forecast(noisy(150, lambda n: 100.0 - 10 * math.sin(2 * math.pi * n / 365)), [])
    assert made is not None
    assert len({score.forecasts for score in made.scores if score.method.startswith("pattern")}) == 1


def test_one_origin_of_five_is_enough_to_compare() -> None:
    known = (0.0, 1.0, 697791.0, *[math.nan] * 7, 149215.0, 35781.0)
    made = forecast(days(213, lambda n: known[n % 12]), [])
    assert made is not None
    assert sum(score.share for score in made.scores) == pytest.approx(1.0)
    assert {score.forecasts for score in made.scores} == {1}


def test_a_year_ago_is_compared_at_the_level_after_a_step() -> None:
    def grown(number: int) -> float:
        return 1000 * math.exp(0.0081 * number / 30.44) * (0.7 if number >= 1531 else 1.0)

    made, _, _ = told(forecast(noisy(1643, grown), [(0.7, 1e9)]))
    assert made.growth_per_month == pytest.approx(0.0081, abs=0.0008)
    assert all(point.low < grown((point.day - FIRST).days + 15) < point.high for point in made.points)
    assert all(point.high < 1.1 * point.low for point in made.points[:3])  # a step is no error of the forecasts


def test_growth_under_a_season_is_seen_from_fourteen_months_on() -> None:
    for count in (426, 760):
        values = noisy(count, lambda n: 100 * 1.01 ** (n / 30.44) * (1 + 0.15 * math.cos(2 * math.pi * n / 365.25)))
        made, pattern, sentence = told(forecast(values, []))
        assert pattern.peak_month() in {1, 12}
        assert made.growth_per_month == pytest.approx(0.01, abs=0.002)
        assert "yearly season, highest in" in sentence
        truth = [
            100 * 1.01 ** (n / 30.44) * (1 + 0.15 * math.cos(2 * math.pi * n / 365.25))
            for point in made.points
            for n in [(point.day - FIRST).days + 14]
        ]
        off = [abs(point.value / value - 1) for point, value in zip(made.points, truth, strict=True)]
        assert sum(off) / len(off) < 0.03


def test_days_that_stand_out_are_no_trend_and_an_outage_is_a_gap() -> None:
    def level(n: int) -> float:
        return 100.0 * (1.6 if 300 <= n < 318 else 0.0 if 500 <= n < 519 else 1.0)

    values = noisy(560, level)
    for day in list(values)[100:140]:
        del values[day]
    made, _, sentence = told(forecast(values, [(0.7, 120.0)]))
    assert len(made.left_out) == 18 + 19
    assert answer(made) == ("none", None)
    assert all(abs(point.value / 100 - 1) < 0.02 for point in made.points)
    assert (made.gaps[0].first, made.gaps[0].last) == (FIRST + timedelta(100), FIRST + timedelta(139))
    assert "ays unlike those around them, left out of the trend: 37" in sentence
    assert "othing for the trend from 11 April 2025 to 20 May 2025" in sentence


def test_growth_that_stopped_is_no_exhaustion() -> None:
    made, pattern, sentence = told(forecast(noisy(700, lambda n: 100 * 1.02 ** (min(n, 400) / 30.44)), [(0.7, 140.0)]))
    assert len(pattern.bends) == 1
    assert answer(made) == ("none", None)
    assert "rowth changed in" in sentence


def test_a_level_that_a_step_exceeded_two_weeks_ago_is_already_exceeded() -> None:
    values = noisy(274, lambda n: 100.0 * (1.35 if n >= 274 - 14 else 1.0))
    assert answer(forecast(values, [(0.7, 121.0)]))[0] == "already"


def test_what_is_above_the_level_is_already_exceeded() -> None:
    made = forecast(noisy(669, lambda n: 100 * 1.005 ** (n / 30.44) * (1.3 if n >= 638 else 1)), [(0.7, 126.0)])
    assert made is not None
    assert answer(made) == ("already", date(2026, 10, 1))


NODES = [
    Capacity("node:a", "x", sessions=300.0),
    Capacity("node:b", "x", sessions=200.0),
    Capacity("node:c", "y", sessions=400.0),
    Capacity("site:x", sessions=250.0),
]


@pytest.mark.parametrize(
    ("scope", "quantity", "expected"),
    [
        ("platform", "sessions", (900, 500, "node:c", True)),
        ("site:x", "sessions", (250, 200, "node:a", True)),  # the uplink limits before the loss, the nodes after it
        ("site:y", "sessions", (400, 400, "node:c", False)),
        ("node:a", "sessions", (300, 300, None, True)),
        ("node:a", "node_load", (1, 1, None, True)),
    ],
)
def test_surviving_capacity(scope: str, quantity: str, expected: tuple[float, float, str | None, bool]) -> None:
    assert surviving(NODES, scope, quantity) == expected


def test_no_stated_capacity_is_none() -> None:
    assert surviving(NODES, "platform", "viewers") is None
    assert surviving(NODES, "site:z", "sessions") is None
    assert surviving(NODES, "node:z", "sessions") is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"scope": "edge-1"}, "is not a scope"),
        ({"scope": "site:a", "site": "a"}, '"site" tells where a node stands'),
        ({"scope": "node:a"}, 'needs site = "…"'),
        ({"scope": "platform", "sessions": 0.0}, "greater than zero"),
    ],
)
def test_capacities_that_make_no_sense(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Capacity(**fields)  # type: ignore[arg-type]
