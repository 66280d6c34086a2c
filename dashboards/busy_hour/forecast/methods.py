"""Ways to continue a series whose pattern is known. Pure; each gives the logarithm of the level at days to come."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dashboards.busy_hour.forecast.levels import Levels
from dashboards.busy_hour.forecast.pattern import LEAST_STEP, MONTH, YEAR_OF_WEEKS, Pattern
from dashboards.busy_hour.forecast.trend import theil_sen
from dashboards.busy_hour.measures.series import Floats

LAST_WEEKS = 4  # that make the last value
LEVEL_WEEKS = 6
FAR = 5.0  # standard deviations of a week's change: a step
SMOOTHINGS = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
GROWTH_SMOOTHINGS = np.array([0.05, 0.2, 0.5])
DAMPINGS = np.array([0.8, 0.9, 0.97])  # of the growth is left after a week
TREND_LEAST, TREND_WEEKS = 6, 26
TREND_START = 3  # weeks that give the first growth
COMPARED_WEEKS = 8  # with the same weeks of a year ago
LINE_WEEKS = 104
DAMPED = 0.92  # of the growth is left after a month

Continued = Callable[[Floats], Floats]


class Method(NamedTuple):
    """A named way to continue; None where it cannot say anything of its own."""

    name: str
    continued: Callable[[Levels, Pattern], Continued | None]


def _last_value(levels: Levels, _: Pattern) -> Continued:
    value = _mean(levels.log[-LAST_WEEKS:])
    return lambda at: np.full(len(at), value)


def _smoothed(levels: Levels, pattern: Pattern) -> Continued:
    """Exponential smoothing. Each constant counts by the likelihood of its errors from week to week.

    A week that is far off is a step: its level replaces what was known before.
    """
    log = levels.log - pattern.shifted(levels.at) - pattern.grown(levels.at) - pattern.bent(levels.at)
    far = max(FAR * math.sqrt(2.0) * pattern.noise, LEAST_STEP)
    level = np.full(len(SMOOTHINGS), log[0])
    squares = np.full(len(SMOOTHINGS), 1e-12)
    for value in log[1:].tolist():
        off = value - level
        step = np.abs(off) > far
        squares += np.where(step, far * far, off * off)
        level = np.where(step, value, level + SMOOTHINGS * off)
    weights = np.power(squares / squares.min(), -0.5 * (len(log) - 1))
    value = float(level @ weights / weights.sum())
    return lambda at: np.full(len(at), value)


def _trending(levels: Levels, pattern: Pattern) -> Continued | None:
    """Exponential smoothing of a level and of its damped growth (Gardner and McKenzie 1985), of less than half a year.

    Later, the pattern tells growth from season. Each choice of constants counts by the likelihood of its errors from
    week to week.
    """
    if not TREND_LEAST <= len(levels.log) <= TREND_WEEKS:
        return None
    log = levels.log - pattern.shifted(levels.at)
    alpha, beta, damped = (part.ravel() for part in np.meshgrid(SMOOTHINGS, GROWTH_SMOOTHINGS, DAMPINGS))
    weeks = np.diff(levels.at, prepend=levels.at[0]) / 7.0
    start = (log[TREND_START] - log[0]) / weeks[1 : TREND_START + 1].sum()
    level, growth = np.full(len(alpha), log[0]), np.full(len(alpha), start)
    squares = np.full(len(alpha), 1e-12)
    for value, gap in zip(log[1:].tolist(), weeks[1:].tolist(), strict=True):
        expected = level + damped * growth * gap
        off = value - expected
        squares += off * off
        level = expected + alpha * off
        growth = damped * growth + alpha * beta * off / max(gap, 0.5)
    weights = np.power(squares / squares.min(), -0.5 * (len(log) - 1))
    weights /= weights.sum()
    end = float(levels.at[-1])

    def continued(at: Floats) -> Floats:
        ahead = ((at - end) / 7.0)[:, None]
        grown = damped * (1 - np.power(damped, ahead)) / (1 - damped)
        values: Floats = (level + growth * grown) @ weights
        return values

    return continued


def _year_ago(levels: Levels, _: Pattern) -> Continued | None:
    if levels.at[-1] - levels.at[0] < YEAR_OF_WEEKS:
        return None
    return lambda at: _earlier(levels, at)


def _year_ago_with_growth(levels: Levels, pattern: Pattern) -> Continued | None:
    # A step since a year ago is known, and is no growth.
    levels = levels._replace(log=levels.log - pattern.shifted(levels.at))
    recent = slice(-COMPARED_WEEKS, None)
    before = levels.at[recent] - YEAR_OF_WEEKS
    if before[0] < levels.at[0]:
        return None
    grown = float(np.mean(levels.log[recent] - np.interp(before, levels.at, levels.log)))
    years = _years(levels)
    return lambda at: _earlier(levels, at) + grown * years(at)


def _level(levels: Levels, pattern: Pattern) -> Continued | None:
    if not pattern.growth and not len(pattern.season):
        return None  # the last value already says so
    value = _mean(_plain(levels, pattern)[-LEVEL_WEEKS:])
    return lambda at: value + pattern.seasonal(at)


def _rate(_: Levels, pattern: Pattern) -> Continued:
    return lambda at: pattern.level + pattern.grown(at) + pattern.seasonal(at)


def _damped(_: Levels, pattern: Pattern) -> Continued | None:
    if not pattern.growth:
        return None

    def continued(at: Floats) -> Floats:
        months = (at - pattern.end) / MONTH
        grown: Floats = pattern.growth * (1 - np.power(DAMPED, months)) / -math.log(DAMPED)
        return pattern.level + grown + pattern.seasonal(at)

    return continued


def _line(levels: Levels, pattern: Pattern) -> Continued | None:
    since = slice(-LINE_WEEKS, None)
    if not pattern.growth or pattern.bends or len(levels.at) < 6:
        return None
    line = theil_sen((levels.at[since] - pattern.end) / MONTH, np.exp(_plain(levels, pattern)[since] - pattern.level))
    slope, value = line.slope, line.intercept
    if not value > 0.2:
        return None

    def continued(at: Floats) -> Floats:
        grown = np.maximum(value + slope * (at - pattern.end) / MONTH, 1e-3)
        return pattern.level + np.log(grown) + pattern.seasonal(at)

    return continued


METHODS = (
    Method("naive", _last_value),
    Method("smoothed_level", _smoothed),
    Method("seasonal_naive", _year_ago),
    Method("seasonal_naive_growth", _year_ago_with_growth),
    Method("pattern_level", _level),
    Method("pattern_rate", _rate),
    Method("pattern_line", _line),
    Method("pattern_damped", _damped),
    Method("smoothed_trend", _trending),
)
# What counts in the back-test where one has nothing to add to the pattern: chosen by the origins that suit it, a method
# would look better than it is.
INSTEAD = {"pattern_level": _rate, "pattern_line": _rate, "pattern_damped": _rate}


def _plain(levels: Levels, pattern: Pattern) -> Floats:
    """Return the levels as they would have been at today's step of the series and without its season."""
    return levels.log - pattern.seasonal(levels.at) - pattern.shifted(levels.at)


def _years(levels: Levels) -> Callable[[Floats], Floats]:
    return lambda at: np.maximum(np.ceil((at - levels.at[-1]) / YEAR_OF_WEEKS - 1e-9), 1.0)


def _earlier(levels: Levels, at: Floats) -> Floats:
    return np.interp(at - YEAR_OF_WEEKS * _years(levels)(at), levels.at, levels.log)


def _mean(logs: Floats) -> float:
    return float(np.log(np.mean(np.exp(logs - logs[-1]))) + logs[-1])
