"""Theil–Sen: a straight line that single values cannot turn."""

import math
from collections import Counter
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from dashboards.busy_hour.measures.series import Floats

CONFIDENCE = 0.95


class Slope(NamedTuple):
    """A Theil–Sen line y = intercept + slope·x, with the slope's confidence interval."""

    slope: float
    intercept: float
    low: float
    high: float


def theil_sen(x: Floats, y: Floats) -> Slope:
    """Return the median of the pairwise slopes; the interval after Sen (1968), by the normal approximation."""
    if len(x) < 3:
        raise ValueError("a robust slope needs three values")
    first, second = np.triu_indices(len(x), 1)
    slopes = np.sort((y[second] - y[first]) / (x[second] - x[first]))
    count, ties = len(x), Counter(y.tolist()).values()
    tied = sum(tie * (tie - 1) * (2 * tie + 5) for tie in ties)
    variance = (count * (count - 1) * (2 * count + 5) - tied) / 18
    reach = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2) * math.sqrt(max(variance, 0.0))
    upper = min(round((len(slopes) + reach) / 2), len(slopes) - 1)
    lower = max(round((len(slopes) - reach) / 2) - 1, 0)
    slope = _middle(slopes)
    intercept = _middle(np.sort(y)) - slope * _middle(np.sort(x))
    return Slope(slope, intercept, float(slopes[lower]), float(slopes[upper]))


def _middle(ordered: Floats) -> float:
    # numpy.median takes ten times as long on the few values of a back-test.
    count = len(ordered)
    return float(ordered[(count - 1) // 2] + ordered[count // 2]) / 2
