"""Working time: 24x7, or business hours with holidays, in the contract's own zone.

Business hours are local: they are turned into UTC day by day, so on a night when the clocks change a working day keeps
its wall-clock hours and whatever real length that gives. All arithmetic on durations is done in UTC.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Protocol

import holidays

from alerts.desk.core.settings import DAYS, MIDNIGHT, CalendarSettings

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

    `open_days` have the hours of the week's first working day: Kazakhstan moves working days to a Saturday by decree.
    """

    hours: Mapping[int, tuple[time, time]]
    zone: tzinfo
    closed: frozenset[date] = field(default_factory=frozenset)
    open_days: frozenset[date] = field(default_factory=frozenset)

    def spans(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the working spans in UTC that end after `start`, oldest first, as far as the horizon."""
        day = start.astimezone(self.zone).date() - timedelta(days=1)
        last = day + _HORIZON
        usual = self.hours[min(self.hours)]
        while day < last:
            hours = None if day in self.closed else self.hours.get(day.weekday())
            if day in self.open_days:
                hours = usual
            if hours:
                opens = datetime.combine(day, hours[0], self.zone).astimezone(UTC)
                last_day = day + timedelta(days=hours[1] == MIDNIGHT)
                closes = datetime.combine(last_day, hours[1], self.zone).astimezone(UTC)
                # In the hour that the night of summer time leaves out, a day may close before it opens.
                if closes > max(opens, start):
                    yield max(opens, start), closes
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


def business_hours(table: CalendarSettings, zone: tzinfo) -> BusinessHours:
    """Return the calendar that a table of the settings describes."""
    known = set(holidays.country_holidays(table.holidays, years=_YEARS)) if table.holidays else set()
    return BusinessHours(
        {DAYS.index(day): table.hours for day in table.days},
        zone,
        frozenset(known | {date.fromisoformat(day) for day in table.closed}),
        frozenset(date.fromisoformat(day) for day in table.open_days),
    )
