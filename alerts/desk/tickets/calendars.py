"""Working time: 24x7, or business hours with breaks, short days and holidays, in the contract's own zone.

Business hours are local: they are turned into UTC day by day, so on a night when the clocks change a working day keeps
its wall-clock hours and whatever real length that gives: a time that the clocks show twice is the first one, a time
that they leave out is the moment at which they step over it. All arithmetic on durations is done in UTC.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo

import holidays

from alerts.desk.core.calendar_settings import CalendarSettings, Hours, shortened

_YEARS = range(2020, 2041)  # the holidays of these years are looked up once, at the start
_HORIZON = timedelta(days=3660)  # a calendar with no working time in ten years has none


class Calendar(Protocol):
    """When the clock of a contract runs."""

    def working(self, start: datetime, end: datetime) -> float:
        """Return the working seconds in [start, end); 0 where the end lies before the start."""

    def after(self, start: datetime, seconds: float) -> datetime:
        """Return the earliest instant by which `seconds` of working time have passed since `start`."""


@dataclass(frozen=True, slots=True)
class Always:
    """24x7."""

    def working(self, start: datetime, end: datetime) -> float:
        """Return the plain distance."""
        return max(0.0, (end - start).total_seconds())

    def after(self, start: datetime, seconds: float) -> datetime:
        """Return the plain sum."""
        return start + timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """Hours a weekday (0 is Monday) in `zone`; `closed` are holidays, `open_days` are days that work all the same.

    `open_days` have the hours of their weekday, or of the week's first working day where their weekday is free:
    Kazakhstan moves working days to a Saturday by decree. `dates` have the very hours that are given. A day before one
    of `closed` ends `before_holiday` minutes earlier.
    """

    week: Mapping[int, Sequence[Hours]]
    zone: tzinfo
    closed: frozenset[date] = field(default_factory=frozenset)
    open_days: frozenset[date] = field(default_factory=frozenset)
    dates: Mapping[date, Sequence[Hours]] = field(default_factory=dict)
    before_holiday: int = 0

    def hours_of(self, day: date) -> Sequence[Hours]:
        """Return the intervals that begin on a day."""
        if day in self.dates:
            return self.dates[day]
        hours = () if day in self.closed else self.week.get(day.weekday(), ())
        if day in self.open_days:
            hours = self.week.get(day.weekday()) or self.week[min(self.week)]
        if hours and self.before_holiday and self._is_off(day + timedelta(days=1)):
            return tuple(shortened(hours, self.before_holiday))
        return hours

    def _is_off(self, day: date) -> bool:
        return day in self.closed and day not in self.open_days and not self.dates.get(day)

    def spans(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the working spans in UTC that end after `start`, oldest first, as far as the horizon."""
        day = start.astimezone(self.zone).date() - timedelta(days=1)
        last = day + _HORIZON
        reached = start
        while day < last:
            for hours in self.hours_of(day):
                opens, closes = (instant(day, minute, self.zone) for minute in hours)
                # In the hour that the night of summer time leaves out, a shift may close as it opens; the hours of a
                # single date may overlap the night shift before.
                if closes > max(opens, reached):
                    yield max(opens, reached), closes
                    reached = closes
            day += timedelta(days=1)

    def working(self, start: datetime, end: datetime) -> float:
        """Return the working seconds in [start, end)."""
        total = 0.0
        for opens, closes in self.spans(start):
            if opens >= end:
                break
            total += (min(closes, end) - opens).total_seconds()
        return total

    def after(self, start: datetime, seconds: float) -> datetime:
        """Return the instant at which so much working time has passed."""
        left = seconds
        for opens, closes in self.spans(start):
            length = (closes - opens).total_seconds()
            if left <= length:
                return opens + timedelta(seconds=left) if left > 0 else start
            left -= length
        raise ValueError("the calendar has no working time within ten years")


def instant(day: date, minute: int, zone: tzinfo) -> datetime:
    """Return the instant at which the clocks of a zone first show a minute of a day, or a later one, in UTC."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    found = wall.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == wall:
        return found
    # The clocks leave this minute out: they step over it at some instant before.
    earliest = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    gap = range(int((found - earliest).total_seconds()) + 1)
    shown = bisect_left(gap, wall, key=lambda second: _wall(earliest + timedelta(seconds=second), zone))
    return earliest + timedelta(seconds=shown)


def _wall(moment: datetime, zone: tzinfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def business_hours(table: CalendarSettings, zone: tzinfo) -> BusinessHours:
    """Return the calendar that a table of the settings describes; `zone` is that of a table without its own."""
    known = set(holidays.country_holidays(table.holidays, years=_YEARS)) if table.holidays else set()
    return BusinessHours(
        table.week,
        ZoneInfo(table.time_zone) if table.time_zone else zone,
        frozenset(known | {date.fromisoformat(day) for day in table.closed}),
        frozenset(date.fromisoformat(day) for day in table.open_days),
        table.exceptions,
        round(table.before_holiday / 60),
    )
