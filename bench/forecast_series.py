"""Series of daily busy hours with known truth: what planners meet, eight to sixty months of it, by a seed."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

MONTH = 365.2425 / 12
WEEKDAYS = (0.98, 0.95, 0.96, 0.97, 1.0, 1.06, 1.08)
FUTURE = 366 * 3

Level = Callable[[int], float]


@dataclass(frozen=True, slots=True)
class Series:
    """What was measured, and the level that goes on without any event."""

    kind: str
    months: int
    days: dict[date, float]
    first: date
    end: int  # days of history
    level: Level  # of day number, noise-free
    growing: bool
    seed: int

    def actual_months(self, count: int) -> list[tuple[date, float]]:
        """Return the means of the coming months as they will be measured."""
        chance = random.Random(self.seed + 1)
        found: dict[date, list[float]] = {}
        for number in range(self.end, self.end + FUTURE):
            day = self.first + timedelta(days=number)
            value = self.level(number) * WEEKDAYS[day.weekday()] * (1 + chance.gauss(0, NOISE))
            found.setdefault(day.replace(day=1), []).append(value)
        start = (self.first + timedelta(days=self.end - 1)).replace(day=1)
        whole = [(month, sum(values) / len(values)) for month, values in sorted(found.items()) if month > start]
        return whole[:count]

    def actual_week(self, last: date) -> float:
        """Return the mean of the week that ends with a day, as it will be measured."""
        chance = random.Random(f"{self.seed}/{last}")
        days = [last - timedelta(days=back) for back in range(7)]
        values = (
            self.level((d - self.first).days) * WEEKDAYS[d.weekday()] * (1 + chance.gauss(0, NOISE)) for d in days
        )
        return sum(values) / 7

    def crossing(self, level: float) -> int | None:
        """Return the first day number of the future at which the level is reached."""
        return next((n for n in range(self.end, self.end + FUTURE) if self.level(n) >= level), None)


NOISE = 0.02
LEAST_STEP = 0.1
HOLIDAYS = {(12, 31): 1.5, (1, 1): 1.5, (1, 2): 1.5, (3, 21): 0.7, (3, 22): 0.7, (3, 23): 0.7}

KINDS = (
    "growth",
    "step",
    "season_and_growth",
    "plateau",
    "campaign",
    "holiday",
    "missing_month",
    "outage",
    "drift",
    "counter_faults",
    "no_growth",
)


def series(kind: str, seed: int, months: int | None = None) -> Series:
    """Return the series of a kind and a seed."""
    chance = random.Random(f"{kind}/{seed}")
    months = months or (chance.randint(14, 60) if kind == "season_and_growth" else chance.randint(8, 60))
    start = date(2019, 1, 1) + timedelta(days=chance.randint(0, 364))
    first = start.replace(day=1)
    end = sum(_length(first, number) for number in range(months))
    level, growing = _level(kind, chance, end)
    days = {}
    for number in range(end):
        day = first + timedelta(days=number)
        days[day] = level(number) * WEEKDAYS[day.weekday()] * (1 + chance.gauss(0, NOISE))
    _events(kind, chance, days, first, end)
    return Series(kind, months, days, first, end, level, growing, seed)


def short_series(kind: str, seed: int) -> Series:
    """Return the first six to 24 weeks of a series; no step lies in the last seven days, which nothing can tell yet."""
    for attempt in range(100):
        chance = random.Random(f"short/{kind}/{seed}/{attempt}")
        whole = series(kind, chance.randrange(2**32), 6)
        end = chance.randint(6 * 7, 24 * 7)
        days = dict(list(whole.days.items())[:end])
        end = (max(days) - whole.first).days + 1
        levels = [whole.level(number) for number in range(end - 8, end)]
        if max(levels) < (1 + LEAST_STEP) * min(levels):
            return replace(whole, days=days, end=end)
    raise ValueError(f"no short series of kind {kind}")


def _length(first: date, number: int) -> int:
    month = first.month - 1 + number
    start, after = (date(first.year + (month + more) // 12, (month + more) % 12 + 1, 1) for more in (0, 1))
    return (after - start).days


def _level(kind: str, chance: random.Random, end: int) -> tuple[Level, bool]:
    base = 10 ** chance.uniform(1, 6)
    rate = chance.uniform(0.005, 0.035)
    straight = chance.random() < 0.5

    def trend(number: float) -> float:
        months = number / MONTH
        return base * (1 + rate * months if straight else math.exp(rate * months))

    if kind == "step":
        places = sorted(chance.uniform(0.2, 0.95) for _ in range(chance.choice((1, 1, 2))))
        sizes = [chance.choice((-0.3, -0.18, 0.2, 0.35, 0.6)) for _ in places]
        slow = chance.uniform(0.0, 0.01)

        def stepped(number: int) -> float:
            factor = math.prod(1 + size for place, size in zip(places, sizes, strict=True) if number >= place * end)
            return base * math.exp(slow * number / MONTH) * factor

        return stepped, slow > 0.003
    if kind == "season_and_growth":
        depth, second, peak = chance.uniform(0.08, 0.25), chance.uniform(0, 0.05), chance.uniform(0, 365)

        def seasonal(number: int) -> float:
            angle = 2 * math.pi * (number - peak) / 365.2425
            return trend(number) * (1 + depth * math.cos(angle) + second * math.cos(2 * angle))

        return seasonal, True
    if kind == "plateau":
        bend = chance.uniform(0.3, 0.75) * end
        return (lambda number: trend(min(number, bend))), False
    if kind == "no_growth":
        fall = chance.choice((0.0, 0.0, chance.uniform(0.004, 0.02)))
        return (lambda number: base * math.exp(-fall * number / MONTH)), False
    if kind == "drift":
        walk, at = [], 0.0
        for number in range(end + FUTURE):
            at += chance.gauss(0, 0.012) if number % 7 == 0 else 0.0
            walk.append(at)
        return (lambda number: base * math.exp(walk[number])), False
    return trend, True


def _events(kind: str, chance: random.Random, days: dict[date, float], first: date, end: int) -> None:
    for day in days:
        if kind == "holiday":
            days[day] *= HOLIDAYS.get((day.month, day.day), 1.0)
        elif kind == "counter_faults" and chance.random() < 0.02:
            days[day] *= chance.choice((0.0, 0.5, 2.0, 50.0))
    lengths = {"campaign": (5, 21), "missing_month": (30, 30), "outage": (3, 19)}
    if kind not in lengths:
        return
    length, factor, gone = chance.randint(*lengths[kind]), chance.uniform(1.3, 2.0), chance.random() < 0.5
    begin = int(chance.uniform(0.1, 0.95) * (end - length))
    for number in range(begin, begin + length):
        day = first + timedelta(days=number)
        if kind == "missing_month":
            del days[day]
        else:
            days[day] *= factor if kind == "campaign" else 0.0 if gone else chance.uniform(0.0, 0.3)
