"""Planned works as data, and what makes them valid."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from alerts.desk.core.wildcard import matches
from alerts.desk.works import recurrence
from service.setting_types import time_zone

LONGEST = timedelta(days=31)  # of one window; what lasts longer is not works but another platform
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
MOST_NAMES, MOST_TEXT, MOST_DATES = 1_000, 10_000, 1_000


class WorksError(ValueError):
    """The works are not valid; the message names the field and the remedy."""


class State(StrEnum):
    """What the works are at a moment."""

    PROPOSED = "proposed"  # not approved: no alarm belongs to them
    PLANNED = "planned"
    RUNNING = "running"
    ENDED = "ended"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Scope:
    """What is worked on; `*` is a wildcard. An alarm about any of it belongs to the works."""

    elements: tuple[str, ...] = ()  # nodes, and elements without an agent
    sites: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.elements or self.sites or self.channels)

    def holds(self, labels: dict[str, str]) -> bool:
        """Return whether an alarm with these labels is about something in scope.

        Alarms of ottwatch itself never are: works on a platform do not excuse its monitoring.
        """
        if labels.get("layer") == "self":
            return False
        return (
            _any(self.elements, labels.get("node"))
            or _any(self.elements, labels.get("element"))
            or _any(self.sites, labels.get("site"))
            or _any(self.channels, labels.get("channel"))
        )


def _any(patterns: tuple[str, ...], name: str | None) -> bool:
    return bool(name) and any(matches(str(name), pattern) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Works:
    """Planned works. `starts` and `ends` are the first window, in wall-clock time of `time_zone`."""

    title: str
    scope: Scope
    starts: datetime  # without an offset
    ends: datetime
    time_zone: str
    recurrence: str = ""  # an iCalendar RRULE; empty: once
    skipped: tuple[datetime, ...] = ()  # starts of windows that do not take place
    added: tuple[datetime, ...] = ()  # starts of windows beside those of the rule, as long as the first
    approver: str = ""  # empty: proposed only
    impact: str = ""
    back_out: str = ""
    uid: str = ""  # of iCalendar; of a changed window its series' and its instance
    series: str = ""  # the UID of the recurring works that this is a changed window of; they leave it out
    instance: datetime | None = None  # when the changed window was to begin
    cancelled_at: datetime | None = None
    confirm_end: bool = False  # somebody has to confirm that they are finished
    finished_at: datetime | None = None  # when that was last confirmed
    number: int = 0  # 0: not stored yet

    @property
    def repeats(self) -> bool:
        """Return whether the works have more windows than the first."""
        return bool(self.recurrence or self.added)

    @property
    def in_force(self) -> bool:
        """Return whether alarms may belong to the works."""
        return bool(self.approver) and self.cancelled_at is None


def checked(works: Works) -> Works:
    """Return the works; raise WorksError naming the first field that is wrong."""
    if not works.title.strip():
        raise WorksError("title: is empty; say what is done")
    if not works.scope:
        raise WorksError("scope: is empty; name elements, sites or channels (* as a wildcard)")
    names = (*works.scope.elements, *works.scope.sites, *works.scope.channels)
    if not all(name.strip() for name in names):
        raise WorksError("scope: a name is empty; remove it")
    if any(_CONTROL.search(name) for name in (*names, works.uid)):
        raise WorksError("scope: a name holds a NUL or a line end; remove it")
    if len(names) > MOST_NAMES:
        raise WorksError(f"scope: more than {MOST_NAMES} names; use sites or a wildcard")
    for field in ("title", "impact", "back_out", "approver"):
        if len(getattr(works, field)) > MOST_TEXT or "\0" in getattr(works, field):
            raise WorksError(f"{field}: is longer than {MOST_TEXT} characters or holds a NUL; shorten it")
    _check_window(works)
    if works.recurrence:
        try:
            recurrence.check(works.recurrence, works.starts, ZoneInfo(works.time_zone))
        except recurrence.RecurrenceError as error:
            raise WorksError(f"recurrence: {error}") from None
    return works


def _check_window(works: Works) -> None:
    try:
        time_zone(works.time_zone)
    except ValueError as error:
        raise WorksError(f"time_zone: {error}") from None
    if any(moment.tzinfo for moment in (works.starts, works.ends, *works.skipped, *works.added)):
        raise WorksError(
            "starts, ends, skipped, added: give wall-clock time without an offset; time_zone says where it holds"
        )
    if works.starts.microsecond or works.ends.microsecond:
        raise WorksError("starts, ends: give whole seconds")
    _check_added(works)
    if not all(recurrence.EARLIEST <= each < recurrence.LATEST for each in (works.starts, works.ends)):
        raise WorksError("starts, ends: give a year from 1970 to 2199")
    if works.ends <= works.starts:
        raise WorksError("ends: is not after starts")
    if works.ends - works.starts > LONGEST:
        raise WorksError(f"ends: a window lasts {LONGEST.days} days at most; use a recurrence for repeated works")


def _check_added(works: Works) -> None:
    if works.repeats and works.series:
        raise WorksError("recurrence: a changed window of a series takes place once; plan works of their own")
    if len(works.added) > MOST_DATES:
        raise WorksError(f"added: more than {MOST_DATES} windows; give a recurrence, or several works")
    for moment in works.added:
        if moment.microsecond or not works.starts <= moment < recurrence.LATEST:
            raise WorksError(
                f"added: {moment:%Y-%m-%d %H:%M} is before the first window, after the year 2199, or no whole "
                "second; let the works begin with their earliest window (RDATE and DTSTART in a calendar)"
            )
