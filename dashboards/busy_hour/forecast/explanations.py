"""How wide a range must be for what the history leaves open: several explanations fit it, and none is known exactly.

The explanations are the trends with their steps, bends and waves that the search compared, each with and without
growth, and a level that wanders (exponential smoothing). They count by their Bayesian information criterion and their
mixture is what may come: Bayesian model averaging (Hoeting, Madigan, Raftery and Volinsky, Statistical Science 14,
1999). A straight line and a constant rate fit eight months alike and part in the next twelve; the mixture has both.
An explanation's own error is that of the regression's forecast, with neighbouring errors that are alike counting as
fewer, or of the smoothed level: s² (1 + (h - 1) a²) after h weeks with the constant a (Hyndman and
Athanasopoulos, Forecasting: Principles and Practice, 3rd edition, section 8.7).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dashboards.busy_hour.forecast.levels import Levels
from dashboards.busy_hour.forecast.methods import SMOOTHINGS
from dashboards.busy_hour.forecast.pattern import MONTH, trend, waves
from dashboards.busy_hour.forecast.search import Parts, autocorrelation, least_squares
from dashboards.busy_hour.measures.series import Floats

CONFIDENCE = 0.95
LEAST_WEIGHT = 0.01  # of the best explanation's
MOST_ALIKE = 0.9
BY_CHANCE = 1.96  # over the root of the number of weeks: how alike independent ones may look (Bartlett 1946)
HALVINGS = 18
TRENDS = 2  # that grow, a rate and a line, share what growth has beforehand: little growth is the same in both


class Coming(NamedTuple):
    """Means to come."""

    at: Floats  # their middles, days since the first
    weeks: float  # that each is a mean of
    mix: float  # standard deviation for the weekdays that one has five times and another four, of the logarithm


class Explanation(NamedTuple):
    """What may come at certain days, as logarithms, and how well it explains what was."""

    mean: Floats
    deviation: Floats
    left: float  # sum of squares
    cost: float  # parameters
    alike: float  # autocorrelation of neighbouring weeks
    wanders: bool


class Weighed(NamedTuple):
    """An explanation and its share; the shares of all are one."""

    share: float
    one: Explanation


def weigh(levels: Levels, tried: Sequence[Parts], coming: Coming) -> list[Weighed]:
    """Return the explanations that may be right."""
    found = _wandering(levels, coming)
    for parts in tried:
        found += _explained(levels, parts, coming)
    count = len(levels.at)
    best = min(found, key=lambda one: _criterion(one, count, count))
    independent = count * (1 - best.alike) / (1 + best.alike)
    criteria = np.array([_criterion(one, count, independent) for one in found])
    weights = np.exp(-(criteria - criteria.min()) / 2)
    weights[weights < LEAST_WEIGHT] = 0.0
    shares = (weights / weights.sum()).tolist()
    return [Weighed(share, one) for share, one in zip(shares, found, strict=True) if share]


def _criterion(one: Explanation, count: int, independent: float) -> float:
    return independent * math.log(one.left) + one.cost * math.log(count)


def wanders(weighed: Sequence[Weighed]) -> bool:
    """Return whether the level rather wanders than follows a trend."""
    return sum(share for share, one in weighed if one.wanders) > 0.5


def half(weighed: Sequence[Weighed], central: Floats) -> Floats:
    """Return half the width around `central`, as a logarithm, that holds 95 % of what the explanations expect."""
    low: Floats = np.zeros(len(central))
    high: Floats = np.max([np.abs(one.mean - central) + 5 * one.deviation for _, one in weighed], axis=0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        inside = np.zeros(len(central))
        for share, one in weighed:
            inside += share * (_below(one, central + middle) - _below(one, central - middle))
        enough = inside >= CONFIDENCE
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


def _below(one: Explanation, value: Floats) -> Floats:
    scaled = (value - one.mean) / (one.deviation * math.sqrt(2.0))
    return np.array([0.5 * (1 + math.erf(part)) for part in scaled.tolist()])


def _explained(levels: Levels, parts: Parts, coming: Coming) -> list[Explanation]:
    """Return what the parts say of days to come, with growth and without."""
    table, target = parts.table(levels.at) * parts.root[:, None], levels.log * parts.root
    months = (coming.at - levels.at[-1]) / MONTH
    behind = np.zeros((len(months), len(parts.steps) + len(parts.bends)))
    after = np.column_stack(
        [np.ones(len(months)), trend(months, parts.shapes[0]), behind, waves(coming.at, parts.waves)]
    )
    count = int(np.count_nonzero(parts.root))
    growth = 1 + 2 * math.log(TRENDS) / math.log(len(levels.at))
    found = []
    for growing in (True,) if parts.shapes[0] else (True, False):
        own, ahead = (table, after) if growing else (np.delete(table, 1, axis=1), np.delete(after, 1, axis=1))
        free = count - own.shape[1]
        if free < 2:
            continue
        solved = least_squares(own, target)
        rest = target - own @ solved
        left = max(float(rest @ rest), 1e-10 * count)
        alike = alike_neighbours(rest, own.shape[1], count)
        square = left / free * (1 + alike) / (1 - alike)
        unsure = np.einsum("ij,jk,ik->i", ahead, np.linalg.pinv(own.T @ own), ahead)
        deviation = np.sqrt(square * (unsure + 1.0 / coming.weeks) + coming.mix**2)
        cost = parts.cost() + growing * growth
        found.append(Explanation(ahead @ solved, deviation, left, cost, alike, wanders=False))
    return found


def alike_neighbours(rest: Floats, parameters: int, count: int) -> float:
    """Return how alike neighbouring weeks are that a regression with so many parameters left, 0 where by chance.

    What a regression leaves is less alike than what was there: by (1 + 3r)/n after a mean (Marriott and Pope,
    Biometrika 41, 1954), by (2 + 4r)/n after a line, and by (1 + r)/n more with each further slow part.
    """
    seen = autocorrelation(rest)
    if seen < BY_CHANCE / math.sqrt(count):
        return 0.0
    return min(seen + (2 * seen + parameters * (1 + seen)) / count, MOST_ALIKE)


def _wandering(levels: Levels, coming: Coming) -> list[Explanation]:
    """Return what smoothed levels say, one for each constant: the level stays, and is known less with each week.

    All constants are as likely beforehand, and together as likely as another explanation.
    """
    level, squares = np.full(len(SMOOTHINGS), levels.log[0]), np.zeros(len(SMOOTHINGS))
    for value in levels.log[1:].tolist():
        off = value - level
        squares += off * off
        level += SMOOTHINGS * off
    weeks = len(levels.at) - 1
    square = np.maximum(squares / weeks, 1e-10)
    ahead = np.maximum((coming.at - levels.at[-1]) / 7.0 - 1.0, 0.0)
    cost = 2 * math.log(len(SMOOTHINGS)) / math.log(weeks + 1)
    return [
        Explanation(
            np.full(len(ahead), level[at]),
            np.sqrt(square[at] * (1.0 / coming.weeks + ahead * constant**2) + coming.mix**2),
            square[at] * (weeks + 1),
            cost,
            0.0,
            wanders=True,
        )
        for at, constant in enumerate(SMOOTHINGS)
    ]
