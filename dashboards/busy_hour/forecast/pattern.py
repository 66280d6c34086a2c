"""What a series of weekly levels is made of: a trend, steps, a bend, a yearly season. Least squares on logarithms.

Parts are added one at a time, the one that explains most for its parameters first (Bayesian information criterion),
as long as it is large against the week-to-week noise. The trend's column is zero at the end and the columns of steps
and bends are zero after them, so the first coefficients are the level and the growth as they are now.
"""

import math
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dashboards.busy_hour.forecast.levels import Days, Levels
from dashboards.busy_hour.measures.series import Floats

MONTH = 365.2425 / 12
YEAR = 365.2425
SEASON_NEEDS = 13.6 * MONTH  # between the middles of the first and the last week of 14 months
HARMONICS, SHORT_HARMONICS = 4, 2  # waves of the year; with less than two years
YEAR_OF_WEEKS = 364.0
AGAIN_NOISE, AGAIN_SHARE = 1.5, 0.4
STEPS, BENDS = 4, 2
STEP_WEEKS, BEND_WEEKS = 3, 10  # weeks that a step or a bend needs on either side
LEAST_STEP = 0.05
LEAST_BEND = 0.003  # of the logarithm a month
SEASON_WEEKS = 30
STEP_COST, BEND_COST = 3, 4  # parameters that one counts for: its size, and the choice of its place
SHAPES = (0.12, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)  # of the history's length: how much a straight line grew in it
FAR_OUT = 10.0  # times the median of what the weeks are off
SURE = 2.5  # standard errors that a growth must be away from zero


class Step(NamedTuple):
    """A change of level; `share` is -0.18 for one fifth less."""

    day: date
    share: float


class Bend(NamedTuple):
    """A change of growth; `change` is what the logarithm's growth a month was more before it."""

    at: float  # days since the first
    change: float


@dataclass(frozen=True, slots=True)
class Pattern:
    """The parts of a series and how they go on."""

    first: date
    end: float  # days since `first`
    level: float  # logarithm at the end, without the season
    growth: float  # of the logarithm a month, at the end; 0 where it cannot be told from none
    steps: tuple[tuple[float, float], ...]  # days since `first`, logarithm
    bends: tuple[Bend, ...]  # by date
    season: Floats  # coefficients of the year's waves, cosine and sine in turn
    noise: float
    wander: float  # autocorrelation of what neighbouring weeks are off, 0 to 1
    shape: float  # 0: a constant rate; otherwise growth towards a straight line, as a share of its value a month

    def grown(self, at: Floats) -> Floats:
        """Return the trend's logarithm against the end."""
        return self.growth * _trend((at - self.end) / MONTH, self.shape)

    def bent(self, at: Floats) -> Floats:
        """Return how far the trend lay from that of today before its changes of growth."""
        return sum((bend.change * np.minimum(at - bend.at, 0.0) / MONTH for bend in self.bends), np.zeros(len(at)))

    def seasonal(self, at: Floats) -> Floats:
        """Return the season's logarithm at days since `first`."""
        return _waves(at, len(self.season) // 2) @ self.season if len(self.season) else np.zeros(len(at))

    def shifted(self, at: Floats) -> Floats:
        """Return how far the level lay from today's because of later steps."""
        return sum((np.where(at < place, -size, 0.0) for place, size in self.steps), np.zeros(len(at)))

    def stepped(self, at: Floats) -> NDArray[np.bool_]:
        """Return which weeks, by their middles, have days from both sides of a step."""
        return sum((_straddles(at, place) for place, _ in self.steps), np.zeros(len(at), dtype=np.bool_))

    def told_steps(self) -> tuple[Step, ...]:
        """Return the steps by date."""
        return tuple(Step(self.day(place), float(np.expm1(size))) for place, size in sorted(self.steps))

    def day(self, at: float) -> date:
        """Return the date of a place in days."""
        return self.first + timedelta(days=math.ceil(at))

    def growths(self) -> tuple[tuple[date, float, float], ...]:
        """Return each bend's date with the growth a month before and after it, as shares."""
        told = []
        after = self.growth
        for bend in reversed(self.bends):
            told.append((self.day(bend.at), math.expm1(after + bend.change), math.expm1(after)))
            after += bend.change
        return tuple(reversed(told))

    def depth(self) -> float:
        """Return how far the season goes up from its mean, as a share."""
        return float(np.expm1(np.max(self.seasonal(np.arange(0.0, YEAR, 1.0)))))

    def peak_month(self) -> int | None:
        """Return the month in which the season is highest; None without a season."""
        if not len(self.season):
            return None
        around = np.arange(0.0, YEAR, 1.0)
        return (self.first + timedelta(days=int(np.argmax(self.seasonal(around))))).month


def find(days: Days, levels: Levels, shape: float | None = None) -> Pattern:
    """Return the parts of the series; with a season if that explains more than steps and bends without one.

    `shape` is that of the trend where it is known; otherwise the one that explains most is taken.
    """
    noise = _noise(levels.log)
    if shape is not None:
        return _solved(levels, _with_shape(days, levels, noise, shape), noise)
    months = (levels.at[-1] - levels.at[0]) / MONTH
    best = _with_shape(days, levels, noise, 0.0)
    straight = best
    for share in SHAPES if _solved(levels, best, noise).growth > 0 or best.bends else ():
        parts = _greedy(days, levels, noise, best.waves, share / months)
        if parts.criterion + np.log(len(levels.at)) < straight.criterion - 2.0:
            straight = parts
    if straight is not best:
        again = _with_shape(days, levels, noise, straight.shape)
        best = again if again.criterion < straight.criterion else straight
    return _solved(levels, best, noise)


def _with_shape(days: Days, levels: Levels, noise: float, shape: float) -> "_Parts":
    best = _greedy(days, levels, noise, 0, shape)
    span = levels.at[-1] - levels.at[0]
    if span < SEASON_NEEDS or len(levels.at) < SEASON_WEEKS:
        return best
    for waves in range(1, (HARMONICS if span > 2 * YEAR else SHORT_HARMONICS) + 1):
        parts = _greedy(days, levels, noise, waves, shape)
        if parts.criterion < best.criterion - 2.0 and (best.waves or _comes_again(levels, parts, noise)):
            best = parts
        elif waves >= 2:
            break
    return best


def shape_at(pattern: Pattern, end: float) -> float:
    """Return the trend's shape as seen from an earlier end: the same straight line is a greater share of less."""
    value = 1.0 + pattern.shape * (end - pattern.end) / MONTH
    return pattern.shape / value if value > 0.02 else 0.0


def _trend(months: Floats, shape: float) -> Floats:
    """Return the trend's column: months, or what a straight line is as a logarithm."""
    if not shape:
        return months
    return np.log(np.maximum(1.0 + shape * months, 1e-3)) / shape


def _comes_again(levels: Levels, parts: "_Parts", noise: float) -> bool:
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


class _Parts(NamedTuple):
    criterion: float
    steps: list[float]
    bends: list[float]
    waves: int
    root: Floats  # of the weights; 0 for a week in which a step lies
    shape: float

    def table(self, at: Floats) -> Floats:
        months = (at - at[-1]) / MONTH
        columns = [np.ones(len(at)), _trend(months, self.shape)]
        columns += [-(at < place).astype(np.float64) for place in self.steps]
        columns += [np.minimum(at - place, 0.0) / MONTH for place in self.bends]
        return np.column_stack([*columns, _waves(at, self.waves)])


def _greedy(days: Days, levels: Levels, noise: float, waves: int, shape: float) -> _Parts:
    at, log = levels.at, levels.log
    candidates = _Candidates(at)
    parts = _Parts(np.inf, [], [], waves, np.sqrt(levels.weight), shape)
    while True:
        table = parts.table(at) * parts.root[:, None]
        basis, _ = np.linalg.qr(table)
        rest = log * parts.root
        rest = rest - basis @ (basis.T @ rest)
        left = max(float(rest @ rest), 1e-10 * len(at))
        cost = 2 * waves + STEP_COST * len(parts.steps) + BEND_COST * len(parts.bends)
        parts = parts._replace(criterion=len(at) * np.log(left) + cost * np.log(len(at)))
        found = _best(candidates, parts, (at, log), (basis, rest, left), noise)
        if found is None:
            return parts
        kind, place = found
        if kind == "bend":
            parts.bends.append(place)
            continue
        day = _day_of(days, place)
        parts.steps.append(day)
        inside = _straddles(at, day)
        if np.count_nonzero(parts.root) - np.count_nonzero(inside) > table.shape[1] + 2:
            parts = parts._replace(root=np.where(inside, 0.0, parts.root))


def _straddles(at: Floats, place: float) -> NDArray[np.bool_]:
    """Return which weeks' middles are within half a week of a step: they have days of both levels."""
    return np.abs(at - place) < 3.0


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

    def __init__(self, at: Floats) -> None:
        middles = (at[1:] + at[:-1]) / 2
        self.step_places = middles[STEP_WEEKS : max(len(middles) - STEP_WEEKS + 1, 0)]
        self.bend_places = at[BEND_WEEKS : max(len(at) - BEND_WEEKS, 0)]
        self.steps = -(at[:, None] < self.step_places[None, :]).astype(np.float64)
        self.bends = np.minimum(at[:, None] - self.bend_places[None, :], 0.0) / MONTH


def _best(
    candidates: _Candidates,
    parts: _Parts,
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


def _solved(levels: Levels, parts: _Parts, noise: float) -> Pattern:
    table = parts.table(levels.at) * parts.root[:, None]
    target = levels.log * parts.root
    found = _least_squares(table, target)
    if not _grows(table, target, found):
        found = np.insert(_least_squares(np.delete(table, 1, axis=1), target), 1, 0.0)
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
        _autocorrelation(target - table @ found),
        parts.shape,
    )


def _least_squares(table: Floats, target: Floats) -> Floats:
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
    alike = min(_autocorrelation(rest), 0.9)
    inverse = np.linalg.pinv(table.T @ table)
    error = np.sqrt(max(left / free * inverse[1, 1] * (1 + alike) / (1 - alike), 0.0))
    return bool(abs(found[1]) > SURE * error and abs(found[1]) > 2e-4)


def _autocorrelation(rest: Floats) -> float:
    """Return how far neighbouring weeks are off in the same direction, 0 to 1; weeks far out do not count."""
    usual = rest[np.abs(rest) <= FAR_OUT * np.median(np.abs(rest))]
    squares = float(usual @ usual)
    return max(float(usual[1:] @ usual[:-1]) / squares, 0.0) if squares > 0 else 0.0


def _waves(at: Floats, count: int) -> Floats:
    angles = 2 * np.pi * at[:, None] / YEAR * np.arange(1, count + 1)[None, :]
    return np.stack([np.cos(angles), np.sin(angles)], axis=2).reshape(len(at), 2 * count)


def with_season(pattern: Pattern, season: Floats) -> Pattern:
    """Return the pattern of a series without its season, with that season again."""
    return replace(pattern, season=season)
