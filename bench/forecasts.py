"""Forecasts of generated series with known truth: error, ranges, dates of exhaustion, kind by kind.

Each series has eight to sixty months; what it is asked is the next twelve. The peers are the last month and the same
month a year ago (the last month where there is no year). Short series of six to 24 weeks are asked the next four weeks;
their peer is the last week, and what their ranges hold is printed and not bound: half a year does not know the year.
`--seed` moves to series that nobody has looked at.

The months of one series are wrong together, so a share of them is known only as well as the number of series allows:
its standard error is printed, and 30 series of a kind (0.02) cannot tell 0.93 from 0.97.
"""

import argparse
import math
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from bench.forecast_series import KINDS, MONTH, Series, series, short_series
from dashboards.busy_hour.forecast.forecast import Exhaustion, Forecast, forecast

AHEAD, WEEKS_AHEAD = 12, 4
RATIO, WORST, DATES = 0.90, 1.10, 0.90
COVERAGE = (0.93, 0.97)
SECONDS = 0.15  # a forecast
NEAR = 31  # days: within one month


class Told(NamedTuple):
    """Counts and sums over the series of a kind."""

    sums: Counter[str]

    def share(self, part: str, whole: str) -> float | None:
        """Return a quotient, None where there is nothing to divide by."""
        return self.sums[part] / self.sums[whole] if self.sums[whole] else None

    def error(self) -> float | None:
        """Return the standard error of the share inside the range, by series."""
        mean, square, count = self.share("shares", "judged"), self.share("squares", "judged"), self.sums["judged"]
        return None if mean is None or square is None else math.sqrt(max(square - mean * mean, 0.0) / count)


def judge(one: Series) -> Counter[str]:
    """Return what one series adds to its kind."""
    capacity, expected = _asked(one)
    began = time.process_time()
    made = forecast(one.days, [(0.7, capacity)])
    found: Counter[str] = Counter({"series": 1})
    found["seconds"] = time.process_time() - began  # type: ignore[assignment]
    if made is None:
        found["none"] = 1
        return found
    found.update(_errors(one, made))
    found.update(_dates(made.exhaustion[0], expected))
    return found


def _errors(one: Series, made: Forecast) -> Counter[str]:
    found: Counter[str] = Counter()
    months: dict[date, list[float]] = {}
    for day, value in one.days.items():
        months.setdefault(day.replace(day=1), []).append(value)
    known = {month: sum(values) / len(values) for month, values in months.items()}
    last = known[max(known)]
    actual = dict(one.actual_months(AHEAD))
    for point in made.points:
        month = point.day
        if month not in actual:
            continue  # a month that went by without enough days to count
        value = actual[month]
        year_ago = known.get(month.replace(year=month.year - 1), last)
        for name, guess in (("ours", point.value), ("naive", last), ("seasonal", year_ago)):
            found[name] += abs(guess / value - 1.0)  # type: ignore[assignment]
        found["points"] += 1
        found["inside"] += point.low <= value <= point.high
    if found["points"]:
        share = found["inside"] / found["points"]
        found["judged"] = 1
        found["shares"], found["squares"] = share, share * share  # type: ignore[assignment]
    return found


def _asked(one: Series) -> tuple[float, str | date]:
    """Return a capacity and what is true of it: a date, "already" or "none"."""
    now = one.level(one.end - 1)
    if one.seed % 5 == 0:
        return 0.9 * now, "already"
    if not one.growing:
        return 1.3 * max(one.level(one.end - 1 - back) for back in range(min(one.end, 400))), "none"
    # Somewhere in the next months, no further away than half of the history is long.
    ahead = int(MONTH * (2 + (one.seed % 7) / 6 * min(one.months / 2 - 2, 16)))
    capacity = max(one.level(one.end - 1 + number) for number in range(ahead))
    capacity = max(capacity, 1.03 * max(one.level(one.end - 1 - back) for back in range(60)))
    # A level that a season's peak only touches is no question: noise decides between this year and the next.
    lowest = 1.03 * max(one.level(one.end - 1 - back) for back in range(60))
    while capacity > lowest and not _passed(one, capacity):
        capacity *= 0.99
    crossing = one.crossing(capacity)
    if crossing is None:
        return capacity, "none"
    return capacity, one.first + timedelta(days=crossing) if _passed(one, capacity) else "unasked"


def _passed(one: Series, capacity: float) -> bool:
    crossing = one.crossing(capacity)
    return crossing is not None and max(one.level(crossing + after) for after in (15, 30, 45)) > 1.01 * capacity


def judge_short(one: Series) -> Counter[str]:
    """Return what one series of some weeks adds to its kind."""
    made = forecast(one.days, [])
    found: Counter[str] = Counter({"series": 1})
    if made is None or made.basis != "day":
        return found
    dates = sorted(one.days)
    last = sum(one.days[day] for day in dates[-7:]) / 7
    for point in made.points[:WEEKS_AHEAD]:
        actual = one.actual_week(point.day)
        found["ours"] += abs(point.value / actual - 1.0)  # type: ignore[assignment]
        found["naive"] += abs(last / actual - 1.0)  # type: ignore[assignment]
        found["points"] += 1
        found["inside"] += point.low <= actual <= point.high
    return found


def _dates(entry: Exhaustion, expected: str | date) -> Counter[str]:
    if isinstance(expected, date):
        near = entry.likely is not None and entry.answer == "date" and abs((entry.likely - expected).days) <= NEAR
        return Counter({"dates": 1, "near": int(near)})
    if expected == "unasked":
        return Counter()
    right = entry.answer == expected or (expected == "none" and entry.answer == "beyond")
    return Counter({"answers": 1, "right": int(right)})


def row(name: str, told: Told) -> str:
    """Return a line of the table."""
    cells = [
        told.share("ours", "seasonal"),
        told.share("ours", "naive"),
        told.share("inside", "points"),
        told.error(),
        told.share("near", "dates"),
        told.share("right", "answers"),
        told.share("seconds", "series"),
    ]
    return f"{name:<25}{told.sums['series']:>7}" + "".join("       –" if c is None else f"{c:8.3f}" for c in cells)


def faults(name: str, told: Told) -> list[str]:
    """Return which bounds a kind does not keep."""
    naive, inside = told.share("ours", "naive"), told.share("inside", "points")
    right = told.share("right", "answers")
    checks = (
        (naive is None or naive <= WORST, f"{name}: worse than the last value: {naive}"),
        (inside is None or COVERAGE[0] <= inside <= COVERAGE[1], f"{name}: the ranges of 95 % hold {inside}"),
        (right is None or right == 1.0, f"{name}: other answers right: {right}"),
    )
    return [text for fine, text in checks if not fine]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; status 1 if a bound is not kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=200, help="of each kind")
    parser.add_argument("--seed", type=int, default=0, help="the first series' number")
    parser.add_argument("--kind", action="append", choices=KINDS)
    options = parser.parse_args(arguments)
    head = ("/season", "/naive", "in 95 %", "±", "dates", "answers", "s")
    print(f"{'kind':<25}{'series':>7}" + "".join(f"{cell:>8}" for cell in head))
    whole, problems = Told(Counter()), []
    for kind in options.kind or KINDS:
        told = Told(Counter())
        for seed in range(options.seed, options.seed + options.series):
            told.sums.update(judge(series(kind, seed)))
        print(row(kind, told), flush=True)
        problems += faults(kind, told)
        whole.sums.update(told.sums)
    print(row("all", whole))
    for kind in options.kind or KINDS:
        told = Told(Counter())
        for seed in range(options.seed, options.seed + options.series):
            told.sums.update(judge_short(short_series(kind, seed)))
        print(row(f"{kind}, weeks", told), flush=True)
        if (naive := told.share("ours", "naive")) is not None and naive > WORST:
            problems.append(f"{kind}, weeks: worse than the last value: {naive:.3f}")
    if (ratio := whole.share("ours", "seasonal") or 0.0) > RATIO:
        problems.append(f"error against a year ago: {ratio:.3f}")
    if (near := whole.share("near", "dates")) is not None and near < DATES:
        problems.append(f"dates within a month: {near:.3f}")
    if (seconds := whole.share("seconds", "series") or 0.0) > SECONDS:
        problems.append(f"{seconds:.3f} s a forecast")
    print("\n".join(problems) or "all within bounds")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
