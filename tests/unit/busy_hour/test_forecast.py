"""Trends, their choice by back-test, and the answers that are not a date."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.busy_hour.forecast.forecast import Forecast, forecast, monthly_values, without_weekly_pattern
from dashboards.busy_hour.forecast.trend import fit_damped, fit_linear, fit_log, fit_naive, seasonal_naive, theil_sen
from dashboards.busy_hour.measures.capacity import Capacity, surviving

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
    assert (made.basis, made.method) == ("month", "theil_sen")
    assert made.mape < 0.2
    assert made.baseline_mape is not None
    assert made.mape < made.baseline_mape
    # 2000 is reached a thousand days after the first of January 2025; the month is what a planner reads.
    assert answer(made)[0] == "date"
    assert abs((answer(made)[1] or FIRST) - (FIRST + timedelta(days=1000 - 15))) < timedelta(days=16)
    assert made.growth_per_month == pytest.approx(30.4 / 1349, rel=0.03)


def test_a_steady_rate_is_a_line_of_logarithms() -> None:
    made = forecast(days(500, lambda n: 100 * 1.002**n), [])
    assert made is not None
    assert made.method == "theil_sen_log"
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
    assert (made.basis, made.method) == ("day", "theil_sen")
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
    assert min(min(point.low, point.value) for point in made.points) == 0.0


def test_too_little_is_no_forecast() -> None:
    assert forecast(days(27, float), []) is None
    assert forecast({}, []) is None
    sparse = {FIRST + timedelta(days=9 * number): 5.0 for number in range(20)}
    assert forecast(sparse, []) is None


def test_a_month_needs_twenty_days() -> None:
    values = days(59, lambda n: 10.0 + n)
    assert list(monthly_values(values)) == [date(2025, 1, 1), date(2025, 2, 1)]
    for day in range(1, 10):
        del values[date(2025, 2, day)]
    assert list(monthly_values(values)) == [date(2025, 1, 1)]


def test_a_pattern_without_every_weekday_is_left_alone() -> None:
    few = days(10, float)
    assert without_weekly_pattern(few) == few


def test_one_outlier_does_not_turn_the_robust_line() -> None:
    x = np.arange(15.0)
    y = 10 + 2 * x
    y[6] = 500.0
    line = theil_sen(x, y)
    assert (line.slope, line.low <= 2.0 <= line.high) == (2.0, True)


def test_methods_that_cannot_work_say_so() -> None:
    x, y = np.arange(3.0), np.array([1.0, 0.0, 2.0])
    with pytest.raises(ValueError, match="above zero"):
        fit_log(x, y)
    with pytest.raises(ValueError, match="three values"):
        fit_linear(x[:2], y[:2])
    with pytest.raises(ValueError, match="four values"):
        fit_damped(x, y)
    with pytest.raises(ValueError, match="24 values"):
        seasonal_naive(12)(x, y)


def test_as_a_year_ago() -> None:
    x = np.arange(26.0)
    y = 100 + 10 * (x % 12)
    path = seasonal_naive(12)(x, y)(np.array([26.0, 27.0, 38.0]))
    assert path.central.tolist() == [120.0, 130.0, 120.0]


@given(st.lists(st.floats(1, 1e9), min_size=6, max_size=30))
def test_every_range_holds_its_centre(values: list[float]) -> None:
    x, y = np.arange(float(len(values))), np.array(values)
    at = x[-1] + np.arange(1.0, 13.0)
    for fit in (fit_naive, fit_linear, fit_log, fit_damped):
        central, low, high = fit(x, y)(at)
        assert (high >= central * (1 - 1e-9) - 1e-6).all()
        assert (low <= np.maximum(central, 0) * (1 + 1e-9) + 1e-6).all()


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
