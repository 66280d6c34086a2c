"""The next 168 hours, hour by hour: where the coming busy hours lie.

Methods compete on rolling origins, one a day over four weeks; the last week of the data is kept out of the choice,
and the error on it is printed beside that of "as a week ago".
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np

from dashboards.busy_hour.series import HOUR, Floats, coarsen
from dashboards.busy_hour.traffic import Day

WEEK = 168
ORIGINS = 28
HISTORY = 26 * WEEK
NEEDED = 3 * WEEK + 24 * 7  # two weeks to learn from, a week of origins, one week ahead, one kept out

_LEVELS = (0.02, 0.05, 0.1, 0.2)
_SEASONS = (0.3, 0.5, 0.7, 0.9)


class Contest(NamedTuple):
    """A method's error over the origins, in per cent."""

    method: str
    mape: float


@dataclass(frozen=True, slots=True)
class WeekAhead:
    """The chosen method, its errors, and the hours to come."""

    method: str
    mape: float
    baseline_mape: float
    origins: int
    held_out_mape: float
    held_out_baseline_mape: float
    contest: tuple[Contest, ...]
    start: int  # UTC seconds of the first hour to come
    values: Floats


def hourly(days: Sequence[Day]) -> tuple[int, Floats] | None:
    """Return (start, values) of the hours from the first known to the last; hours without data are NaN."""
    if not days:
        return None
    first = days[0].series.span.start + days[0].phase
    last = max(day.series.span.end + day.phase for day in days)
    values = np.full((last - first) // HOUR, np.nan)
    for day in days:
        hours = coarsen(day.series.slots, HOUR // day.series.step)
        place = (day.series.span.start + day.phase - first) // HOUR
        values[place : place + len(hours)] = hours
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return None
    return first + int(known[0]) * HOUR, values[known[0] : known[-1] + 1]


def week_ahead(days: Sequence[Day]) -> WeekAhead | None:
    """Return the forecast of the 168 hours after the data, or None where there is not enough."""
    found = hourly(days)
    if found is None:
        return None
    start, values = found
    end = start + len(values) * HOUR
    values = values[-HISTORY:]
    if len(values) < NEEDED or np.count_nonzero(~np.isnan(values)) < 0.75 * len(values):
        return None
    last = len(values) - WEEK  # the origin of the week kept out
    origins = [last - WEEK - 24 * back for back in range(ORIGINS) if last - WEEK - 24 * back >= 2 * WEEK]
    wanted = [*origins, last, len(values)]
    forecasts = {name: dict(method(values, wanted)) for name, method in _methods()}
    contest = [Contest(name, _mean_error(values, made, origins)) for name, made in forecasts.items()]
    best = min((entry for entry in contest if not np.isnan(entry.mape)), key=lambda entry: entry.mape, default=None)
    if best is None:
        return None
    return WeekAhead(
        method=best.method,
        mape=best.mape,
        baseline_mape=next(entry.mape for entry in contest if entry.method == "seasonal_naive"),
        origins=len(origins),
        held_out_mape=_mean_error(values, forecasts[best.method], [last]),
        held_out_baseline_mape=_mean_error(values, forecasts["seasonal_naive"], [last]),
        contest=tuple(contest),
        start=end,
        values=forecasts[best.method][len(values)],
    )


Method = Callable[[Floats, Sequence[int]], Iterator[tuple[int, Floats]]]


def _methods() -> Iterator[tuple[str, Method]]:
    yield "seasonal_naive", _seasonal_naive
    yield "seasonal_naive_level", _seasonal_naive_level
    for level, season in product(_LEVELS, _SEASONS):
        yield f"smoothing_level_{level:g}_season_{season:g}", _smoothing(level, season)


def _last_week(values: Floats, origin: int) -> Floats:
    """Return the last known value of each hour of the week before `origin`."""
    week = values[origin - WEEK : origin].copy()
    for back in range(2, origin // WEEK + 1):
        missing = np.isnan(week)
        if not missing.any():
            break
        earlier = values[origin - back * WEEK : origin - (back - 1) * WEEK]
        week[missing] = earlier[missing]
    return week


def _seasonal_naive(values: Floats, origins: Sequence[int]) -> Iterator[tuple[int, Floats]]:
    for origin in origins:
        yield origin, _last_week(values, origin)


def _seasonal_naive_level(values: Floats, origins: Sequence[int]) -> Iterator[tuple[int, Floats]]:
    """As a week ago, moved half the way to how the last day compares with the same day a week before."""
    for origin in origins:
        now, before = values[origin - 24 : origin], values[origin - WEEK - 24 : origin - WEEK]
        both = ~np.isnan(now) & ~np.isnan(before)
        whole = float(before[both].sum())
        ratio = float(now[both].sum()) / whole if whole > 0 else 1.0
        yield origin, _last_week(values, origin) * ratio**0.5


def _smoothing(alpha: float, gamma: float) -> Method:
    """Exponential smoothing of a level and 168 factors of the week (multiplicative Holt–Winters without trend)."""

    def method(values: Floats, origins: Sequence[int]) -> Iterator[tuple[int, Floats]]:
        wanted = set(origins)
        first = values[:WEEK]
        level = float(np.nanmean(first))
        if not level > 0:
            return
        season = np.nan_to_num(first / level, nan=1.0).tolist()
        for at, value in enumerate(values.tolist()):
            if at in wanted:
                yield at, level * np.array(season[at % WEEK :] + season[: at % WEEK])
            place = at % WEEK
            factor = season[place]
            if value == value and factor > 0 and at >= WEEK:  # noqa: PLR0124 - not NaN, at a third of the cost
                level = alpha * value / factor + (1 - alpha) * level
                season[place] = gamma * value / level + (1 - gamma) * factor if level > 0 else factor
        if len(values) in wanted:
            place = len(values) % WEEK
            yield len(values), level * np.array(season[place:] + season[:place])

    return method


def _mean_error(values: Floats, made: dict[int, Floats], origins: Sequence[int]) -> float:
    errors = []
    for origin in origins:
        actual = values[origin : origin + WEEK]
        expected = made.get(origin)
        if expected is None:
            continue
        known = ~np.isnan(actual) & ~np.isnan(expected) & (actual > 0)
        if known.any():
            errors.append(float(np.mean(np.abs(expected[known] - actual[known]) / actual[known])))
    return 100.0 * float(np.mean(errors)) if errors else float("nan")
