"""Stretches of time in which a clock ran, oldest first."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from alerts.desk.tickets.calendars import Calendar

Span = tuple[datetime, datetime | None]
"""A stretch in which a clock ran; None: it still runs."""


def used(spans: Sequence[Span], calendar: Calendar, now: datetime) -> float:
    """Return the working seconds in some spans as of `now`."""
    return sum(calendar.working(start, end if end is not None else max(now, start)) for start, end in spans)


def running(spans: Sequence[Span]) -> bool:
    """Return whether a clock with these spans runs."""
    return bool(spans) and spans[-1][1] is None


def missed(seconds: float, target: float, *, running: bool) -> bool:
    """Return whether a target is missed; a clock that stopped at the very target kept it."""
    return seconds >= target if running else seconds > target


def common(one: Sequence[Span], other: Sequence[Span]) -> Iterator[Span]:
    """Yield the time that lies in spans of both."""
    for start, end in one:
        for begins, ends in other:
            first = max(start, begins)
            last = min((moment for moment in (end, ends) if moment is not None), default=None)
            # A clock that stopped at the instant of its start has run all the same.
            if last is None or first < last or (first == last and start == end):
                yield first, last
