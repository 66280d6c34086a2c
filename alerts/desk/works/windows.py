"""When planned works take place.

A recurring window keeps its wall-clock times where clocks change: 02:00 to 06:00 is that on every day.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Event, vRecur

from alerts.desk.works.recurrence import until_in
from alerts.desk.works.works import State, Works

SPAN = timedelta(hours=1)  # occurrences are computed for an hour at once and kept
SHIFT = timedelta(hours=3)  # more than any clock is ever put forward or back
AHEAD = timedelta(days=400)  # how far the next window is looked for
CYCLE, LAST_BEGIN = 400, 9899  # years of the Gregorian calendar; the last one from which a century is left
BACK = timedelta(days=35)  # how far the last one is


class Window(NamedTuple):
    """One occurrence, in UTC; the end does not belong to it."""

    starts: datetime
    ends: datetime

    def holds(self, moment: datetime) -> bool:
        """Return whether the works run at a moment."""
        return self.starts <= moment < self.ends


def window_at(works: Works, moment: datetime) -> Window | None:
    """Return the window that holds a moment; of overlapping ones that which ends last. Approval is not looked at."""
    hour = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    found = [window for window in _near(works, hour) if window.holds(moment)]
    return max(found, key=lambda window: window.ends, default=None)


@lru_cache(maxsize=4096)
def _near(works: Works, hour: datetime) -> tuple[Window, ...]:
    return windows(works, hour, hour + SPAN)


def windows(works: Works, begin: datetime, end: datetime) -> tuple[Window, ...]:
    """Return the windows that overlap [begin, end), the earliest first."""
    zone = ZoneInfo(works.time_zone)
    lasts = works.ends - works.starts
    starts: Iterable[datetime] = {works.starts, *works.added}
    if works.recurrence:
        first, last = (moment.astimezone(zone).replace(tzinfo=None) for moment in (begin - lasts - SHIFT, end + SHIFT))
        starts = beginnings(works, first, last)
    taking_place = (start for start in sorted(starts) if start not in works.skipped)
    result = (_until(works.finished_at, _window(start, lasts, zone)) for start in taking_place)
    return tuple(window for window in result if window.starts < end and window.ends > begin)


def beginnings(works: Works, first: datetime, last: datetime) -> set[datetime]:
    """Return the wall-clock times in [first, last] at which windows of works begin, skipped or not."""
    listed = {moment for moment in (works.starts, *works.added) if first <= moment <= last}
    if not works.recurrence:
        return listed
    found = recurring_ical_events.of(_calendar(works)).between(first, last + timedelta(seconds=1))
    return {event.start.replace(tzinfo=None) for event in found} | listed


def comes_again(works: Works) -> bool:
    """Return whether the rule of recurring works, but for its end, has a window after the first within a century.

    The library looks for one up to the year 9999, which would take it up to twenty seconds at a webhook. The calendar
    is the same every 400 years, and from the last of them there is not far to go.
    """
    rule: vRecur = vRecur.from_ical(works.recurrence)
    for end in ("COUNT", "UNTIL"):
        rule.pop(end, None)
    later = CYCLE * ((LAST_BEGIN - works.starts.year) // CYCLE)
    start = works.starts.replace(year=works.starts.year + later)
    calendar = _one_event(start, start + timedelta(minutes=1), rule)
    return next(iter(recurring_ical_events.of(calendar).after(start + timedelta(minutes=2))), None) is not None


def _window(start: datetime, lasts: timedelta, zone: ZoneInfo) -> Window:
    begins, ends = (moment.replace(tzinfo=zone).astimezone(UTC) for moment in (start, start + lasts))
    return Window(begins, max(begins, ends))


def _until(finished: datetime | None, window: Window) -> Window:
    """Return the window, cut where somebody confirmed within it that the works are finished."""
    return window._replace(ends=finished) if finished is not None and window.holds(finished) else window


def _calendar(works: Works) -> Calendar:
    # Without a zone: the rule counts in wall-clock time, and the zone is applied to each occurrence.
    return _one_event(works.starts, works.ends, _floating(works))


def _one_event(starts: datetime, ends: datetime, rule: vRecur) -> Calendar:
    event = Event()
    event.add("uid", "works")
    event.add("dtstart", starts)
    event.add("dtend", ends)
    event.add("rrule", rule)
    calendar = Calendar()
    calendar.add_component(event)
    return calendar


def _floating(works: Works) -> vRecur:
    """Return the rule with its UNTIL in the works' own wall-clock time."""
    rule: vRecur = vRecur.from_ical(works.recurrence)
    until = (rule.get("UNTIL") or [None])[0]
    if isinstance(until, datetime) and until.tzinfo:
        rule["UNTIL"] = [until_in(ZoneInfo(works.time_zone), until)]
    return rule


def next_window(works: Works, now: datetime) -> Window | None:
    """Return the window that runs or comes next: of a rule within a year, of those that are listed at any time."""
    listed = replace(works, recurrence="")
    ever = datetime.max.replace(tzinfo=UTC) - SHIFT
    if not works.recurrence:
        return next(iter(windows(listed, now, ever)), None)
    near = windows(works, now, now + timedelta(days=32))
    return next(iter(near or windows(works, now, now + AHEAD) or windows(listed, now, ever)), None)


def last_window(works: Works, now: datetime) -> Window | None:
    """Return the latest window that has ended, within five weeks."""
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    ended = (window for window in _past(works, hour) if window.ends <= now)
    return max(ended, key=lambda window: window.ends, default=None)


@lru_cache(maxsize=4096)
def _past(works: Works, hour: datetime) -> tuple[Window, ...]:
    return windows(works, hour - BACK, hour + SPAN)


def unconfirmed(works: Works, now: datetime) -> Window | None:
    """Return the window after whose end nobody has confirmed that the works are finished, though somebody has to."""
    if not (works.in_force and works.confirm_end) or window_at(works, now) is not None:
        return None
    last = last_window(works, now)
    if last is None or (works.finished_at is not None and works.finished_at >= last.starts):
        return None
    return last


def state_of(works: Works, now: datetime) -> State:
    """Return what the works are at a moment."""
    if works.cancelled_at is not None:
        return State.CANCELLED
    following = next_window(works, now)
    if following is None:
        return State.ENDED
    if not works.approver:
        return State.PROPOSED
    return State.RUNNING if following.holds(now) else State.PLANNED


def covering(all_works: Iterable[Works], labels: dict[str, str], began: datetime, now: datetime) -> Works | None:
    """Return the works that an alarm belongs to: in scope, and begun in a window that still runs."""
    for works in all_works:
        if works.in_force and works.scope.holds(labels):
            window = window_at(works, now)
            if window is not None and window.starts <= began:
                return works
    return None
