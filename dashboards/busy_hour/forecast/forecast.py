"""When demand meets capacity: a trend chosen by back-test, with a range, or a plain "not enough data".

Six months of monthly values and more are continued by month; before that, daily values without their weekly pattern.
A confirmed exceptional day is left out: it must be carried when it comes, but it is no trend.
"""

import calendar
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, NamedTuple

import numpy as np

from dashboards.busy_hour.forecast.trend import Method, fit_damped, fit_linear, fit_log, fit_naive, seasonal_naive
from dashboards.busy_hour.measures.series import Floats

MONTHS_NEEDED = 6
DAYS_NEEDED = 28
DAYS_OF_A_MONTH = 20  # a month with fewer measured days has no monthly value (project rule)
LOOK_AHEAD_MONTHS = 36
MEAN_MONTH = 365.2425 / 12

MONTHLY = (
    Method("naive", fit_naive),
    Method("theil_sen", fit_linear),
    Method("theil_sen_log", fit_log),
    Method("damped_trend", fit_damped),
    Method("seasonal_naive", seasonal_naive(12)),
)
DAILY = MONTHLY[:4]

Basis = Literal["month", "day"]
Answer = Literal["date", "already", "none", "beyond"]


class Score(NamedTuple):
    """How a method did on the past it had not seen."""

    method: str
    mape: float  # mean absolute percentage error, in per cent
    forecasts: int


class Exhaustion(NamedTuple):
    """When one threshold is reached; `None` bounds lie beyond the look-ahead."""

    threshold: float  # share of the surviving capacity
    level: float
    answer: Answer
    likely: date | None
    earliest: date | None
    latest: date | None


class Point(NamedTuple):
    """A value to come with its range."""

    day: date
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """A chosen method, its back-test and what follows from it."""

    basis: Basis
    method: str
    mape: float
    baseline: str
    baseline_mape: float | None
    scores: tuple[Score, ...]
    history: tuple[tuple[date, float], ...]
    growth_per_month: float  # share of the last fitted value
    horizon: date  # nothing is claimed beyond
    points: tuple[Point, ...]
    exhaustion: tuple[Exhaustion, ...]


def monthly_values(days: Mapping[date, float]) -> dict[date, float]:
    """Return the mean daily busy hour of each month that has enough days, by the month's first day."""
    months: dict[date, list[float]] = defaultdict(list)
    for day, value in sorted(days.items()):
        months[day.replace(day=1)].append(value)
    return {month: float(np.mean(values)) for month, values in months.items() if len(values) >= DAYS_OF_A_MONTH}


def without_weekly_pattern(days: Mapping[date, float]) -> dict[date, float]:
    """Divide each day by its weekday's usual part of the seven days around it."""
    parts: dict[int, list[float]] = defaultdict(list)
    for day, value in days.items():
        week = [days[at] for offset in range(-3, 4) if (at := day + timedelta(days=offset)) in days]
        if len(week) == 7 and sum(week) > 0:
            parts[day.weekday()].append(value * 7 / sum(week))
    usual = {weekday: float(np.median(found)) for weekday, found in parts.items()}
    if len(usual) < 7 or min(usual.values()) <= 0:
        return dict(days)
    scale = sum(usual.values()) / 7
    return {day: value * scale / usual[day.weekday()] for day, value in days.items()}


def forecast(days: Mapping[date, float], levels: Sequence[tuple[float, float]]) -> Forecast | None:
    """Return the forecast from daily busy hours; `levels` are (threshold, value). None: not enough data."""
    months = monthly_values(days)
    if len(months) >= MONTHS_NEEDED:
        first = min(months)
        x = np.array([_month_number(month) - _month_number(first) for month in months], dtype=np.float64)
        scale = _Scale("month", first, 1.0, LOOK_AHEAD_MONTHS)
        return _continue(scale, x, list(months.items()), levels)
    plain = without_weekly_pattern(days)
    if len(plain) < DAYS_NEEDED or (max(plain) - min(plain)).days < DAYS_NEEDED - 1:
        return None
    first = min(plain)
    ordered = sorted(plain.items())
    x = np.array([(day - first).days for day, _ in ordered], dtype=np.float64)
    # A short history says little about a distant day: three times its own length at most (project rule).
    scale = _Scale("day", first, MEAN_MONTH, min(3 * float(x[-1]), LOOK_AHEAD_MONTHS * MEAN_MONTH))
    return _continue(scale, x, ordered, levels)


class _Scale(NamedTuple):
    basis: Basis
    first: date
    month: float  # length of a month in periods
    ahead: float  # look-ahead in periods

    def day(self, x: float) -> date:
        """Return the date at `x`; a month's value stands for the whole month, so 25.1 lies in month 25."""
        if self.basis == "day":
            return self.first + timedelta(days=int(x))
        number = _month_number(self.first) + int(x)
        start = date(number // 12, number % 12 + 1, 1)
        length = calendar.monthrange(start.year, start.month)[1]
        return start + timedelta(days=int((x - int(x)) * length))


def back_test(x: Floats, y: Floats, methods: Sequence[Method], ahead: int, step: int = 1) -> list[Score]:
    """Forecast up to `ahead` values from every `step`-th origin in the second half, with what was known then.

    A percentage of zero is none, so zeros are left out; where there is nothing else, as on an edge in reserve, a
    forecast of zero is right and any other wrong by all of it.
    """
    first = max(4, len(y) // 2)
    idle = not y[first:].any()
    scores = []
    for method in methods:
        errors: list[float] = []
        for origin in range(first, len(y), step):
            try:
                fitted = method.fit(x[:origin], y[:origin])
            except ValueError:
                continue
            actual = y[origin : origin + ahead]
            expected = fitted(x[origin : origin + ahead]).central
            known = actual != 0
            errors.extend((expected != 0) * 1.0 if idle else np.abs(expected[known] / actual[known] - 1.0))
        if errors:
            scores.append(Score(method.name, 100.0 * float(np.mean(errors)), len(errors)))
    return scores


def choose(scores: Sequence[Score]) -> Score:
    """Return the least error; a method that had fewer origins than the others is not compared with them."""
    most = max(score.forecasts for score in scores)
    return min((score for score in scores if score.forecasts == most), key=lambda score: score.mape)


def _continue(
    scale: _Scale,
    x: Floats,
    history: Sequence[tuple[date, float]],
    levels: Sequence[tuple[float, float]],
) -> Forecast:
    monthly = scale.basis == "month"
    methods = MONTHLY if monthly else DAILY
    y = np.array([value for _, value in history])
    scores = back_test(x, y, methods, 6 if monthly else 28, 1 if monthly else 7)
    best = choose(scores)
    fitted = next(method for method in methods if method.name == best.method).fit(x, y)
    end = float(x[-1])
    grid = end + np.arange(0.0, scale.ahead + 1e-9, 0.01 * scale.month)
    path = fitted(grid)
    places = end + (np.arange(1.0, 13.0) if monthly else np.arange(7.0, scale.ahead + 1e-9, 7.0))
    ahead = fitted(places)
    month_later = fitted(np.array([end, end + scale.month])).central
    naive = next((score for score in scores if score.method == "naive"), None)
    return Forecast(
        basis=scale.basis,
        method=best.method,
        mape=best.mape,
        baseline="naive",
        baseline_mape=naive.mape if naive else None,
        scores=tuple(scores),
        history=tuple(history),
        growth_per_month=float(month_later[1] / month_later[0] - 1.0) if month_later[0] else 0.0,
        horizon=scale.day(end + scale.ahead),
        points=tuple(
            Point(scale.day(at), *values)
            for at, *values in zip(
                places.tolist(), ahead.central.tolist(), ahead.low.tolist(), ahead.high.tolist(), strict=True
            )
        ),
        exhaustion=tuple(
            _exhaustion(scale, grid, (path.central, path.low, path.high), threshold, level)
            for threshold, level in levels
        ),
    )


def _exhaustion(
    scale: _Scale, grid: Floats, path: tuple[Floats, Floats, Floats], threshold: float, level: float
) -> Exhaustion:
    central, low, high = (_crossing(grid, part, level) for part in path)
    likely, latest, earliest = (None if at is None else scale.day(at) for at in (central, low, high))
    answer: Answer
    if central is not None and central <= grid[0]:
        answer = "already"
    elif central is not None:
        answer = "date"
    else:
        answer = "beyond" if path[0][-1] > path[0][0] else "none"
    return Exhaustion(threshold, level, answer, likely, earliest, latest)


def _crossing(grid: Floats, values: Floats, level: float) -> float | None:
    reached = np.flatnonzero(values >= level)
    return float(grid[reached[0]]) if len(reached) else None


def _month_number(day: date) -> int:
    return day.year * 12 + day.month - 1
