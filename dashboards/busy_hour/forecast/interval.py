"""How wide a range holds 95 % of what comes: a quantile of the errors made on the past, growing with the distance.

Split conformal prediction (Vovk et al.) with weights by age. How fast the range grows is taken from the back-test too,
held to a usual growth while there are few origins. A series that wanders (weeks that are off remain off) grows at the
usual rate, and errors from before the last change of growth count only then: that a level wanders is a reason to expect
the next change, that it changed once is none.
"""

import math
from typing import NamedTuple

import numpy as np

from dashboards.busy_hour.forecast.pattern import MONTH, Pattern
from dashboards.busy_hour.measures.series import Floats

CONFIDENCE = 0.95
RECENT = 0.8  # what an origin counts, of the origin after it: patterns are known better later
USUAL = 0.27  # of its width one period ahead, by which a range grows with each further period
LARGEST = 0.6
HELD, HELD_FLAT = 8, 30  # origins that the usual growth counts for; where the series does not grow, none is usual
WANDERS = (0.2, 0.5)  # autocorrelation of neighbouring weeks: below, the pattern explains all; above, the level wanders
FEW, VERY_FEW, WANDERING = 0.4, 6.0, 3.0  # wider by FEW/n + VERY_FEW/n² with n origins; by more if the level wanders
ORIGINS_NEEDED = 3  # after a change of growth, to leave out what was before


class Interval(NamedTuple):
    """Half the range, as a logarithm: its width one period ahead and its growth with each period after."""

    width: float
    growth: float

    def half(self, periods: Floats) -> Floats:
        """Return half the width of the range at distances from one period."""
        return self.width * (1.0 + self.growth * (periods - 1.0))


def interval(errors: Floats, ends: Floats, pattern: Pattern, weeks: int) -> Interval:
    """Return the range from the errors (origin, period), as logarithms and NaN where unknown.

    `ends` has each origin's last day, `weeks` the length of a period.
    """
    floor = pattern.noise / math.sqrt(weeks)
    if not errors.size or np.isnan(errors).all():
        return Interval(8.0 * floor, USUAL)
    wanders = float(np.clip((pattern.wander - WANDERS[0]) / (WANDERS[1] - WANDERS[0]), 0.0, 1.0))
    if wanders < 0.5:
        errors = _since_the_last_bend(errors, ends, pattern)
    growth = (1.0 - wanders) * _growth(errors, flat=pattern.growth == 0.0) + wanders * USUAL
    count = int((~np.isnan(errors)).any(axis=1).sum())
    few = 1.0 + (FEW + WANDERING * wanders) / count + VERY_FEW / count**2
    return Interval(max(_quantile(errors, growth) * few, floor), growth)


def _since_the_last_bend(errors: Floats, ends: Floats, pattern: Pattern) -> Floats:
    if not pattern.bends:
        return errors
    after = errors[ends >= pattern.bends[-1].at + MONTH]
    return after if np.count_nonzero((~np.isnan(after)).any(axis=1)) >= ORIGINS_NEEDED else errors


def _growth(errors: Floats, *, flat: bool) -> float:
    """Return by how much of its width the range grows a period, from the errors of near and of far periods."""
    usual, held = (0.0, HELD_FLAT) if flat else (USUAL, HELD)
    half = errors.shape[1] // 2
    near, far = errors[:, :half], errors[:, half:]
    if np.isnan(near).all() or np.isnan(far).all():
        return usual
    close, away = (half - 1) / 2, (half + errors.shape[1] - 1) / 2  # periods after the first, on average
    seen = math.log((np.nanmean(np.abs(far)) + 1e-9) / (np.nanmean(np.abs(near)) + 1e-9))
    expected = math.log((1.0 + usual * away) / (1.0 + usual * close))
    count = int((~np.isnan(errors)).any(axis=1).sum())
    times = math.exp((count * seen + held * expected) / (count + held))
    if times >= away / close:
        return LARGEST
    return float(np.clip((times - 1.0) / (away - times * close), 0.0, LARGEST))


def _quantile(errors: Floats, growth: float) -> float:
    """Return the weighted conformal quantile of the errors, each against the growth of the range up to it."""
    scaled = np.abs(errors) / (1.0 + growth * np.arange(errors.shape[1]))[None, :]
    present = ~np.isnan(scaled)
    age = np.arange(len(scaled))[::-1][:, None]
    weights = np.broadcast_to(RECENT**age, scaled.shape)[present]
    order = np.argsort(scaled[present])
    scores, total = scaled[present][order], np.cumsum(weights[order])
    rank = min(int(np.searchsorted(total, CONFIDENCE * (total[-1] + 1.0))), len(scores) - 1)
    return float(scores[rank])
