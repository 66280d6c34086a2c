"""The next 168 hours, hour by hour: where the coming busy hours lie.

Methods compete on rolling origins, one a day over four weeks; the last week of the data is kept out of the choice,
and the error on it is printed beside that of "as a week ago".
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, product
from typing import NamedTuple

import numpy as np

from dashboards.busy_hour.measures.series import HOUR, Floats, coarsen
from dashboards.busy_hour.measures.traffic import Day

WEEK = 168
ORIGINS = 28
HISTORY = 12 * WEEK
NEEDED = 3 * WEEK + 24 * 7  # two weeks to learn from, a week of origins, one week ahead, one kept out

_LEVELS = (0.02, 0.05, 0.1, 0.2)
_SEASONS = (0.3, 0.5, 0.7, 0.9)
_LEAST = 1e-6  # a factor of the season that has no traffic

METHODS = (
    "seasonal_naive",
    "seasonal_naive_level",
    *(f"smoothing_level_{level:g}_season_{season:g}" for level, season in product(_LEVELS, _SEASONS)),
)


class Contest(NamedTuple):
    """A method's error over the origins, in per cent."""

    method: str
    mape: float | None  # None: there was nothing to compare with


@dataclass(frozen=True, slots=True)
class WeekAhead:
    """The chosen method, its errors, and the hours to come."""

    method: str
    mape: float
    baseline_mape: float
    origins: int
    held_out_mape: float | None  # None: the week kept out has no hour with traffic
    held_out_baseline_mape: float | None
    contest: tuple[Contest, ...]
    start: int  # UTC seconds of the first hour to come
    values: Floats  # NaN at an hour that was never measured

    @property
    def unknown(self) -> int:
        """The number of hours without a forecast."""
        return int(np.count_nonzero(np.isnan(self.values)))


def hourly(days: Sequence[Day]) -> tuple[int, Floats] | None:
    """Return (start, values) of the hours from the first known to the last; hours without data are NaN."""
    if not days:
        return None
    first = days[0].series.span.start + days[0].phase
    last = max(day.series.span.end + day.phase for day in days)
    values = np.full((last - first) // HOUR, np.nan)
    for step, alike in groupby(days, lambda day: day.series.step):
        width = HOUR // step
        # A day of 23 ½ hours ends with a half that is no hour.
        whole = [(day, day.series.slots[: len(day.series.slots) // width * width]) for day in alike]
        hours, done = coarsen(np.concatenate([slots for _, slots in whole]), width), 0
        for day, slots in whole:
            place, count = (day.series.span.start + day.phase - first) // HOUR, len(slots) // width
            values[place : place + count] = hours[done : done + count]
            done += count
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return None
    return first + int(known[0]) * HOUR, values[known[0] : known[-1] + 1]


def week_ahead(days: Sequence[Day]) -> WeekAhead | None:
    """Return the forecast of the 168 hours after the data, or None where there is not enough."""
    found = hourly(days[-(HISTORY // 24 + 1) :])
    if found is None:
        return None
    start, values = found
    end = start + len(values) * HOUR
    values = values[-HISTORY:]
    if len(values) < NEEDED or np.count_nonzero(~np.isnan(values)) < 0.75 * len(values):
        return None
    last = len(values) - WEEK  # the origin of the week kept out
    origins = [last - WEEK - 24 * back for back in range(ORIGINS) if last - WEEK - 24 * back >= 2 * WEEK]
    made = _forecasts(values, [*origins, last, len(values)])
    errors = _mean_errors(values, made, origins)
    contest = [Contest(name, _or_none(error)) for name, error in zip(METHODS, errors, strict=True)]
    if np.isnan(errors[0]):
        return None  # no origin with which "as a week ago" could be compared
    chosen = int(np.nanargmin(errors))
    held_out = _mean_errors(values, made, [last])
    return WeekAhead(
        method=METHODS[chosen],
        mape=float(errors[chosen]),
        baseline_mape=float(errors[0]),
        origins=len(origins),
        held_out_mape=_or_none(held_out[chosen]),
        held_out_baseline_mape=_or_none(held_out[0]),
        contest=tuple(contest),
        start=end,
        values=made[len(values)][chosen],
    )


def _or_none(error: float) -> float | None:
    return None if math.isnan(error) else float(error)


def _forecasts(values: Floats, origins: Sequence[int]) -> dict[int, Floats]:
    """Return for each origin one row of 168 hours a method, in the order of METHODS."""
    smoothed = _smoothed(values, set(origins))
    return {
        origin: np.vstack([_last_week(values, origin), _last_week_level(values, origin), smoothed[origin]])
        for origin in origins
    }


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


def _last_week_level(values: Floats, origin: int) -> Floats:
    """As a week ago, moved half the way to how the last day compares with the same day a week before."""
    now, before = values[origin - 24 : origin], values[origin - WEEK - 24 : origin - WEEK]
    both = ~np.isnan(now) & ~np.isnan(before)
    whole = float(before[both].sum())
    ratio = float(now[both].sum()) / whole if whole > 0 else 1.0
    return _last_week(values, origin) * math.sqrt(ratio)


def _smoothed(values: Floats, origins: set[int]) -> dict[int, Floats]:
    """Exponential smoothing of a level and 168 factors of the week (multiplicative Holt–Winters without trend).

    All pairs of constants run side by side, one row each; a missing hour changes nothing.
    """
    alpha, gamma = (np.array(constants) for constants in zip(*product(_LEVELS, _SEASONS), strict=True))
    known = values[:WEEK][~np.isnan(values[:WEEK])]
    start = float(known.mean()) if len(known) else 0.0
    if not start > 0:
        return {origin: np.full((len(alpha), WEEK), np.nan) for origin in origins}
    level = np.full(len(alpha), start)
    season = np.tile(np.nan_to_num(values[:WEEK] / start, nan=1.0)[:, None], (1, len(alpha)))
    found = {}
    for begin in range(WEEK, len(values) + 1, WEEK):
        # A factor is met once a week, so all of a week are known at its start; only the level goes hour by hour.
        week = values[begin : begin + WEEK, None]
        # A level of zero could not be divided by; an hour without traffic teaches the season nothing.
        taught = week > 0
        factor = np.maximum(season[: len(week)], _LEAST)
        levels = _levels(level, alpha, np.divide(week, factor, out=np.full(factor.shape, np.nan), where=taught))
        after = season.copy()
        np.copyto(after[: len(week)], gamma * (week / levels[1:]) + (1 - gamma) * factor, where=taught)
        for place in range(WEEK):
            if begin + place in origins:
                found[begin + place] = (np.vstack([season[place:], after[:place]]) * levels[place]).T
        level, season = levels[-1], after
    return found


def _levels(level: Floats, alpha: Floats, observed: Floats) -> Floats:
    """Return the level before each hour and after the last; an hour that is NaN leaves it."""
    levels, keep = [level], 1 - alpha
    for part, missing in zip(alpha * observed, np.isnan(observed[:, 0]).tolist(), strict=True):
        levels.append(levels[-1] if missing else part + keep * levels[-1])
    return np.array(levels)


def _mean_errors(values: Floats, made: dict[int, Floats], origins: Sequence[int]) -> Floats:
    """Return each method's mean absolute percentage error, averaged over the origins."""
    errors = []
    for origin in origins:
        actual = values[origin : origin + WEEK]
        known = actual > 0  # neither missing nor a division by zero
        if known.any():
            off = np.abs(made[origin][:, known] - actual[known]) / actual[known]
            here = ~np.isnan(off)
            counts = np.maximum(here.sum(axis=1), 1)
            errors.append(np.where(here.any(axis=1), np.where(here, off, 0.0).sum(axis=1) / counts, np.nan))
    return 100.0 * np.mean(errors, axis=0) if errors else np.full(len(METHODS), np.nan)
