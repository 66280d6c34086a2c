"""What a series of weekly levels is made of: a trend, steps, a bend, a yearly season, on logarithms.

The trend is zero at the end, and steps and bends are zero after them: level and growth are those of today.
"""

import math
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dashboards.busy_hour.measures.series import Floats

MONTH = 365.2425 / 12
YEAR = 365.2425
YEAR_OF_WEEKS = 364.0
LEAST_STEP = 0.05


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
    bend_shape: float = 0.0  # the same before a bend, as a share of the value at the bend

    def grown(self, at: Floats) -> Floats:
        """Return the trend's logarithm against the end."""
        return self.growth * trend((at - self.end) / MONTH, self.shape)

    def bent(self, at: Floats) -> Floats:
        """Return how far the trend lay from that of today before its changes of growth."""
        return sum(
            (bend.change * before(at, bend.at, self.bend_shape) for bend in self.bends),
            np.zeros(len(at)),
        )

    def seasonal(self, at: Floats) -> Floats:
        """Return the season's logarithm at days since `first`."""
        return waves(at, len(self.season) // 2) @ self.season if len(self.season) else np.zeros(len(at))

    def shifted(self, at: Floats) -> Floats:
        """Return how far the level lay from today's because of later steps."""
        return sum((np.where(at < place, -size, 0.0) for place, size in self.steps), np.zeros(len(at)))

    def stepped(self, at: Floats) -> NDArray[np.bool_]:
        """Return which weeks, by their middles, have days from both sides of a step."""
        return sum((straddles(at, place) for place, _ in self.steps), np.zeros(len(at), dtype=np.bool_))

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


def shapes_at(pattern: Pattern, end: float) -> tuple[float, float]:
    """Return the trend's shapes as seen from an earlier end: the same straight line is a greater share of less."""
    bend = pattern.bends[-1].at if pattern.bends else -math.inf
    if pattern.bend_shape and end < bend:
        return _earlier(pattern.bend_shape, end - bend), pattern.bend_shape
    return _earlier(pattern.shape, end - pattern.end), pattern.bend_shape


def _earlier(shape: float, days: float) -> float:
    value = 1.0 + shape * days / MONTH
    return shape / value if value > 0.02 else 0.0


def before(at: Floats, place: float | Floats, shape: float) -> Floats:
    """Return the column of a growth that ends at a place: zero after it, before it a rate or a straight line."""
    return trend(np.minimum(at - place, 0.0) / MONTH, shape)


def trend(months: Floats, shape: float) -> Floats:
    """Return the trend's column: months, or what a straight line is as a logarithm."""
    if not shape:
        return months
    return np.log(np.maximum(1.0 + shape * months, 1e-3)) / shape


def waves(at: Floats, count: int) -> Floats:
    angles = 2 * np.pi * at[:, None] / YEAR * np.arange(1, count + 1)[None, :]
    return np.stack([np.cos(angles), np.sin(angles)], axis=2).reshape(len(at), 2 * count)


def straddles(at: Floats, place: float) -> NDArray[np.bool_]:
    """Return which weeks' middles are within half a week of a step: they have days of both levels."""
    return np.abs(at - place) < 3.0


def with_season(pattern: Pattern, season: Floats) -> Pattern:
    """Return the pattern of a series without its season, with that season again."""
    return replace(pattern, season=season)
