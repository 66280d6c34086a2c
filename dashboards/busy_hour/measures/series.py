"""From samples to the quarters of a local day.

Everything is computed on UTC instants; the tz database decides where a local day begins and what its clocks show.
A day has 92, 96 or 100 quarters, so nothing here indexes a day by 0 … 95.

Values are intensities: the mean of a gauge, or the volume of an interval divided by its share of an hour. The mean
of four quarters is then the hour's mean for a gauge and the hour's sum for a volume, and one mathematics serves both.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DEFINITION = 2
"""Version of the definitions in this folder; stored with every record, raised when a number could change."""

MINUTE = 60
FIVE_MINUTES = 300
QUARTER = 900
HOUR = 3600
SETTLED = 300
"""Seconds after which the samples and recorded series of a day's last minute have arrived."""
PRESENT = 0.8
"""Share of an interval's parts that must be present, to the nearest part: 12 of 15 minutes or two of three polls every
five minutes make a quarter (project rule)."""


@dataclass(frozen=True, slots=True)
class LocalDay:
    """One local day as a span of UTC seconds."""

    day: date
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """Where local days begin: a time zone and a clock time, 00:00 unless peaks straddle midnight."""

    zone: ZoneInfo
    begins: time = time(0)

    def day(self, day: date) -> LocalDay:
        """Return the span of `day`, which may have 23, 24 or 25 hours."""
        return LocalDay(day, self._instant(day), self._instant(day + timedelta(days=1)))

    def day_of(self, instant: float) -> date:
        """Return the local day that contains `instant`."""
        guess = datetime.fromtimestamp(math.floor(instant), self.zone).date()
        # Around a boundary at 05:00 or a skipped midnight the calendar date may be one too late.
        return guess if self._instant(guess) <= instant else guess - timedelta(days=1)

    def days(self, first: date, last: date) -> list[LocalDay]:
        """Return the days from `first` to `last`, both included."""
        days = [first + timedelta(days=offset) for offset in range((last - first).days + 2)]
        starts = [self._instant(day) for day in days]
        return list(map(LocalDay, days[:-1], starts[:-1], starts[1:]))

    def _instant(self, day: date) -> int:
        return int(datetime.combine(day, self.begins, self.zone).timestamp())


@dataclass(frozen=True, slots=True, eq=False)
class DaySeries:
    """A local day's intensities: `slots` in steps of a quarter or coarser, `fine` for percentiles; NaN is missing."""

    span: LocalDay
    step: int
    slots: Floats
    fine_step: int
    fine: Floats

    @property
    def coverage(self) -> float:
        """Share of the day's averages of five minutes, or of its samples where they are rarer, that are present.

        A quarter may be measured with a poll missing; the day's coverage still shows that poll.
        """
        return float(np.count_nonzero(~np.isnan(self.fine)) / len(self.fine))


def slot_width(step: int) -> int:
    """Return the width of the slots made from samples every `step` seconds; raise ValueError for an unusable step.

    Ten minutes make half hours, twelve make hours: a slot holds whole steps.
    """
    if step <= 0 or HOUR % step:
        raise ValueError(f"a step of {step} s does not divide an hour evenly")
    return next(width for width in (QUARTER, 2 * QUARTER, HOUR) if width % step == 0)


def fine_width(step: int) -> int:
    """Return the width of the intervals kept for percentiles: five minutes, or the samples' own step."""
    base = max(step, MINUTE)
    return FIVE_MINUTES if FIVE_MINUTES % base == 0 else base


def day_series(span: LocalDay, times: Floats, values: Floats, step: int, phase: int = 0) -> DaySeries:
    """Return the day made of intensities `values` sampled at `times`, about every `step` seconds.

    `phase` is where the first interval of a day begins, in seconds: 1800 for hourly data stamped at half past.
    Samples outside the day are ignored, so any chunk that holds the whole day gives the same result.
    """
    base = slot_means(span, times, values, max(step, MINUTE), phase)
    width, fine = slot_width(step), fine_width(step)
    return DaySeries(
        span,
        width,
        coarsen(base, width // max(step, MINUTE)),
        fine,
        coarsen(base, fine // max(step, MINUTE)),
    )


def slot_means(span: LocalDay, times: Floats, values: Floats, width: int, phase: int = 0) -> Floats:
    """Return the mean of the present values in each slot of `width` seconds; NaN where there is none."""
    count = (span.end - span.start) // width
    index = np.floor((times - (span.start + phase)) / width).astype(np.int64)
    keep = (index >= 0) & (index < count) & ~np.isnan(values)
    index, kept, moments = index[keep], values[keep], times[keep]
    if len(moments) > 1 and np.any(np.diff(moments) < 0):
        # Addition in another order differs in the last digit.
        order = np.argsort(moments, kind="stable")
        index, kept = index[order], kept[order]
    sums = np.bincount(index, weights=kept, minlength=count)
    present = np.bincount(index, minlength=count)
    result = np.full(count, np.nan)
    np.divide(sums, present, out=result, where=present > 0)
    return result


def coarsen(values: Floats, factor: int) -> Floats:
    """Return means of `factor` neighbours, each valid with about 80 % of them present: 12 of 15, 4 of 5, 2 of 3."""
    if factor == 1:
        return values
    groups = values[: len(values) // factor * factor].reshape(-1, factor)
    return means(groups, 1, round(PRESENT * factor))


def means(table: Floats, axis: int, needed: float) -> Floats:
    """Return the means of the present values along an axis; NaN where fewer than `needed` (above 0) are present."""
    here = ~np.isnan(table)
    present = np.count_nonzero(here, axis=axis)
    result = np.full(present.shape, np.nan)
    np.divide(np.where(here, table, 0.0).sum(axis=axis), present, out=result, where=present >= needed)
    return result


def combine(parts: Iterable[DaySeries], *, mean: bool = False) -> DaySeries:
    """Return the sum of series of one day, or their mean; a slot is present only where every part has it.

    A sum over what happens to be there would show less traffic than was carried.
    """
    members = list(parts)
    first = members[0]
    if any((other.step, other.fine_step) != (first.step, first.fine_step) for other in members):
        raise ValueError(f"{first.span.day}: series with different steps cannot be added")
    slots, fine = first.slots, first.fine
    for other in members[1:]:
        slots, fine = slots + other.slots, fine + other.fine
    if mean:
        slots, fine = slots / len(members), fine / len(members)
    return DaySeries(first.span, first.step, slots, first.fine_step, fine)


@lru_cache(maxsize=4096)
def local_offset(instant: int, zone: ZoneInfo) -> int:
    """Return the seconds by which local clocks are ahead of UTC."""
    offset = datetime.fromtimestamp(instant, zone).utcoffset() or timedelta()
    return int(offset.total_seconds())


def changes_offset(span: LocalDay, zone: ZoneInfo) -> bool:
    """Return whether clocks change inside the day."""
    return local_offset(span.start, zone) != local_offset(span.end - 1, zone) or span.end - span.start != 24 * HOUR


def clock(span: LocalDay, step: int, count: int, zone: ZoneInfo, phase: int = 0) -> NDArray[np.int64]:
    """Return the seconds since local midnight that clocks show at the start of each slot."""
    starts = np.arange(count, dtype=np.int64) * step + span.start + phase
    if changes_offset(span, zone):
        offsets = np.array([local_offset(int(start), zone) for start in starts], dtype=np.int64)
    else:
        offsets = np.int64(local_offset(span.start, zone))  # type: ignore[assignment]
    return (starts + offsets) % (24 * HOUR)


def clock_text(seconds: int) -> str:
    """Return HH:MM."""
    return f"{seconds // HOUR:02d}:{seconds % HOUR // MINUTE:02d}"


def local_text(instant: int, zone: ZoneInfo) -> str:
    """Return date, clock and offset, which alone tells the two passes of a repeated hour apart."""
    return datetime.fromtimestamp(instant, zone).isoformat(timespec="minutes")


def utc_text(instant: float) -> str:
    """Return the instant in UTC, as messages about requests name it."""
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="minutes").replace("+00:00", "Z")
