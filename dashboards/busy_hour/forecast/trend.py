"""Accepted ways to continue a series of busy-hour values. Pure; each gives a central path and a range.

`x` counts periods (months, or days as fractions of a week); values may be NaN where a period is missing.
"""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from dashboards.busy_hour.measures.series import Floats

CONFIDENCE = 0.95


class Path(NamedTuple):
    """Values at the asked places: likely, and the bounds of the range."""

    central: Floats
    low: Floats
    high: Floats


Fitted = Callable[[Floats], Path]


@dataclass(frozen=True, slots=True)
class Method:
    """A named way to fit; `fit` raises ValueError where the series is too short or unfit for it."""

    name: str
    fit: Callable[[Floats, Floats], Fitted]


class Slope(NamedTuple):
    """A Theil–Sen line y = intercept + slope·x, with the slope's confidence interval."""

    slope: float
    intercept: float
    low: float
    high: float
    middle_x: float
    middle_y: float


def theil_sen(x: Floats, y: Floats) -> Slope:
    """Median of the pairwise slopes; the interval after Sen (1968), by the normal approximation."""
    if len(x) < 3:
        raise ValueError("a robust slope needs three values")
    first, second = np.triu_indices(len(x), 1)
    distance = x[second] - x[first]
    slopes = np.sort((y[second] - y[first]) / distance)
    count, ties = len(x), Counter(y.tolist()).values()
    tied = sum(tie * (tie - 1) * (2 * tie + 5) for tie in ties)
    variance = (count * (count - 1) * (2 * count + 5) - tied) / 18
    reach = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2) * math.sqrt(max(variance, 0.0))
    upper = min(round((len(slopes) + reach) / 2), len(slopes) - 1)
    lower = max(round((len(slopes) - reach) / 2) - 1, 0)
    slope = _middle(slopes)
    middle_x, middle_y = _middle(np.sort(x)), _middle(np.sort(y))
    return Slope(slope, middle_y - slope * middle_x, float(slopes[lower]), float(slopes[upper]), middle_x, middle_y)


def _middle(ordered: Floats) -> float:
    # numpy.median takes ten times as long on the few values of a back-test.
    count = len(ordered)
    return float(ordered[(count - 1) // 2] + ordered[count // 2]) / 2


def fit_linear(x: Floats, y: Floats) -> Fitted:
    """Theil–Sen on values: the same growth every period; a decline ends at nothing, since no traffic is below it."""
    line = theil_sen(*_known(x, y))
    return lambda at: Path(*(np.maximum(part, 0.0) for part in _fan(line, at)))


def fit_log(x: Floats, y: Floats) -> Fitted:
    """Theil–Sen on logarithms: the same rate of growth every period."""
    known_x, known_y = _known(x, y)
    if (known_y <= 0).any():
        raise ValueError("logarithms need values above zero")
    line = theil_sen(known_x, np.log(known_y))

    def path(at: Floats) -> Path:
        fan = _fan(line, at)
        return Path(*(np.exp(np.minimum(part, 700.0)) for part in fan))

    return path


def fit_damped(x: Floats, y: Floats) -> Fitted:
    """Exponential smoothing with a damped trend; its three constants are those with the least one-step error."""
    periods, values = _regular(x, y)
    if np.count_nonzero(~np.isnan(values)) < 4:
        raise ValueError("exponential smoothing needs four values")
    alpha, beta, phi = (grid.ravel() for grid in np.meshgrid([0.2, 0.4, 0.6, 0.8], [0.05, 0.1, 0.3], [0.8, 0.9, 0.98]))
    level = np.full(len(alpha), values[0])
    trend = np.full(len(alpha), float(np.nanmedian(np.diff(values))) if len(values) > 1 else 0.0)
    trend = np.nan_to_num(trend)
    errors: list[Floats] = []
    for value in values[1:]:
        expected = level + phi * trend
        if math.isnan(value):
            level, trend = expected, phi * trend
            continue
        errors.append(value - expected)
        before = level
        level = alpha * value + (1 - alpha) * expected
        trend = beta * (level - before) + (1 - beta) * phi * trend
    squares = np.square(np.array(errors))
    best = int(np.argmin(squares.sum(axis=0)))
    spread = math.sqrt(float(squares[:, best].mean()))
    end, start, step, damping = float(periods[-1]), float(level[best]), float(trend[best]), float(phi[best])
    width = periods[1] - periods[0]

    def path(at: Floats) -> Path:
        ahead = np.maximum((at - end) / width, 0.0)
        central = start + step * damping * (1 - damping**ahead) / (1 - damping)
        return _around(central, spread, ahead)

    return path


def fit_naive(x: Floats, y: Floats) -> Fitted:
    """The last value goes on."""
    known_x, known_y = _known(x, y)
    if len(known_y) < 2:
        raise ValueError("a range needs two values")
    steps = np.diff(known_y) / np.sqrt(np.diff(known_x))
    spread, end, last = math.sqrt(float(np.mean(np.square(steps)))), float(known_x[-1]), float(known_y[-1])
    return lambda at: _around(np.full(len(at), last), spread, np.maximum(at - end, 0.0))


def seasonal_naive(season: int) -> Callable[[Floats, Floats], Fitted]:
    """Return the method "as one season ago"; it needs two seasons to know its own error."""

    def fit(x: Floats, y: Floats) -> Fitted:
        periods, values = _regular(x, y)
        if len(values) < 2 * season:
            raise ValueError(f"a season of {season} needs {2 * season} values")
        width = periods[1] - periods[0]
        last = values[-season:].copy()
        for back in range(2, len(values) // season + 1):
            earlier = values[len(values) - back * season : len(values) - (back - 1) * season]
            last = np.where(np.isnan(last), earlier, last)
        spread = float(np.sqrt(np.nanmean(np.square(values[season:] - values[:-season]))))

        def path(at: Floats) -> Path:
            ahead = np.maximum((at - periods[-1]) / width, 0.0)
            place = (np.maximum(np.ceil(ahead - 1e-9), 1).astype(np.int64) - 1) % season
            return _around(last[place], spread, np.ceil(ahead / season))

        return path

    return fit


def _fan(line: Slope, at: Floats) -> Path:
    """Return the line and, turning about the median point, the lines of the slope's bounds."""
    central = line.intercept + line.slope * at
    bounds = [line.middle_y + slope * (at - line.middle_x) for slope in (line.low, line.high)]
    return Path(central, np.minimum(*bounds), np.maximum(*bounds))


def _around(central: Floats, spread: float, ahead: Floats) -> Path:
    reach = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2) * spread * np.sqrt(np.maximum(ahead, 1.0))
    return Path(central, np.maximum(central - reach, 0.0), central + reach)


def _known(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    present = ~np.isnan(y)
    return x[present], y[present]


def _regular(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return the series on an even grid, from its first known value; missing periods are NaN."""
    known_x, known_y = _known(x, y)
    if len(known_x) < 2:
        raise ValueError("two values are needed")
    width = float(np.min(np.diff(known_x)))
    places = np.rint((known_x - known_x[0]) / width).astype(np.int64)
    values = np.full(int(places[-1]) + 1, np.nan)
    values[places] = known_y
    return known_x[0] + np.arange(len(values)) * width, values
