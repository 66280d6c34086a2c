"""The times of one event of a calendar, as wall-clock times of a zone."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from icalendar import Event

from alerts.desk.works.ical_lines import Lines
from alerts.desk.works.ical_zones import Zones, name_of, offset_of
from alerts.desk.works.works import WorksError

INSTANCE = "RECURRENCE-ID"
"""The property that names the one window of a series that an event changes."""


class Source(NamedTuple):
    """What the calendar around an event says."""

    own: str  # the desk's zone
    named: str  # the zone that the calendar names for all of it; empty: none
    zones: Zones
    cancels: bool  # RFC 5546, 3.2.5: the calendar is a message that takes its events back

    def zone(self, moment: datetime) -> str:
        """Return the zone of a wall-clock time that names none."""
        return name_of(self.named, moment, self.zones, self.own, "X-WR-TIMEZONE") if self.named else self.own


class Given(NamedTuple):
    """An event of a calendar, its lines as they were written, and the calendar around it."""

    event: Event
    lines: Lines
    source: Source

    @property
    def uid(self) -> str:
        """Return what the event is known by."""
        return str(self.event.get("UID", "")).strip()

    @property
    def changes(self) -> bool:
        """Return whether the event is a changed window of a series."""
        return INSTANCE in self.event

    @property
    def about(self) -> str:
        """Return which window the event changes, as it is written; empty: it is no changed window."""
        if not self.changes:
            return ""
        return f"{self.event[INSTANCE].params.get('TZID', '')}:{self.lines.first(INSTANCE)}"

    def version(self) -> int:
        """Return how often the event was changed in its calendar."""
        text = self.lines.first("SEQUENCE")
        if text and not (text.isascii() and text.isdecimal() and len(text) < 10):
            raise WorksError(f'SEQUENCE: is "{text[:40]}", no whole number; correct it, or delete the line')
        return int(text or 0)

    def moment(self, name: str, default: str = "") -> tuple[datetime, str]:
        """Return a wall-clock time and its zone: its own, `default`, or the calendar's."""
        if name not in self.event:
            raise WorksError(f"{name}: is missing")
        found = self.event.decoded(name)
        if isinstance(found, datetime):
            given = str(self.event[name].params.get("TZID", ""))
            wall = found.replace(tzinfo=None)
            if given:
                return wall, self._zone(given, self.lines.first(name), wall, name)
            return wall, (default or self.source.zone(wall)) if found.tzinfo is None else "UTC"
        if isinstance(found, date):
            midnight = datetime.combine(found, time())
            return midnight, default or self.source.zone(midnight)
        raise WorksError(f"{name}: is no moment")

    def is_day(self, name: str) -> bool:
        """Return whether a time is a whole day."""
        return not isinstance(self.event.decoded(name), datetime)

    def names_day(self, name: str) -> bool:
        """Return whether a time that names a window stands for a whole day."""
        found = self.event.decoded(name)
        given = str(self.event[name].params.get("TZID", ""))
        return not isinstance(found, datetime) or self._means_day(found, given)

    def _means_day(self, found: datetime, given: str) -> bool:
        """Return whether a time is a day as Exchange writes it: midnight in the zone of the mailbox."""
        days = "DTSTART" in self.event and self.is_day("DTSTART")
        return days and bool(given) and found.time() == time()

    def end(self, starts: datetime, zone: str) -> datetime:
        """Return the end of the event's first window in a zone."""
        lasts = self._lasts()
        if "DTEND" in self.event:
            ends, other = self.moment("DTEND", zone)
            ends = converted(ends, other, zone, "DTEND")
            if lasts is not None and starts + lasts != ends:
                raise WorksError("DTEND and DURATION: are both there, and contradict each other; delete one of them")
            return ends
        if lasts is not None:
            return starts + lasts
        if self.is_day("DTSTART"):
            return starts + timedelta(days=1)  # RFC 5545, 3.6.1
        raise WorksError("DTEND: is missing, and so is DURATION; works have an end")

    def _lasts(self) -> timedelta | None:
        if "DURATION" not in self.event:
            return None
        lasts = self.event.decoded("DURATION")
        if not isinstance(lasts, timedelta):
            raise WorksError("DURATION: is no length of time; write it as PT4H")
        return lasts

    def skipped(self, starts: datetime, zone: str) -> Iterator[datetime]:
        """Yield the starts of windows that do not take place; a day stands for the window that begins on it."""
        for found, written, given in self._dates("EXDATE"):
            if not isinstance(found, date):
                raise WorksError(f'EXDATE: "{written[:80]}" is no moment; write it as DTSTART')
            if isinstance(found, datetime) and not self._means_day(found, given):
                yield self._wall(found, written, given, zone, "EXDATE")
            else:
                yield datetime.combine(found, starts.time())

    def added(self, starts: datetime, ends: datetime, zone: str) -> Iterator[tuple[datetime, datetime]]:
        """Yield the further windows that are listed one by one."""
        for found, written, given in self._dates("RDATE"):
            begin, until = found if isinstance(found, tuple) else (found, ends - starts)
            if not isinstance(begin, date):
                raise WorksError(f'RDATE: "{written[:80]}" is no moment; write it as DTSTART')
            if not isinstance(begin, datetime):
                if starts.time() != time():
                    raise WorksError(f"RDATE: {begin} is a day, and the windows begin at {starts:%H:%M}; add the time")
                first = datetime.combine(begin, time())
            else:
                first = self._wall(begin, written, given, zone, "RDATE")
            yield (
                first,
                first + until if isinstance(until, timedelta) else self._wall(until, written, given, zone, "RDATE"),
            )

    def _dates(self, name: str) -> Iterator[tuple[object, str, str]]:
        """Yield each value of the lines of a name (None where it is none), its line, and the zone that it names."""
        found = self.event.get(name)
        every = found if isinstance(found, list) else [found] if found is not None else []
        for each, written in zip(every, self.lines.values.get(name, ()), strict=True):
            given = str(each.params.get("TZID", ""))
            try:
                moments = [one.dt for one in each.dts]
            except (AttributeError, ValueError):
                moments = [None]
            for moment in moments:
                yield moment, written, given

    def _wall(self, moment: datetime, written: str, given: str, zone: str, name: str) -> datetime:
        wall = moment.replace(tzinfo=None)
        own = self._zone(given, written, wall, name) if given else "UTC" if moment.tzinfo else zone
        return converted(wall, own, zone, name)

    def _zone(self, given: str, written: str, wall: datetime, name: str) -> str:
        """Return the zone that a time names; raise WorksError where the time itself says that it is in UTC."""
        zone = name_of(given, wall, self.source.zones, self.source.own, name)
        if written.upper().endswith("Z") and offset_of(ZoneInfo(zone), wall):
            raise WorksError(
                f'{name}: names the time zone "{given[:100]}" and ends with Z, which means UTC; give one of them'
            )
        return zone


def converted(wall: datetime, own: str, zone: str, name: str) -> datetime:
    """Return a wall-clock time of another zone in `zone`; raise WorksError where that hour comes twice there."""
    if own == zone:
        return wall
    found = wall.replace(tzinfo=ZoneInfo(own)).astimezone(ZoneInfo(zone))
    if found.fold:
        raise WorksError(
            f"{name}: {wall} ({own}) is in the hour that comes twice in {zone}, as the clocks go back; give all times "
            "of the event in UTC"
        )
    return found.replace(tzinfo=None)
