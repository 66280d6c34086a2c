"""The events of one UID: recurring works, and single windows of them that were moved, changed or cancelled.

A changed window becomes works of its own, which the series leaves out: it may have its own scope, approver and end.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from alerts.desk.works import ical_event
from alerts.desk.works.ical_times import Given
from alerts.desk.works.window_checks import checked_windows
from alerts.desk.works.windows import SHIFT, beginnings
from alerts.desk.works.works import Works, WorksError, checked

T = TypeVar("T")


def works_of(events: Sequence[Given], known: Sequence[Works], now: datetime) -> Iterator[Works]:
    """Yield the works of the events of one UID. `known` are those that are stored under it."""
    for event in events:
        _named(event, ical_event.check)
    latest = _latest(events)
    masters = [each for each in latest if not each.changes]
    if len(masters) > 1:
        raise WorksError(f'the UID "{masters[1].uid}" is there twice; each event needs its own')
    reading = _Reading(known, now)
    if masters:
        _named(masters[0], reading.series)
    for event in latest:
        if event.changes:
            _named(event, reading.window)
    yield from reading.result()


def _latest(events: Sequence[Given]) -> list[Given]:
    """Return the events without earlier versions of the same one (RFC 5546, 2.1.4), which some calendars keep."""
    versions = [(each.about, _named(each, Given.version)) for each in events]
    newest: dict[str, int] = {}
    for about, version in versions:
        newest[about] = max(version, newest.get(about, 0))
    return [each for each, (about, version) in zip(events, versions, strict=True) if version == newest[about]]


def _named(given: Given, read: Callable[[Given], T]) -> T:
    try:
        return read(given)
    except WorksError as error:
        raise WorksError(f"{ical_event.name(given)}: {error}") from None
    except OverflowError:
        raise WorksError(
            f"{ical_event.name(given)}: a time in it is beyond the years that there are; give one from 1970 to 2199"
        ) from None


class _Reading:
    """What one UID's events and what is stored under it come to."""

    def __init__(self, known: Sequence[Works], now: datetime) -> None:
        self._now = now
        self._stored = next((works for works in known if not works.series), None)
        self._stored_windows = {works.instance: works for works in known if works.series and works.instance}
        self._found: Works | None = None  # the series of the calendar
        self._listed: dict[datetime, Works] = {}  # windows of its own length among its dates
        self._windows: dict[datetime, Works] = {}  # changed ones, by when they were to begin

    def series(self, given: Given) -> None:
        """Read the event that is no changed window."""
        works, others = ical_event.series(given, self._stored, self._now)
        self._found = checked_windows(checked(works))
        zone = ZoneInfo(works.time_zone)
        for starts, ends in others:
            if starts not in works.skipped:
                once = replace(works, starts=starts, ends=ends, recurrence="", skipped=(), added=())
                key = starts.replace(tzinfo=zone).astimezone(UTC)
                self._listed[key] = checked(ical_event.window_of(once, works.uid, key))

    def window(self, given: Given) -> None:
        """Read the event of a changed window."""
        series = self._found or self._stored
        if series and not series.repeats:
            raise WorksError("RECURRENCE-ID: the works that it changes a window of take place once; delete it")
        key = ical_event.instance(given, series)
        if key in self._windows:
            raise WorksError("RECURRENCE-ID: is there twice; delete one of the events")
        if series:
            self._check_window(given, key, series)
        elif ical_event.cancels(given) and key not in self._stored_windows:
            raise WorksError("UID: neither the series nor this window of it is known, so there is nothing to cancel")
        base = series or self._stored_windows.get(key)
        self._windows[key] = checked(ical_event.window(given, key, base, self._now))

    def _check_window(self, given: Given, key: datetime, series: Works) -> None:
        wall = _start_of(key, series)
        shown = wall or key.astimezone(ZoneInfo(series.time_zone))
        what = f"{shown:%Y-%m-%d %H:%M} ({series.time_zone})"
        if wall is None:
            raise WorksError(
                f"RECURRENCE-ID: no window of the series begins at {what}, so none was changed; give the moment at "
                "which it was to begin, or works of their own"
            )
        if self._found and wall in series.skipped and not ical_event.cancels(given):
            raise WorksError(
                f"EXDATE and RECURRENCE-ID: the window of {what} is left out by one and changed by the other; delete "
                "one of them"
            )

    def result(self) -> Iterator[Works]:
        """Yield what is to be stored."""
        windows = {**self._listed, **self._windows}
        series = self._found or self._stored
        if series:
            starts = (_start_of(key, series) for key in windows)
            skipped = {*series.skipped, *(start for start in starts if start)}
            left = replace(series, skipped=tuple(sorted(skipped)))
            if self._found or left != self._stored:
                yield replace(left, finished_at=None)  # that is as it is stored
        for key, works in windows.items():
            if works.cancelled_at is None:
                yield works
            elif key in self._stored_windows:
                yield self._cancelled(self._stored_windows[key])
        if self._found:
            # What the calendar no longer says was taken back.
            gone = (works for key, works in self._stored_windows.items() if key not in windows)
            yield from (self._cancelled(works) for works in gone if self._is_to_come(works))

    def _cancelled(self, works: Works) -> Works:
        return replace(works, cancelled_at=works.cancelled_at or self._now, finished_at=None)

    def _is_to_come(self, works: Works) -> bool:
        ends = works.ends.replace(tzinfo=ZoneInfo(works.time_zone))
        return works.cancelled_at is None and ends > self._now


def _start_of(key: datetime, series: Works) -> datetime | None:
    """Return the wall-clock time of the window of a series that begins at a moment."""
    zone = ZoneInfo(series.time_zone)
    near = key.astimezone(zone).replace(tzinfo=None)
    # A window that begins where the clocks are put forward has another hour than its moment.
    every = beginnings(series, near - SHIFT, near + SHIFT)
    return next((start for start in every if start.replace(tzinfo=zone).astimezone(UTC) == key), None)
