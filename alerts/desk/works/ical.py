"""Planned works as iCalendar (RFC 5545), in and out.

What iCalendar has no property for is in X- properties. An event without a scope is refused, not guessed.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vRecur

from alerts.desk.works.ical_zones import Zones, name_of, zones_of
from alerts.desk.works.works import Scope, Works, WorksError, checked

ELEMENTS, SITES, CHANNELS = "X-OTTWATCH-ELEMENTS", "X-OTTWATCH-SITES", "X-OTTWATCH-CHANNELS"
APPROVER, BACK_OUT, CONFIRM_END = "X-OTTWATCH-APPROVER", "X-OTTWATCH-BACK-OUT", "X-OTTWATCH-CONFIRM-END"
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
        (APPROVER, works.approver),
        (BACK_OUT, works.back_out),
        (CONFIRM_END, "TRUE" if works.confirm_end else ""),
        (ELEMENTS, ",".join(works.scope.elements)),
        (SITES, ",".join(works.scope.sites)),
        (CHANNELS, ",".join(works.scope.channels)),
    ):
        if value:
            event.add(name, value)
    return event


def read(text: str, time_zone: str, now: datetime) -> list[Works]:
    """Return the works in a calendar; raise WorksError naming the event. Times without a zone are in `time_zone`."""
    try:
        calendar = Calendar.from_ical(text.removeprefix("\ufeff"))
    except (ValueError, IndexError, KeyError):
        raise WorksError(
            "this is no iCalendar: its lines cannot be read; it begins with BEGIN:VCALENDAR and ends with END:VCALENDAR"
        ) from None
    source = _Source(time_zone, zones_of(calendar), str(calendar.get("METHOD", "")).strip().upper() == "CANCEL")
    result = [_works(event, source, now) for event in calendar.events]
    if not result:
        raise WorksError("the calendar has no VEVENT")
    uids = [works.uid for works in result]
    for uid in uids:
        if uids.count(uid) > 1:
            raise WorksError(f'the UID "{uid}" is there twice; each event needs its own')
    return result


class _Source(NamedTuple):
    """What the calendar around an event says."""

    own: str  # the zone of times without one
    zones: Zones
    cancels: bool  # RFC 5546, 3.2.5: the calendar is a message that takes its events back


def _works(event: Event, source: _Source, now: datetime) -> Works:
    title = str(event.get("SUMMARY", "")).strip()
    name = f'event "{title or event.get("UID", "?")}"'
    try:
        return checked(_parsed(event, title, source, now))
    except WorksError as error:
        raise WorksError(f"{name}: {error}") from None


def _parsed(event: Event, title: str, source: _Source, now: datetime) -> Works:
    for refused, remedy in REFUSED.items():
        if refused in event:
            raise WorksError(f"{refused}: is not taken: {remedy}")
    uid = str(event.get("UID", "")).strip()
    if not uid:
        raise WorksError("UID: is missing; without it a second import would double the works")
    scope = Scope(_names(event, ELEMENTS), _names(event, SITES), _names(event, CHANNELS))
    if not scope:
        raise WorksError(f"no scope; add {SITES}, {ELEMENTS} or {CHANNELS}, names separated by commas")
    starts, zone = _moment(event, "DTSTART", source, source.own)
    status = str(event.get("STATUS", "")).upper()
    return Works(
        title=title,
        scope=scope,
        starts=starts,
        ends=_end(event, source, starts, zone),
        time_zone=zone,
        recurrence=_recurrence(event),
        skipped=tuple(sorted(_skipped(event, source, zone))),
        approver="" if status == "TENTATIVE" else str(event.get(APPROVER, "")).strip(),
        impact=str(event.get("DESCRIPTION", "")),
        back_out=str(event.get(BACK_OUT, "")),
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


def _moment(event: Event, name: str, source: _Source, default_zone: str) -> tuple[datetime, str]:
    if name not in event:
        raise WorksError(f"{name}: is missing")
    if isinstance(event[name], list):
        raise WorksError(f"{name}: is there twice")
    found = event.decoded(name)
    if isinstance(found, datetime):
        given = str(event[name].params.get("TZID", ""))
        wall = found.replace(tzinfo=None)
        if given:
            return wall, name_of(given, wall, source.zones, source.own, name)
        return wall, default_zone if found.tzinfo is None else "UTC"
    if isinstance(found, date):
        return datetime(found.year, found.month, found.day), default_zone  # noqa: DTZ001 - wall-clock time
    raise WorksError(f"{name}: is no moment")


def _end(event: Event, source: _Source, starts: datetime, zone: str) -> datetime:
    if "DTEND" in event:
        ends, other = _moment(event, "DTEND", source, zone)
        if other != zone:
            moment = ends.replace(tzinfo=ZoneInfo(other)).astimezone(ZoneInfo(zone))
            return moment.replace(tzinfo=None)
        return ends
    if "DURATION" in event:
        lasts = event.decoded("DURATION")
        return starts + lasts  # type: ignore[no-any-return]
    raise WorksError("DTEND: is missing, and so is DURATION; works have an end")


def _recurrence(event: Event) -> str:
    rule = event.get("RRULE")
    if rule is None:
        return ""
    if isinstance(rule, list):
        raise WorksError("RRULE: is there twice; give works for each rule")
    return str(rule.to_ical().decode())


def _skipped(event: Event, source: _Source, zone: str) -> Iterator[datetime]:
    found = event.get("EXDATE")
    for each in found if isinstance(found, list) else [found] if found is not None else []:
        given = str(each.params.get("TZID", ""))
        for one in each.dts:
            moment = one.dt
            if not isinstance(moment, datetime):
                raise WorksError("EXDATE: is a day; give the start of the window that does not take place")
            wall = moment.replace(tzinfo=None)
            if given:
                moment = wall.replace(tzinfo=ZoneInfo(name_of(given, wall, source.zones, source.own, "EXDATE")))
            yield moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) if moment.tzinfo else wall
