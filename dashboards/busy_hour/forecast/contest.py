"""Which methods continue a series best, and in which shares.

Every method forecasts from past origins with what was known then. Errors are pooled over the origins, those of one
origin bounded, so that one odd week does not decide. Good methods are averaged by their errors; the smoothed level
takes part unless the others are much better.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from dashboards.busy_hour.forecast import explanations, search
from dashboards.busy_hour.forecast import pattern as patterns
from dashboards.busy_hour.forecast.explanations import Coming
from dashboards.busy_hour.forecast.interval import Interval, interval
from dashboards.busy_hour.forecast.levels import Days, Levels
from dashboards.busy_hour.forecast.methods import INSTEAD, METHODS, Continued
from dashboards.busy_hour.forecast.pattern import MONTH, YEAR_OF_WEEKS, Pattern
from dashboards.busy_hour.measures.series import Floats

ORIGINS = 9
PLACES = np.concatenate([np.arange(0.5, 12.0), np.arange(14.0, 80.0, 4.0)])  # periods ahead where ranges are found
BOUND = 4.0  # an origin counts for at most so many times the median of its method
ALIKE = 1.6  # methods up to so many times the least error have a share
POWER = 3.0
CLEARLY = 0.85  # of the error of the best other method
BETTER, NO_BETTER = 0.45, 0.75  # of the smoothed level's error: below, it has no share; above, nothing else has one


class Score(NamedTuple):
    """How a method did on the past it had not seen."""

    method: str
    mape: float  # mean absolute percentage error, in per cent
    forecasts: int
    share: float  # of the forecast


class Open(NamedTuple):
    """Half the range that the explanations of the history need, at days to come."""

    at: Floats
    half: Floats


@dataclass(frozen=True, slots=True)
class Continuation:
    """The chosen average and its range."""

    scores: tuple[Score, ...]
    error: float | None  # of the average on the past, in per cent; None where there was nothing to test
    interval: Interval  # of the errors on the past
    tested: float  # share of that range that is the least
    open: Open  # what the history leaves open
    period: float  # days
    end: float
    parts: tuple[tuple[str, Continued, float], ...]
    more: float = 0.0  # logarithm of how many times the demand

    def growth(self, pattern: Pattern) -> float:
        """Return the logarithm's growth a month at the end, without the season."""
        total = 0.0
        for name, continued, share in self.parts:
            year = name.startswith("seasonal")
            ends = np.array([self.end + 1.0, self.end + 1.0 + (YEAR_OF_WEEKS if year else MONTH)])
            values = continued(ends)
            if name.startswith(("pattern", "assumed")):
                values = values - pattern.seasonal(ends)
            total += share * float(values[1] - values[0]) / (12 if year else 1)
        return total

    def central(self, at: Floats) -> Floats:
        """Return the logarithm of the likely level."""
        return _central(self.parts)(at) + self.more

    def under(self, pattern: Pattern, growth: float | None, more: float) -> "Continuation":
        """Return the same level, season and range with another growth of the logarithm a month, and more demand."""
        if growth is None:
            return replace(self, more=more)
        end = np.array([self.end])
        level = float((self.central(end) - pattern.seasonal(end))[0])

        def continued(at: Floats) -> Floats:
            return level + growth * (at - self.end) / MONTH + pattern.seasonal(at)

        return replace(self, parts=(("assumed", continued, 1.0),), more=more)

    def half(self, at: Floats) -> Floats:
        """Return half the width of the range."""
        errors = self.interval.half(np.maximum((at - self.end) / self.period, 1.0))
        return np.maximum(np.interp(at, self.open.at, self.open.half), self.tested * errors)


class Kind(NamedTuple):
    """How a series is tested: by months after half a year, by weeks before."""

    weeks: int  # of a period
    ahead: int  # periods
    least: int  # weeks of history
    tested: float  # of the range by the back-test is the least


# The origins of a long history knew less than is known today; half a year does not know what the year brings.
BY_MONTH, BY_WEEK = Kind(4, 6, 13, 0.5), Kind(1, 4, 3, 1.0)


def continue_series(days: Days, levels: Levels, kind: Kind) -> tuple[Continuation, Pattern]:
    """Return how the series goes on, and its pattern."""
    pattern, tried = search.find(days, levels)
    end, period = float(levels.at[-1]), kind.weeks * 7.0 if kind.weeks == 1 else MONTH
    coming = Coming(end + period * PLACES, period / 7.0, days.mix if kind is BY_MONTH else 0.0)
    weighed = explanations.weigh(levels, tried, coming)
    names = [method.name for method in METHODS]
    origins = _origins(len(levels.at), kind)
    then = [_pattern_then(days, levels, pattern, origin) for origin in origins]
    errors = _errors(levels, pattern, then, kind, origins)  # method, origin, period
    now = [method.continued(levels, pattern) for method in METHODS]
    # What cannot continue the series now takes no part.
    errors[[made is None and name not in INSTEAD for name, made in zip(names, now, strict=True)]] = np.nan
    shares = _shares(_by_origin(errors))
    shares = np.where([continued is not None for continued in now], shares, 0.0)
    if not shares.any():
        # Too short to test: what was found, or the last value.
        shares[names.index("pattern_rate")] = 1.0
    if explanations.wanders(weighed):
        # What looked like growth or a season does not go on.
        shares = np.where(np.arange(len(names)) == _FALLBACK, 1.0, 0.0)
    shares /= shares.sum()
    average = _average(errors, shares)
    known = ~np.isnan(average)
    scores = tuple(
        Score(name, 100.0 * float(np.nanmean(np.abs(np.expm1(-errors[at])))), int((~np.isnan(errors[at])).sum()), share)
        for at, (name, share) in enumerate(zip(names, shares.tolist(), strict=True))
        if not np.isnan(errors[at]).all()
    )
    parts = tuple(
        (name, continued, share)
        for name, continued, share in zip(names, now, shares.tolist(), strict=True)
        if continued and share
    )
    error = 100.0 * float(np.mean(np.abs(np.expm1(-average[known])))) if known.any() else None
    likely = _central(parts)
    left_open = Open(coming.at, explanations.half(weighed, likely(coming.at)))
    within = interval(average, then, pattern, kind.weeks)
    return Continuation(scores, error, within, kind.tested, left_open, period, end, parts), pattern


def _central(parts: Sequence[tuple[str, Continued, float]]) -> Continued:
    return lambda at: sum((share * continued(at) for _, continued, share in parts), np.zeros(len(at)))


def _errors(levels: Levels, pattern: Pattern, then: Sequence[Pattern], kind: Kind, origins: Sequence[int]) -> Floats:
    """Return ln(actual) - ln(expected) by method, origin and period; NaN where there is no forecast or no value.

    `then` has the pattern as it was known at each origin.
    """
    found = np.full((len(METHODS), len(origins), kind.ahead), np.nan)
    for row, origin in enumerate(origins):
        known = _known(levels, origin)
        distance = levels.at[origin:] - known.at[-1]
        period = ((distance - 3.5) // (7.0 * kind.weeks)).astype(np.int64)
        use = (period >= 0) & (period < kind.ahead) & ~pattern.stepped(levels.at[origin:])
        at, period = levels.at[origin:][use], period[use]
        present = np.bincount(period, minlength=kind.ahead)
        enough = present >= max(1, kind.weeks // 2)
        # A later step is not the method's fault: it is told as a step.
        later = np.zeros(len(at))
        for place, size in pattern.steps:
            later += np.where((at >= place) & (place > known.at[-1]), size, 0.0)
        actual = np.bincount(period, weights=np.exp(levels.log[origin:][use] - later), minlength=kind.ahead)
        for column, method in enumerate(METHODS):
            continued = method.continued(known, then[row])
            if continued is None and method.name in INSTEAD:
                continued = INSTEAD[method.name](known, then[row])
            if continued is None:
                continue
            expected = np.bincount(period, weights=np.exp(continued(at)), minlength=kind.ahead)
            found[column, row, enough] = np.log(actual[enough] / expected[enough])
    return found


def _origins(count: int, kind: Kind) -> list[int]:
    first = max(kind.least, count // 3)
    last = count - kind.weeks
    if last < first:
        return []
    step = max(kind.weeks, math.ceil((last - first + 1) / ORIGINS))
    return list(range(last, first - 1, -step))[::-1]


def _known(levels: Levels, origin: int) -> Levels:
    return Levels(levels.first, levels.at[:origin], levels.log[:origin], levels.weight[:origin])


def _pattern_then(days: Days, levels: Levels, pattern: Pattern, origin: int) -> Pattern:
    """Return the pattern as it was known at an origin; a season from today's series where the year was too short."""
    known = _known(levels, origin)
    seen = days.at <= known.at[-1] + 3.0
    days = Days(days.first, days.at[seen], days.level[seen], ())
    shapes = patterns.shapes_at(pattern, float(known.at[-1]))
    if not len(pattern.season) or known.at[-1] - known.at[0] >= search.SEASON_NEEDS:
        return search.find(days, known, shapes)[0]
    plain = known._replace(log=known.log - pattern.seasonal(known.at))
    days = days._replace(level=days.level * np.exp(-pattern.seasonal(days.at)))
    return patterns.with_season(search.find(days, plain, shapes)[0], pattern.season)


_FALLBACK = [method.name for method in METHODS].index("smoothed_level")
_DAMPED = [method.name for method in METHODS].index("pattern_damped")


def _by_origin(errors: Floats) -> Floats:
    """Return each method's mean absolute error at each origin."""
    here = ~np.isnan(errors)
    sums, counts = np.where(here, np.abs(errors), 0.0).sum(axis=2), here.sum(axis=2).astype(np.float64)
    return _divided(sums, counts)


def _divided(sums: Floats, counts: Floats) -> Floats:
    """Return the quotients; NaN where there is nothing to divide by."""
    found = np.full(sums.shape, np.nan)
    np.divide(sums, counts, out=found, where=counts > 0)
    return found


def _shares(means: Floats) -> Floats:
    """Return the methods' shares: by error against the smoothed level on the same origins, each origin bounded."""
    base = means[_FALLBACK]
    count = int(np.count_nonzero(~np.isnan(base)))
    relative = np.full(len(means), np.nan)
    if not count:
        return np.zeros(len(means))
    for row, own in enumerate(means):
        both = ~np.isnan(own) & ~np.isnan(base)
        if np.count_nonzero(both) < max(1, count / 3):
            continue
        relative[row] = (_bounded(own[both]) + 1e-6) / (_bounded(base[both]) + 1e-6)
    best = float(np.nanmin(relative))
    trust = min(max((NO_BETTER - best) / (NO_BETTER - BETTER), 0.0), 1.0)
    # A growth that slows down differs little on a few months and much on the date when capacity runs out.
    if relative[_DAMPED] > CLEARLY * np.nanmin(np.delete(relative, _DAMPED)):
        relative[_DAMPED] = np.nan
    good = ~np.isnan(relative) & (relative <= ALIKE * best)
    shares = np.zeros(len(means))
    shares[good] = relative[good] ** -POWER
    shares *= trust / shares.sum()
    shares[_FALLBACK] += 1.0 - trust
    return shares


def _bounded(errors: Floats) -> float:
    return float(np.mean(np.minimum(errors, BOUND * np.median(errors))))


def _average(errors: Floats, shares: Floats) -> Floats:
    """Return the errors of the average of the methods, of those that could forecast at each place."""
    weights = np.where(np.isnan(errors), 0.0, shares[:, None, None])
    return _divided((weights * np.nan_to_num(errors)).sum(axis=0), weights.sum(axis=0))
