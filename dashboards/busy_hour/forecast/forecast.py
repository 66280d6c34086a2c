"""When demand meets capacity: a date with its range, "already exceeded", "no exhaustion", or "not enough data".

Six months of monthly values and more are tested by month; before that, by week. A confirmed exceptional day is left
out, and so is one that stands out of the days around it: it must be carried when it comes, but it is no trend.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, NamedTuple

import numpy as np

from dashboards.busy_hour.forecast.contest import BY_MONTH, BY_WEEK, Continuation, Score, continue_series
from dashboards.busy_hour.forecast.levels import Days, ordinary, weekly
from dashboards.busy_hour.forecast.methods import LAST_WEEKS
from dashboards.busy_hour.forecast.pattern import MONTH, Pattern
from dashboards.busy_hour.measures.series import Floats

MONTHS_NEEDED = 6
DAYS_NEEDED = 28
LAST_YEAR = 365  # days in which a match or a feast that comes every year is
WEEKS_NEEDED = 3
DAYS_OF_A_MONTH = 20  # a month with fewer measured days has no monthly value (project rule)
DAYS_OF_A_SPARSE_MONTH = 7  # unless holes leave fewer than six such months: a part of each shows a trend, too
SPARSE_FROM = 213  # days, in which six months have enough wherever they begin, if there are no holes
LOOK_AHEAD_MONTHS = 36
GAP_DAYS = 7  # without a day that counts: told as a gap
GOES_ON = 0.005  # a month: less is no growth that would have to go on
_LEVEL_ALONE = frozenset({"naive", "smoothed_level"})
FLAT = 1e-4  # of the logarithm a month: no growth

Basis = Literal["month", "day"]
Answer = Literal["date", "already", "none", "beyond"]


class Exhaustion(NamedTuple):
    """When one threshold is reached; `None` bounds lie beyond the look-ahead."""

    threshold: float  # share of the surviving capacity
    level: float
    answer: Answer
    likely: date | None
    earliest: date | None
    latest: date | None
    days: int = 0  # of the last year, of those that were measured, which reached it one by one
    highest: tuple[date, float] | None = None  # of them, with its value


class Point(NamedTuple):
    """A value to come with its range."""

    day: date
    value: float
    low: float
    high: float


class Gap(NamedTuple):
    """Days without a value inside the history, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Forecast:
    """What was seen, how it goes on, and what follows from it."""

    basis: Basis
    method: str  # with the greatest share
    mape: float | None  # None: nothing to test it on
    baseline: str
    baseline_mape: float | None
    scores: tuple[Score, ...]
    history: tuple[tuple[date, float], ...]
    growth_per_month: float  # share of the last fitted value, without the season
    horizon: date  # nothing is claimed beyond
    points: tuple[Point, ...]
    exhaustion: tuple[Exhaustion, ...]
    pattern: Pattern | None  # None: too much of the series carries nothing
    left_out: tuple[date, ...]
    gaps: tuple[Gap, ...]

    @property
    def changes_of_growth(self) -> tuple[tuple[date, float, float], ...]:
        """Return the pattern's changes of growth, without one to a growth that the forecast does not follow.

        Two weeks at another level look like growth that began a while ago.
        """
        found = self.pattern.growths() if self.pattern else ()
        return found[:-1] if self.away else found

    @property
    def away(self) -> bool:
        """Return whether the last weeks lie where only growth explains them that the forecast does not follow."""
        last = self.pattern.growths()[-1:] if self.pattern else ()
        return self.method in _LEVEL_ALONE and any(abs(after) > GOES_ON for _, _, after in last)


class Assumed(NamedTuple):
    """What is assumed instead of what was found: a growth a month, and how many times the demand."""

    growth: float | None = None
    times: float = 1.0


NOTHING_ASSUMED = Assumed()


def forecast(
    days: Mapping[date, float], levels: Sequence[tuple[float, float]], assumed: Assumed = NOTHING_ASSUMED
) -> Forecast | None:
    """Return the forecast from daily busy hours; `levels` are (threshold, value). None: not enough data."""
    known = {day: value for day, value in sorted(days.items()) if math.isfinite(value) and value >= 0}
    if len(known) < DAYS_NEEDED or (max(known) - min(known)).days < DAYS_NEEDED - 1:
        return None
    months = measured_months(known)
    basis: Basis = "month" if len(months) >= MONTHS_NEEDED else "day"
    found = ordinary(known)
    points = weekly(found) if found else None
    if found is None or points is None or len(points.at) < WEEKS_NEEDED:
        return _of_little(known, basis, months, levels, assumed)
    single = _of_last_year(known, assumed)
    made, pattern = continue_series(found, points, BY_MONTH if basis == "month" else BY_WEEK)
    growth = made.growth(pattern) if assumed.growth is None else math.log1p(assumed.growth)
    made = made.under(pattern, None if assumed.growth is None else growth, math.log(assumed.times))
    history = _history(found, known, basis, months)
    grid = found.at[-1] + np.arange(1.0, _reach(found, basis) + 1)
    central, half = made.central(grid), made.half(grid)
    path = (np.exp(central), np.exp(central - half), np.exp(np.minimum(central + half, 700.0)))
    now = max(float(np.mean(np.exp(points.log[-LAST_WEEKS:]))), history[-1][1]) * assumed.times
    now = max(now, float(path[0][0]))  # after a step the means lag; what is reached tomorrow is reached
    return Forecast(
        basis=basis,
        method=max(made.scores, key=lambda score: score.share).method if made.scores else "pattern_rate",
        mape=made.error,
        baseline="naive",
        baseline_mape=next((score.mape for score in made.scores if score.method == "naive"), None),
        scores=made.scores,
        history=history,
        growth_per_month=math.expm1(growth),
        horizon=pattern.day(float(grid[-1])),
        points=tuple(_points(made, found, history[-1][0], basis)),
        exhaustion=tuple(
            _with_days(_exhaustion(pattern, (grid, *path), (history[-1][0], now), growth, level), single)
            for level in levels
        ),
        pattern=pattern,
        left_out=found.left_out,
        gaps=tuple(gaps(found)),
    )


def measured_months(days: Mapping[date, float]) -> list[date]:
    """Return the first day of each month that has enough measured days; where holes leave too few, of each with some.

    A long series with holes is not tested by week: over a week no growth shows, whatever it comes to in a year.
    """
    counts: dict[date, int] = defaultdict(int)
    for day in days:
        counts[day.replace(day=1)] += 1
    whole, sparse = (
        sorted(month for month, count in counts.items() if count >= least)
        for least in (DAYS_OF_A_MONTH, DAYS_OF_A_SPARSE_MONTH)
    )
    long = bool(days) and (max(days) - min(days)).days >= SPARSE_FROM
    return sparse if long and len(whole) < MONTHS_NEEDED <= len(sparse) else whole


def gaps(days: Days) -> list[Gap]:
    """Return the spans of a week and more without a day that counts."""
    wide = np.flatnonzero(np.diff(days.at) > GAP_DAYS)
    return [
        Gap(
            days.first + timedelta(days=int(days.at[place]) + 1),
            days.first + timedelta(days=int(days.at[place + 1]) - 1),
        )
        for place in wide
    ]


def _history(
    found: Days, known: Mapping[date, float], basis: Basis, months: Sequence[date]
) -> tuple[tuple[date, float], ...]:
    """Return the months' means of ordinary days, or of all days where none is ordinary; the days before six months."""
    days = [found.first + timedelta(days=int(place)) for place in found.at]
    if basis == "day":
        return tuple(zip(days, found.level.tolist(), strict=True))
    usual: dict[date, list[float]] = defaultdict(list)
    every: dict[date, list[float]] = defaultdict(list)
    for day, value in zip(days, found.level.tolist(), strict=True):
        usual[day.replace(day=1)].append(value)
    for day, value in known.items():
        every[day.replace(day=1)].append(value)
    return tuple((month, float(np.mean(usual.get(month) or every[month]))) for month in months)


def _reach(found: Days, basis: Basis) -> int:
    """Return the days that are looked ahead: of a short history three times its own length (project rule)."""
    whole = LOOK_AHEAD_MONTHS * MONTH
    return int(whole if basis == "month" else min(3 * found.at[-1], whole))


def _points(made: Continuation, found: Days, last: date, basis: Basis) -> list[Point]:
    if basis == "month":
        months = [_month_after(last, number) for number in range(1, 13)]
        days, middles = months, [(month - found.first).days + MONTH / 2 - 0.5 for month in months]
    else:
        end = int(found.at[-1])
        places = range(end + 7, end + _reach(found, basis) + 1, 7)
        days, middles = [found.first + timedelta(days=place) for place in places], [place - 3.0 for place in places]
    at = np.array(middles)
    central, half = made.central(at), made.half(at)
    low, high = np.exp(central - half), np.exp(np.minimum(central + half, 700.0))
    rows = zip(days, np.exp(central).tolist(), low.tolist(), high.tolist(), strict=True)
    return [Point(*row) for row in rows]


def _month_after(month: date, count: int) -> date:
    number = month.year * 12 + month.month - 1 + count
    return date(number // 12, number % 12 + 1, 1)


def _exhaustion(
    pattern: Pattern,
    path: tuple[Floats, Floats, Floats, Floats],
    now: tuple[date, float],
    growth: float,
    wanted: tuple[float, float],
) -> Exhaustion:
    threshold, level = wanted
    if now[1] >= level:
        return Exhaustion(threshold, level, "already", now[0], now[0], now[0])
    grid, central, low, high = path
    likely, latest, earliest = (_crossing(pattern, grid, part, level) for part in (central, low, high))
    if likely is not None:
        return Exhaustion(threshold, level, "date", likely, earliest, latest)
    return Exhaustion(threshold, level, "beyond" if growth > FLAT else "none", None, earliest, latest)


def _of_last_year(known: Mapping[date, float], assumed: Assumed) -> dict[date, float]:
    last = max(known)
    return {day: value * assumed.times for day, value in known.items() if (last - day).days < LAST_YEAR}


def _with_days(entry: Exhaustion, days: Mapping[date, float]) -> Exhaustion:
    """Return the answer with the days that reached the level, whatever the trend has: each must be carried, too."""
    reached = {day: value for day, value in days.items() if value >= entry.level}
    highest = max(reached.items(), key=lambda found: found[1], default=None)
    return entry._replace(days=len(reached), highest=highest)


def _crossing(pattern: Pattern, grid: Floats, values: Floats, level: float) -> date | None:
    reached = np.flatnonzero(values >= level)
    return pattern.day(float(grid[reached[0]])) if len(reached) else None


def _of_little(
    known: Mapping[date, float],
    basis: Basis,
    months: Sequence[date],
    levels: Sequence[tuple[float, float]],
    assumed: Assumed,
) -> Forecast:
    """Continue the last week of a series that mostly carries nothing, or too seldom; its weeks give the range."""
    values = np.fromiter(known.values(), dtype=np.float64, count=len(known))
    values = values * assumed.times
    weeks = [float(np.mean(values[at : at + 7])) for at in range(0, len(values) - 6, 7)]
    now, low, high = float(np.mean(values[-7:])), min(weeks), max(weeks)
    last = max(known)
    idle = not values[-DAYS_NEEDED:].any() or (basis == "day" and not values[len(values) // 2 :].any())
    if idle:
        low = high = 0.0
    if basis == "month":
        days = [_month_after(months[-1], number) for number in range(1, 13)]
        by_month: dict[date, list[float]] = defaultdict(list)
        for day, value in known.items():
            by_month[day.replace(day=1)].append(value)
        history = tuple((month, float(np.mean(by_month[month]))) for month in months)
    else:
        days = [last + timedelta(days=7 * number) for number in range(1, 5)]
        history = tuple(known.items())
    error = 0.0 if idle else None
    single = _of_last_year(known, assumed)
    return Forecast(
        basis=basis,
        method="naive",
        mape=error,
        baseline="naive",
        baseline_mape=error,
        scores=(),
        history=history,
        growth_per_month=0.0,
        horizon=days[-1],
        points=tuple(Point(day, now, min(low, now), max(high, now)) for day in days),
        exhaustion=tuple(
            _with_days(
                Exhaustion(share, level, "already", last, last, last)
                if now >= level
                else Exhaustion(share, level, "none", None, None, None),
                single,
            )
            for share, level in levels
        ),
        pattern=None,
        left_out=(),
        gaps=(),
    )
