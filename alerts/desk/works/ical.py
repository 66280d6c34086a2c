"""Planned works as iCalendar (RFC 5545), in and out.

What iCalendar has no property for is in X- properties. An event without a scope is refused, not guessed.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vRecur, vText

from alerts.desk.works import ical_lines
from alerts.desk.works.ical_lines import Lines
from alerts.desk.works.ical_zones import Zones, name_of, offset_of, zones_of
from alerts.desk.works.window_checks import checked_windows
from alerts.desk.works.works import Scope, Works, WorksError, checked

ELEMENTS, SITES, CHANNELS = "X-OTTWATCH-ELEMENTS", "X-OTTWATCH-SITES", "X-OTTWATCH-CHANNELS"
APPROVER, BACK_OUT, CONFIRM_END = "X-OTTWATCH-APPROVER", "X-OTTWATCH-BACK-OUT", "X-OTTWATCH-CONFIRM-END"
NO_CALENDAR = (
    "this is no iCalendar: its lines cannot be read; it begins with BEGIN:VCALENDAR and ends with END:VCALENDAR"
)
REFUSED = {
    "RECURRENCE-ID": "a single changed window; give it as works of its own and skip it here with EXDATE",
    "RDATE": "a list of dates; give an RRULE, or works for each date",
    "EXRULE": "withdrawn by RFC 5545; use EXDATE",
}


def written(all_works: Iterable[Works], now: datetime) -> str:
    """Return a calendar of the works."""
    calendar = Calendar()
    calendar.add("prodid", "-//ottwatch//planned works//EN")
    calendar.add("version", "2.0")
    for works in all_works:
        calendar.add_component(_event(works, now))
    calendar.add_missing_timezones()
    text: str = calendar.to_ical().decode()
    return text


def _event(works: Works, now: datetime) -> Event:
    zone = ZoneInfo(works.time_zone)
    event = Event()
    event.add("uid", works.uid)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("summary", works.title)
    event.add("dtstart", works.starts.replace(tzinfo=zone))
    event.add("dtend", works.ends.replace(tzinfo=zone))
    if works.recurrence:
        event.add("rrule", vRecur.from_ical(works.recurrence))
    if works.skipped:
        event.add("exdate", [each.replace(tzinfo=zone) for each in works.skipped])
    status = "CANCELLED" if works.cancelled_at else "CONFIRMED" if works.approver else "TENTATIVE"
    event.add("status", status)
    for name, value in (
        ("description", works.impact),
        (APPROVER, vText(works.approver)),  # the library escapes text in its own properties only
        (BACK_OUT, vText(works.back_out)),
        (CONFIRM_END, "TRUE" if works.confirm_end else ""),
        (ELEMENTS, ",".join(works.scope.elements)),
        (SITES, ",".join(works.scope.sites)),
        (CHANNELS, ",".join(works.scope.channels)),
    ):
        if value:
            event.add(name, value)
    return event


def read(text: str, time_zone: str, now: datetime) -> list[Works]:
    """Return the works in a calendar; raise WorksError naming the event.

    Times without a zone are in that of the calendar (X-WR-TIMEZONE), or in `time_zone` where it names none.
    """
    calendar = _calendar(text.removeprefix("\ufeff"))
    source = _Source(
        time_zone,
        str(calendar.get("X-WR-TIMEZONE", "")).strip(),
        zones_of(calendar),
        str(calendar.get("METHOD", "")).strip().upper() == "CANCEL",
    )
    events, written_events = calendar.events, list(ical_lines.of_events(text))
    if len(events) != len(written_events):
        raise WorksError(NO_CALENDAR)
    every = zip(events, written_events, strict=True)
    result = [_works(event, lines, source, now) for event, lines in every]
    if not result:
        raise WorksError("the calendar has no VEVENT")
    uids = [works.uid for works in result]
    for uid in uids:
        if uids.count(uid) > 1:
            raise WorksError(f'the UID "{uid}" is there twice; each event needs its own')
    return result


def _calendar(text: str) -> Calendar:
    try:
        calendar = Calendar.from_ical(text)
    except (ValueError, IndexError, KeyError, AttributeError, TypeError):  # whatever its parsers raise
        raise WorksError(NO_CALENDAR) from None
    if not isinstance(calendar, Calendar):  # an event alone, or a card of contacts
        raise WorksError(NO_CALENDAR)
    return calendar


class _Source(NamedTuple):
    """What the calendar around an event says."""

    own: str  # the desk's zone
    named: str  # the zone that the calendar names for all of it; empty: none
    zones: Zones
    cancels: bool  # RFC 5546, 3.2.5: the calendar is a message that takes its events back

    def zone(self, moment: datetime) -> str:
        """Return the zone of a wall-clock time that names none."""
        return name_of(self.named, moment, self.zones, self.own, "X-WR-TIMEZONE") if self.named else self.own


def _works(event: Event, lines: Lines, source: _Source, now: datetime) -> Works:
    title = str(event.get("SUMMARY", "")).strip()
    name = f'event "{title or event.get("UID", "?")}"'
    try:
        ical_lines.check(lines)
        return checked_windows(checked(_parsed(event, lines, source, now)))
    except WorksError as error:
        raise WorksError(f"{name}: {error}") from None
    except OverflowError:
        raise WorksError(
            f"{name}: a time in it is beyond the years that there are; give one from 1970 to 2199"
        ) from None


def _parsed(event: Event, lines: Lines, source: _Source, now: datetime) -> Works:
    for refused, remedy in REFUSED.items():
        if refused in event:
            raise WorksError(f"{refused}: is not taken: {remedy}")
    uid = str(event.get("UID", "")).strip()
    if not uid:
        raise WorksError("UID: is missing; without it a second import would double the works")
    scope = Scope(_names(event, ELEMENTS), _names(event, SITES), _names(event, CHANNELS))
    if not scope:
        raise WorksError(f"no scope; add {SITES}, {ELEMENTS} or {CHANNELS}, names separated by commas")
    starts, zone = _moment(event, "DTSTART", lines, source)
    status = lines.first("STATUS").upper()
    return Works(
        title=str(event.get("SUMMARY", "")).strip(),
        scope=scope,
        starts=starts,
        ends=_end(event, lines, source, starts, zone),
        time_zone=zone,
        recurrence=lines.first("RRULE"),
        skipped=tuple(sorted(set(_skipped(event, lines, source, starts, zone)))),
        approver="" if status == "TENTATIVE" else lines.text(APPROVER).strip(),
        impact=str(event.get("DESCRIPTION", "")),
        back_out=lines.text(BACK_OUT),
        uid=uid,
        confirm_end=_flag(event, CONFIRM_END),
        cancelled_at=now if status == "CANCELLED" or source.cancels else None,
    )


def _names(event: Event, name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in str(event.get(name, "")).replace("\\,", ",").split(",") if part.strip())


def _flag(event: Event, name: str) -> bool:
    text = str(event.get(name, "FALSE")).strip().upper()
    if text not in ("TRUE", "FALSE"):
        raise WorksError(f'{name}: is "{text[:100]}"; give TRUE or FALSE')
    return text == "TRUE"


def _moment(event: Event, name: str, lines: Lines, source: _Source, default: str = "") -> tuple[datetime, str]:
    """Return a wall-clock time and its zone: its own, `default`, or the calendar's."""
    if name not in event:
        raise WorksError(f"{name}: is missing")
    found = event.decoded(name)
    if isinstance(found, datetime):
        given = str(event[name].params.get("TZID", ""))
        wall = found.replace(tzinfo=None)
        if given:
            return wall, _zone(given, lines.first(name), wall, source, name)
        return wall, (default or source.zone(wall)) if found.tzinfo is None else "UTC"
    if isinstance(found, date):
        midnight = datetime.combine(found, time())
        return midnight, default or source.zone(midnight)
    raise WorksError(f"{name}: is no moment")


def _zone(given: str, written: str, wall: datetime, source: _Source, name: str) -> str:
    """Return the zone that a time names; raise WorksError where the time itself says that it is in UTC."""
    zone = name_of(given, wall, source.zones, source.own, name)
    if written.upper().endswith("Z") and offset_of(ZoneInfo(zone), wall):
        raise WorksError(
            f'{name}: names the time zone "{given[:100]}" and ends with Z, which means UTC; give one of them'
        )
    return zone


def _end(event: Event, lines: Lines, source: _Source, starts: datetime, zone: str) -> datetime:
    lasts = _lasts(event)
    if "DTEND" in event:
        ends, other = _moment(event, "DTEND", lines, source, zone)
        if other != zone:
            ends = ends.replace(tzinfo=ZoneInfo(other)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        if lasts is not None and starts + lasts != ends:
            raise WorksError("DTEND and DURATION: are both there, and contradict each other; delete one of them")
        return ends
    if lasts is not None:
        return starts + lasts
    if not isinstance(event.decoded("DTSTART"), datetime):
        return starts + timedelta(days=1)  # RFC 5545, 3.6.1
    raise WorksError("DTEND: is missing, and so is DURATION; works have an end")


def _lasts(event: Event) -> timedelta | None:
    if "DURATION" not in event:
        return None
    lasts = event.decoded("DURATION")
    if not isinstance(lasts, timedelta):
        raise WorksError("DURATION: is no length of time; write it as PT4H")
    return lasts


def _skipped(event: Event, lines: Lines, source: _Source, starts: datetime, zone: str) -> Iterator[datetime]:
    """Yield the starts of windows that do not take place; a day stands for the window that begins on it."""
    found = event.get("EXDATE")
    every = found if isinstance(found, list) else [found] if found is not None else []
    for each, written in zip(every, lines.values.get("EXDATE", ()), strict=True):
        given = str(each.params.get("TZID", ""))
        try:
            moments = [one.dt for one in each.dts]
        except (AttributeError, ValueError):
            moments = [None]
        if not all(isinstance(moment, date) for moment in moments):
            raise WorksError(f'EXDATE: "{written[:80]}" is no moment; write it as DTSTART')
        for moment in moments:
            if not isinstance(moment, datetime):
                yield datetime.combine(moment, starts.time())
                continue
            wall = moment.replace(tzinfo=None)
            own = _zone(given, written, wall, source, "EXDATE") if given else "UTC" if moment.tzinfo else zone
            yield wall.replace(tzinfo=ZoneInfo(own)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
