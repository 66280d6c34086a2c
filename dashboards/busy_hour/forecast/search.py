"""Search for the parts of a series: by least squares on logarithms, the Bayesian information criterion and the noise.

Parts are added one at a time, the one that explains most for its parameters first, as long as it is large against the
week-to-week noise. A constant rate, a straight line, and a straight line that ends at a bend, each without and with a
season, are searched apart: neither a curved trend nor a season is taken only because it was tried first.
"""

import math
from typing import NamedTuple

import numpy as np

from dashboards.busy_hour.forecast.levels import Days, Levels
from dashboards.busy_hour.forecast.pattern import (
    LEAST_STEP,
    MONTH,
    YEAR,
    YEAR_OF_WEEKS,
    Bend,
    Pattern,
    before,
    straddles,
    trend,
    waves,
)
from dashboards.busy_hour.measures.series import Floats

SEASON_NEEDS = 13.6 * MONTH  # between the middles of the first and the last week of 14 months
HARMONICS, SHORT_HARMONICS = 4, 2  # waves of the year; with less than two years
AGAIN_NOISE, AGAIN_SHARE = 1.5, 0.4
STEPS, BENDS = 4, 2
STEP_WEEKS, BEND_WEEKS = 3, 10  # weeks that a step or a bend needs on either side
LEAST_BEND = 0.003  # of the logarithm a month
SEASON_WEEKS = 30
STEP_COST, BEND_COST = 3, 4  # parameters that one counts for: its size, and the choice of its place
FAR_OUT = 10.0  # times the median of what the weeks are off
SURE = 2.5  # standard errors that a growth must be away from zero
TURNS = 8  # of the search for a straight line's growth
PLACINGS = 2  # of the bend at which it ends


Shapes = tuple[float, float]  # of the trend at the end, and before a bend


def find(days: Days, levels: Levels, shapes: Shapes | None = None) -> tuple[Pattern, list["Parts"]]:
    """Return the parts of the series and all that were compared, the chosen ones among them.

    `shapes` are those of the trend where they are known; otherwise those that explain more are taken.
    """
    noise = _noise(levels.log)
    span = levels.at[-1] - levels.at[0]
    yearly = span >= SEASON_NEEDS and len(levels.at) >= SEASON_WEEKS
    most = 0 if not yearly else HARMONICS if span > 2 * YEAR else SHORT_HARMONICS
    best, *tried = _without_more(days, levels, noise, 0, shapes)
    tried.append(best)
    for count in range(1, most + 1):
        one, *others = _without_more(days, levels, noise, count, shapes)
        if best.waves or _comes_again(levels, one, noise):
            tried += [one, *others]
            if one.criterion < best.criterion - 2.0:
                best = one
                continue
        if count >= 2:
            break
    return _solved(levels, best, noise), tried


def _without_more(days: Days, levels: Levels, noise: float, count: int, shapes: Shapes | None) -> list["Parts"]:
    """Return the parts with so many waves, by each shape of the trend, the better ones first."""
    if shapes is not None:
        return [_greedy(days, levels, noise, count, shapes)]
    rate = _greedy(days, levels, noise, count, (0.0, 0.0))
    found = [rate]
    if straight := _straight(levels, rate._replace(bends=[])):
        found.append(_greedy(days, levels, noise, count, (straight, 0.0)))
    ended = rate
    for _ in range(PLACINGS if rate.bends else 0):
        # A straight line taken for a rate has its bend at another place.
        if not (straight := _straight(levels, ended._replace(bends=ended.bends[:1]))):
            break
        ended = _greedy(days, levels, noise, count, (0.0, straight))
        if not ended.bends:
            break
    if ended is not rate and ended.bends:
        found.append(ended)
    return sorted(found, key=lambda parts: parts.criterion)


def _straight(levels: Levels, parts: "Parts") -> float:
    """Return what a straight line with these parts grows a month: a share of its last value, 0 for none.

    Where the parts have a bend the line ends there.
    """
    target = levels.log * parts.root
    end = parts.bends[0] if parts.bends else float(levels.at[-1])
    column = 2 + len(parts.steps) if parts.bends else 1
    share = 0.0
    for _ in range(TURNS):
        shaped = parts._replace(shapes=(0.0, share) if parts.bends else (share, 0.0))
        growth = float(least_squares(shaped.table(levels.at) * parts.root[:, None], target)[column])
        share = max((share + growth) / 2, 0.0)
    return min(share, _most(levels.at, end))


def _most(at: Floats, end: float) -> float:
    """Return the greatest growth a month of a straight line that began above zero."""
    return 0.95 * MONTH / float(end - at[0])


def _comes_again(levels: Levels, parts: "Parts", noise: float) -> bool:
    """Return whether the weeks that a year ago is known of went as they did then, apart from growth and steps."""
    solved = _solved(levels, parts, noise)
    log = levels.log - solved.shifted(levels.at)
    now = (levels.at - YEAR_OF_WEEKS >= levels.at[0]) & (parts.root > 0)
    if np.count_nonzero(now) < 4:
        return False
    away = log[now] - np.interp(levels.at[now] - YEAR_OF_WEEKS, levels.at, log)
    whole = log[now]
    if np.count_nonzero(now) >= 26:
        months = levels.at[now] / MONTH
        away, whole = (part - np.polyval(np.polyfit(months, part, 1), months) for part in (away, whole))
    return float(np.std(away)) <= max(AGAIN_NOISE * math.sqrt(2.0) * noise, AGAIN_SHARE * float(np.std(whole)))


class Parts(NamedTuple):
    criterion: float
    steps: list[float]
    bends: list[float]
    waves: int
    root: Floats  # of the weights; 0 for a week in which a step lies
    shapes: Shapes

    def cost(self) -> int:
        """Return the parameters that the parts count for besides level and growth."""
        return 2 * self.waves + STEP_COST * len(self.steps) + BEND_COST * len(self.bends)

    def table(self, at: Floats) -> Floats:
        months = (at - at[-1]) / MONTH
        columns = [np.ones(len(at)), trend(months, self.shapes[0])]
        columns += [-(at < place).astype(np.float64) for place in self.steps]
        columns += [before(at, place, self.shapes[1]) for place in self.bends]
        return np.column_stack([*columns, waves(at, self.waves)])


def _greedy(days: Days, levels: Levels, noise: float, count: int, shapes: Shapes) -> Parts:
    at, log = levels.at, levels.log
    candidates = _Candidates(at, shapes[1])
    parts = Parts(np.inf, [], [], count, np.sqrt(levels.weight), shapes)
    while True:
        table = parts.table(at) * parts.root[:, None]
        basis, _ = np.linalg.qr(table)
        rest = log * parts.root
        rest = rest - basis @ (basis.T @ rest)
        left = max(float(rest @ rest), 1e-10 * len(at))
        parts = parts._replace(criterion=len(at) * np.log(left) + parts.cost() * np.log(len(at)))
        found = _best(candidates, parts, (at, log), (basis, rest, left), noise)
        if found is None:
            return parts
        kind, place = found
        if kind == "bend":
            parts.bends.append(place)
            continue
        day = _day_of(days, place)
        parts.steps.append(day)
        inside = straddles(at, day)
        if np.count_nonzero(parts.root) - np.count_nonzero(inside) > table.shape[1] + 2:
            parts = parts._replace(root=np.where(inside, 0.0, parts.root))


def _day_of(days: Days, place: float) -> float:
    """Return where between two days a step found between two weeks lies."""
    near = np.abs(days.at - place) <= 14
    at, log = days.at[near], np.log(days.level[near])
    splits = np.flatnonzero(np.abs(at[:-1] - place) <= 8) + 1
    if not len(splits):
        return place
    errors = [float(np.var(log[:cut]) * cut + np.var(log[cut:]) * (len(log) - cut)) for cut in splits]
    return float(at[splits[int(np.argmin(errors))]]) - 0.5


class _Candidates:
    """Places of steps and bends: between weeks, with enough weeks on either side."""

    def __init__(self, at: Floats, shape: float) -> None:
        middles = (at[1:] + at[:-1]) / 2
        self.step_places = middles[STEP_WEEKS : max(len(middles) - STEP_WEEKS + 1, 0)]
        self.bend_places = at[BEND_WEEKS : max(len(at) - BEND_WEEKS, 0)]
        self.steps = -(at[:, None] < self.step_places[None, :]).astype(np.float64)
        self.bends = before(at[:, None], self.bend_places[None, :], shape)


def _best(
    candidates: _Candidates,
    parts: Parts,
    data: tuple[Floats, Floats],
    fit: tuple[Floats, Floats, float],
    noise: float,
) -> tuple[str, float] | None:
    """Return the step or bend that explains most for its cost, None where none is worth it."""
    at, log = data
    basis, rest, left = fit
    count, penalty = len(at), np.log(len(at))
    best: tuple[float, str, float] | None = None
    for kind, more, cost, places, table in (
        ("step", len(parts.steps) < STEPS, STEP_COST, candidates.step_places, candidates.steps),
        ("bend", len(parts.bends) < BENDS, BEND_COST, candidates.bend_places, candidates.bends),
    ):
        if not more or not len(places):
            continue
        own = table * parts.root[:, None]
        own = own - basis @ (basis.T @ own)
        size = (own * own).sum(axis=0)
        slope = np.divide(rest @ own, size, out=np.zeros(len(places)), where=size > 1e-6)
        gain = slope * slope * size
        if kind == "step":
            gain = np.where(np.abs(slope) > max(LEAST_STEP, 3 * noise), gain, 0.0)
        else:
            gain = np.where(np.abs(slope) > LEAST_BEND, gain, 0.0)
        for place in np.argsort(-gain)[:3]:
            better = count * np.log(max(left - float(gain[place]), 1e-10 * count) / left) + cost * penalty
            if gain[place] <= 12 * noise**2 or better > -2.0:
                break
            if kind == "step" and not _abrupt(at, log, places[place], slope[place]):
                continue
            if best is None or better < best[0]:
                best = better, kind, float(places[place])
            break
    return None if best is None else best[1:]


def _abrupt(at: Floats, log: Floats, place: float, size: float) -> bool:
    """Return whether the weeks next to the place differ by most of the step, so that no slope is taken for one."""
    before, after = log[at < place][-4:], log[at > place][:4]
    there = float(np.median(after)) - float(np.median(before))
    close = float(log[at > place][0]) - float(log[at < place][-1])
    return bool(there / size >= 0.6 and close / size >= 0.35)


def _noise(log: Floats) -> float:
    """Return the standard deviation from week to week, whatever the series does in the long run."""
    if len(log) < 3:
        return 1e-4
    return max(1.4826 * float(np.median(np.abs(np.diff(log) - np.median(np.diff(log))))) / math.sqrt(2.0), 1e-4)


def _solved(levels: Levels, parts: Parts, noise: float) -> Pattern:
    table = parts.table(levels.at) * parts.root[:, None]
    target = levels.log * parts.root
    found = least_squares(table, target)
    if not _grows(table, target, found):
        found = np.insert(least_squares(np.delete(table, 1, axis=1), target), 1, 0.0)
    sizes = found[2 : 2 + len(parts.steps)]
    return Pattern(
        levels.first,
        float(levels.at[-1]),
        float(found[0]),
        float(found[1]),
        tuple(zip(parts.steps, sizes.tolist(), strict=True)),
        tuple(sorted(map(Bend, parts.bends, found[2 + len(parts.steps) :].tolist()))),
        found[2 + len(parts.steps) + len(parts.bends) :],
        noise,
        autocorrelation(target - table @ found),
        *parts.shapes,
    )


def least_squares(table: Floats, target: Floats) -> Floats:
    """Return the coefficients of the table's columns."""
    found, *_ = np.linalg.lstsq(table, target, rcond=None)
    return found.astype(np.float64, copy=False)


def _grows(table: Floats, target: Floats, found: Floats) -> bool:
    """Return whether the growth can be told from none; neighbouring errors that are alike count as fewer."""
    count, parameters = table.shape
    rest = target - table @ found
    free = count - parameters
    if free < 1:
        return False
    left = float(rest @ rest)
    alike = min(autocorrelation(rest), 0.9)
    inverse = np.linalg.pinv(table.T @ table)
    error = np.sqrt(max(left / free * inverse[1, 1] * (1 + alike) / (1 - alike), 0.0))
    return bool(abs(found[1]) > SURE * error and abs(found[1]) > 2e-4)


def autocorrelation(rest: Floats) -> float:
    """Return how far neighbouring weeks are off in the same direction, 0 to 1; weeks far out do not count."""
    usual = rest[np.abs(rest) <= FAR_OUT * np.median(np.abs(rest))]
    squares = float(usual @ usual)
    return max(float(usual[1:] @ usual[:-1]) / squares, 0.0) if squares > 0 else 0.0
