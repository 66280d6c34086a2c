"""How wide a range held 95 % of what came: a quantile of the errors made on the past, growing with the distance.

Split conformal prediction (Vovk et al.) with weights by age. It holds where the errors of the past could be those to
come, so origins that did not know of a step or of the last change of growth, which are known today, do not count. How
many errors there are in effect follows from how alike those of one origin are (the design effect of clusters); fewer
make the range wider. How fast it grows is taken from the back-test too, held to a usual growth while there are few
origins. A series that wanders (weeks that are off remain off) grows at the usual rate, and every origin counts: that a
level wanders is a reason to expect the next change, that it changed once is none.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dashboards.busy_hour.forecast.pattern import MONTH, Pattern
from dashboards.busy_hour.measures.series import Floats

CONFIDENCE = 0.95
RECENT = 0.8  # what an origin counts, of the origin after it: patterns are known better later
USUAL = 0.27  # of its width one period ahead, by which a range grows with each further period
LARGEST = 0.6
HELD, HELD_FLAT = 8, 30  # origins that the usual growth counts for; where the series does not grow, none is usual
WANDERS = (0.2, 0.5)  # autocorrelation of neighbouring weeks: below, the pattern explains all; above, the level wanders
FEW, VERY_FEW, WANDERING = 1.0, 6.0, 3.0  # wider by FEW/n + VERY_FEW/n² with n errors; by more if the level wanders
ORIGINS_NEEDED = 3  # that know what is known today, to leave out those that do not
SAME_STEP, SAME_BEND = 14.0, 10 * 7.0  # days between the places at which two origins see the same


class Interval(NamedTuple):
    """Half the range, as a logarithm: its width one period ahead and its growth with each period after."""

    width: float
    growth: float

    def half(self, periods: Floats) -> Floats:
        """Return half the width of the range at distances from one period."""
        return self.width * (1.0 + self.growth * (periods - 1.0))


def interval(errors: Floats, then: Sequence[Pattern], pattern: Pattern, weeks: int) -> Interval:
    """Return the range from the errors (origin, period), as logarithms and NaN where unknown.

    `then` has the pattern as it was known at each origin, `weeks` is the length of a period.
    """
    floor = pattern.noise / math.sqrt(weeks)
    if not errors.size or np.isnan(errors).all():
        return Interval(8.0 * floor, USUAL)
    wanders = float(np.clip((pattern.wander - WANDERS[0]) / (WANDERS[1] - WANDERS[0]), 0.0, 1.0))
    if not wanders:
        errors = errors[_known_today(errors, then, pattern)]
    growth = (1.0 - wanders) * _growth(errors, flat=pattern.growth == 0.0) + wanders * USUAL
    count = _effective(errors)
    few = 1.0 + (FEW + WANDERING * wanders) / count + VERY_FEW / count**2
    return Interval(max(_quantile(errors, growth) * few, floor), growth)


def _known_today(errors: Floats, then: Sequence[Pattern], pattern: Pattern) -> NDArray[np.bool_]:
    """Return which origins knew the steps and the last change of growth behind them that are known today.

    Where too few knew of that change, those after it count; where those are too few, all.
    """
    count = len(errors)
    steps = np.array([_knew_steps(known, pattern) for known in then], dtype=np.bool_)
    seen, after = np.ones(count, dtype=np.bool_), np.ones(count, dtype=np.bool_)
    if pattern.bends:
        last = pattern.bends[-1].at
        seen = np.array([any(abs(bend.at - last) <= SAME_BEND for bend in known.bends) for known in then])
        after = np.array([known.end >= last + MONTH for known in then])
    for chosen in (steps & seen, steps & after, seen, after, steps):
        if np.count_nonzero((~np.isnan(errors[chosen])).any(axis=1)) >= ORIGINS_NEEDED:
            return chosen
    return np.ones(count, dtype=np.bool_)


def _knew_steps(known: Pattern, pattern: Pattern) -> bool:
    """Return whether an origin saw the steps that lie behind it, and no others."""
    behind = [place for place, _ in pattern.steps if place <= known.end]
    return len(known.steps) <= len(behind) and all(
        any(abs(place - other) <= SAME_STEP for other, _ in known.steps) for place in behind
    )


def _effective(errors: Floats) -> float:
    """Return how many independent errors these are worth: one an origin if those of an origin are the same."""
    here = ~np.isnan(errors)
    counts = here.sum(axis=1)
    sums, squares = np.nansum(errors, axis=1), float(np.nansum(errors * errors))
    known = counts > 0
    shared = float(np.sum(sums[known] ** 2 / counts[known]))  # what the origins' means explain of the squares
    whole = float(counts.sum())
    return min(np.count_nonzero(known) * squares / shared, whole) if shared > 0 else whole


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
