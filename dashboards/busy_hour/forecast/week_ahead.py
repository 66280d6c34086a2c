"""The next 168 hours, hour by hour: where the coming busy hours lie.

Methods compete on rolling origins, one a day over four weeks, and the five best are averaged; an origin counts for no
more than one and a half times the usual, so that one odd week does not decide. The last week of the data is kept out of
the choice, and the error on it is printed beside that of "as a week ago". An outage is a gap: its hours are missing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dashboards.busy_hour.measures.series import HOUR, Floats, coarsen
from dashboards.busy_hour.measures.traffic import Day

WEEK = 168
ORIGINS = 28
HISTORY = 12 * WEEK
NEEDED = 3 * WEEK + 24 * 7  # two weeks to learn from, a week of origins, one week ahead, one kept out
KNOWN = 2 * WEEK  # hours that must have been measured
BEST, BOUND = 5, 1.5
NEXT_TO_NOTHING = 1e-3  # of the week's greatest hour

_LEVELS = (0.02, 0.05, 0.1, 0.2)
_SEASONS = (0.3, 0.5, 0.7, 0.9)
_PROFILES = (2, 3, 5)  # weeks
_LEAST = 1e-6  # a factor of the season that has no traffic

METHODS = (
    "seasonal_naive",
    "seasonal_naive_level",
    *(f"profile_{weeks}_weeks" for weeks in _PROFILES),
    *(f"smoothing_level_{level:g}_season_{season:g}" for level, season in product(_LEVELS, _SEASONS)),
)


class Contest(NamedTuple):
    """A method's error over the origins, in per cent, and its share of the forecast."""

    method: str
    mape: float | None  # None: there was nothing to compare with
    share: float


@dataclass(frozen=True, slots=True)
class WeekAhead:
    """The average of the best methods, its errors, and the hours to come."""

    method: str  # with the greatest share
    mape: float | None
    baseline_mape: float | None
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
    values = _without_outages(values[-HISTORY:])
    if len(values) < NEEDED or np.count_nonzero(~np.isnan(values)) < KNOWN:
        return None
    last = len(values) - WEEK  # the origin of the week kept out
    origins = [last - WEEK - 24 * back for back in range(ORIGINS) if last - WEEK - 24 * back >= 2 * WEEK]
    made = _forecasts(values, [*origins, last, len(values)])
    errors = [_error(values, made[origin], origin) for origin in origins]
    table = np.array([error for error in errors if not np.isnan(error[0])])
    if not len(table):
        return None  # no origin with which "as a week ago" could be compared
    shares = _shares(table)
    averages = {origin: _averaged(rows, shares)[None, :] for origin, rows in made.items()}
    mean = _present_mean(table)
    held_out, kept = _error(values, made[last], last), _error(values, averages[last], last)
    own = [_error(values, averages[origin], origin)[0] for origin in origins]
    return WeekAhead(
        method=METHODS[int(np.argmax(shares))],
        mape=_or_none(_present_mean(np.array(own)[:, None])[0]),
        baseline_mape=_or_none(mean[0]),
        origins=len(table),
        held_out_mape=_or_none(kept[0]),
        held_out_baseline_mape=_or_none(held_out[0]),
        contest=tuple(map(Contest, METHODS, map(_or_none, mean), shares.tolist())),
        start=end,
        values=np.where(_ever_measured(values), averages[len(values)][0], np.nan),
    )


def _without_outages(values: Floats) -> Floats:
    """Return the hours with zeros as missing where traffic is usual and came back; a drained node stays at zero."""
    table = np.concatenate([values, np.full(-len(values) % WEEK, np.nan)]).reshape(-1, WEEK)
    usual = np.nan_to_num(_medians(table))
    carried = np.flatnonzero(values > 0)
    before = np.arange(len(values)) < (carried[-1] if len(carried) else 0)
    gone = (values == 0) & (usual[np.arange(len(values)) % WEEK] > 0) & before
    kept = values.copy()
    kept[gone] = np.nan
    return kept


def _medians(table: Floats) -> Floats:
    """Return the medians of the present values along the last axis but one; NaN where none is present."""
    ordered = np.sort(table, axis=-2)  # NaN comes last
    known = np.count_nonzero(~np.isnan(ordered), axis=-2, keepdims=True)
    place = np.maximum(known, 1)
    both = np.take_along_axis(ordered, (place - 1) // 2, -2) + np.take_along_axis(ordered, place // 2, -2)
    middle: Floats = np.where(known > 0, both / 2, np.nan).squeeze(-2)
    return middle


def _ever_measured(values: Floats) -> NDArray[np.bool_]:
    """Return for each of the hours to come whether its hour of the week was ever measured."""
    table = np.concatenate([np.full(-len(values) % WEEK, np.nan), values]).reshape(-1, WEEK)
    known: NDArray[np.bool_] = (~np.isnan(table)).any(axis=0)
    return known


def _shares(table: Floats) -> Floats:
    """Return the shares of the best methods by their errors over the origins, each origin bounded."""
    whole = ~np.isnan(table).any(axis=0)
    usual = np.median(table[:, whole], axis=0)
    bounded = np.full(table.shape[1], np.inf)
    bounded[whole] = np.minimum(table[:, whole], BOUND * usual).mean(axis=0) + 1e-6
    best = np.argsort(bounded, kind="stable")[:BEST]
    shares: Floats = np.zeros(table.shape[1])
    shares[best] = np.where(np.isfinite(bounded[best]), bounded[best] ** -2.0, 0.0)
    shares /= shares.sum()
    return shares


def _averaged(rows: Floats, shares: Floats) -> Floats:
    """Return the average of the methods that know an hour."""
    weights = np.where(np.isnan(rows), 0.0, shares[:, None])
    total = weights.sum(axis=0)
    found = np.full(rows.shape[1], np.nan)
    np.divide((weights * np.nan_to_num(rows)).sum(axis=0), total, out=found, where=total > 0)
    return found


def _present_mean(table: Floats) -> Floats:
    here = ~np.isnan(table)
    found = np.full(table.shape[1], np.nan)
    np.divide(np.where(here, table, 0.0).sum(axis=0), here.sum(axis=0), out=found, where=here.any(axis=0))
    return found


def _or_none(error: float) -> float | None:
    return None if math.isnan(error) else float(error)


def _forecasts(values: Floats, origins: Sequence[int]) -> dict[int, Floats]:
    """Return for each origin one row of 168 hours a method, in the order of METHODS."""
    smoothed = _smoothed(values, set(origins))
    profiles = [_profile(values, origins, weeks) for weeks in _PROFILES]
    return {
        origin: np.vstack(
            [
                _last_week(values, origin),
                _last_week_level(values, origin),
                *(rows[place] for rows in profiles),
                smoothed[origin],
            ]
        )
        for place, origin in enumerate(origins)
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


def _profile(values: Floats, origins: Sequence[int], weeks: int) -> Floats:
    """Return for each origin the usual shape of the last weeks at the level of the last one."""
    before = weeks * WEEK
    padded = np.concatenate([np.full(before, np.nan), values])
    tables = np.stack([padded[origin : origin + before].reshape(weeks, WEEK) for origin in origins])
    here = ~np.isnan(tables)
    levels = np.full(tables.shape[:2], np.nan)
    np.divide(np.where(here, tables, 0.0).sum(axis=2), here.sum(axis=2), out=levels, where=here.any(axis=2))
    carried = np.broadcast_to(levels[:, :, None] > 0, tables.shape)
    shapes = np.divide(tables, levels[:, :, None], out=np.full(tables.shape, np.nan), where=carried)
    known = ~np.isnan(levels)
    last = weeks - 1 - np.argmax(known[:, ::-1], axis=1)
    found: Floats = _medians(shapes) * levels[np.arange(len(levels)), last][:, None]
    return found


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


def _error(values: Floats, rows: Floats, origin: int) -> Floats:
    """Return each row's mean absolute percentage error on the week after `origin`.

    An hour next to nothing has no percentage.
    """
    actual = values[origin : origin + WEEK]
    known = actual > NEXT_TO_NOTHING * np.max(actual, initial=0.0, where=~np.isnan(actual))
    off = np.abs(rows[:, known] - actual[known]) / actual[known]
    return 100.0 * _present_mean(off.T) if known.any() else np.full(len(rows), np.nan)
