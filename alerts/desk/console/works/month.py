"""A month of planned works, day by day."""

import calendar
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from alerts.desk.works.windows import Window, windows
from alerts.desk.works.works import Works

SHOWN = 8  # windows of one day; the rest is counted


@dataclass(frozen=True, slots=True)
class Entry:
    """A window on a day, from and until when of that day."""

    works: Works
    window: Window
    begins: str  # empty: it began on an earlier day
    ends: str  # empty: it goes on


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar's weeks."""

    day: date
    inside: bool  # of the month that is shown
    entries: Sequence[Entry]
    more: int


@dataclass(frozen=True, slots=True)
class Month:
    """Weeks from Monday to Sunday that hold the month."""

    first: date
    weeks: Sequence[Sequence[Day]]

    @property
    def before(self) -> str:
        """Return the month before."""
        return f"{self.first - timedelta(days=1):%Y-%m}"

    @property
    def after(self) -> str:
        """Return the month after."""
        return f"{self.first + timedelta(days=31):%Y-%m}"


def first_of(text: str, today: date) -> date:
    """Return the first day of the month that an address names; of this month where it names none."""
    if re.fullmatch(r"(19[7-9]|2\d\d)\d-(0[1-9]|1[0-2])", text):
        return date(int(text[:4]), int(text[5:]), 1)
    return today.replace(day=1)


def month(all_works: Iterable[Works], first: date, zone: tzinfo) -> Month:
    """Return the month's windows; what is cancelled takes no place."""
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    begin, end = _midnight(weeks[0][0], zone), _midnight(weeks[-1][-1] + timedelta(days=1), zone)
    found = [
        (works, window) for works in all_works if works.cancelled_at is None for window in windows(works, begin, end)
    ]
    found.sort(key=lambda each: (each[1].starts, each[0].number))
    return Month(first, [[_day(day, day.month == first.month, found, zone) for day in week] for week in weeks])


def _day(day: date, inside: bool, found: Sequence[tuple[Works, Window]], zone: tzinfo) -> Day:  # noqa: FBT001
    begin, end = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
    entries = [
        Entry(
            works,
            window,
            f"{window.starts.astimezone(zone):%H:%M}" if window.starts >= begin else "",
            f"{window.ends.astimezone(zone):%H:%M}" if window.ends <= end else "",
        )
        for works, window in found
        if window.starts < end and window.ends > begin
    ]
    return Day(day, inside, entries[:SHOWN], max(len(entries) - SHOWN, 0))


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)
