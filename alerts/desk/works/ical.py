"""Planned works as iCalendar (RFC 5545), in and out.

What iCalendar has no property for is in X- properties. An event without a scope is refused, not guessed.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vDDDLists, vRecur, vText

from alerts.desk.works import ical_lines, ical_series
from alerts.desk.works.ical_event import APPROVER, BACK_OUT, CHANNELS, CONFIRM_END, ELEMENTS, SITES
from alerts.desk.works.ical_times import Given, Source
from alerts.desk.works.ical_zones import zones_of
from alerts.desk.works.works import Works, WorksError

NO_CALENDAR = (
    "this is no iCalendar: its lines cannot be read; it begins with BEGIN:VCALENDAR and ends with END:VCALENDAR"
)
METHODS = ("", "PUBLISH", "REQUEST", "CANCEL")  # RFC 5546, 1.4: others answer, propose, or add to what is known
_BEGINS = re.compile(r"^BEGIN:VCALENDAR\s*$", re.IGNORECASE | re.MULTILINE)
Events = Mapping[str, Sequence[Given]]
"""The events of a calendar by their UIDs."""


def written(all_works: Collection[Works], now: datetime) -> str:
    """Return a calendar of the works."""
    calendar = Calendar()
    calendar.add("prodid", "-//ottwatch//planned works//EN")
    calendar.add("version", "2.0")
    series = {works.uid: works for works in all_works if not works.series}
    changed = [works for works in all_works if works.series]
    for works in all_works:
        of_series = [each for each in changed if each.series == works.uid] if works.repeats else []
        calendar.add_component(_event(works, series.get(works.series), of_series, now))
    _add_zones(calendar, min((works.starts.date() for works in all_works), default=now.date()))
    text: str = calendar.to_ical().decode()
    return text


def _event(works: Works, series: Works | None, changed: Iterable[Works], now: datetime) -> Event:
    zone = ZoneInfo(works.time_zone)
    event = Event()
    event.add("uid", works.series or works.uid)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("summary", works.title)
    event.add("dtstart", works.starts.replace(tzinfo=zone))
    event.add("dtend", works.ends.replace(tzinfo=zone))
    if works.instance:
        event.add("recurrence-id", works.instance.astimezone(ZoneInfo(series.time_zone) if series else zone))
    if works.recurrence:
        event.add("rrule", vRecur.from_ical(works.recurrence))
    for name, moments in (("rdate", works.added), ("exdate", _left_out(works, changed))):
        if moments:
            event.add(name, [each.replace(tzinfo=zone) for each in moments])
    status = "CANCELLED" if works.cancelled_at else "CONFIRMED" if works.approver else "TENTATIVE"
    event.add("status", status)
    for name, value in (
        ("description", works.impact),
        (APPROVER, vText(works.approver)),  # the library escapes text in its own properties only
        (BACK_OUT, vText(works.back_out)),
        (CONFIRM_END, str(works.confirm_end).upper()),
        (ELEMENTS, ",".join(works.scope.elements)),
        (SITES, ",".join(works.scope.sites)),
        (CHANNELS, ",".join(works.scope.channels)),
    ):
        if value or works.series:  # what a changed window does not say is as in its series
            event.add(name, value)
    return event


def _add_zones(calendar: Calendar, first: date) -> None:
    """Describe the zones from the first works on, each change of the clocks in a line of its own.

    Of several in one line ical.js, with which Thunderbird and Nextcloud read calendars, takes the first alone.
    """
    calendar.add_missing_timezones(first_date=first - timedelta(days=400))
    for zone in calendar.walk("VTIMEZONE"):
        for part in zone.subcomponents:
            if isinstance(dates := part.pop("RDATE", None), vDDDLists):
                for each in dates.dts:
                    part.add("RDATE", [each.dt])


def _left_out(works: Works, changed: Iterable[Works]) -> Sequence[datetime]:
    """Return the windows that do not take place, but those that have an event of their own."""
    zone = ZoneInfo(works.time_zone)
    theirs = {each.instance for each in changed}
    return [each for each in works.skipped if each.replace(tzinfo=zone).astimezone(UTC) not in theirs]


def read(text: str, time_zone: str, now: datetime, known: Sequence[Works] = ()) -> list[Works]:
    """Return the works in a calendar; raise WorksError naming the event.

    Times without a zone are in that of the calendar (X-WR-TIMEZONE), or in `time_zone` where it names none. `known` are
    the works that are stored under the UIDs of the calendar.
    """
    return works_of(events_of(text, time_zone), now, known)


def events_of(text: str, time_zone: str) -> Events:
    """Return the events of a calendar by their UIDs, in its order."""
    calendar = _calendar(text.removeprefix("\ufeff"))
    method = str(calendar.get("METHOD", "")).strip().upper()
    if method not in METHODS:
        raise WorksError(
            f'METHOD: is "{method[:40]}", an answer or a part of a plan; give the calendar itself, or a message with '
            "METHOD:PUBLISH, REQUEST or CANCEL"
        )
    zone = str(calendar.get("X-WR-TIMEZONE", "")).strip()
    source = Source(time_zone, zone, zones_of(calendar), cancels=method == "CANCEL")
    events, written_events = calendar.events, list(ical_lines.of_events(text))
    if len(events) != len(written_events):
        raise WorksError(NO_CALENDAR)
    result: dict[str, list[Given]] = {}
    for event, lines in zip(events, written_events, strict=True):
        given = Given(event, lines, source)
        result.setdefault(given.uid, []).append(given)
    if not result:
        raise WorksError("the calendar has no VEVENT")
    return result


def works_of(events: Events, now: datetime, known: Sequence[Works]) -> list[Works]:
    """Return the works of a calendar's events; raise WorksError naming the event."""
    stored: dict[str, list[Works]] = {}
    for works in known:
        stored.setdefault(works.series or works.uid, []).append(works)
    every = (ical_series.works_of(group, stored.get(uid, ()), now) for uid, group in events.items())
    return [works for some in every for works in some]


def _calendar(text: str) -> Calendar:
    if len(_BEGINS.findall(text)) > 1:
        raise WorksError("the file holds several calendars; give each in a file of its own")
    try:
        calendar = Calendar.from_ical(text)
    except (ValueError, IndexError, KeyError, AttributeError, TypeError):  # whatever its parsers raise
        raise WorksError(NO_CALENDAR) from None
    if not isinstance(calendar, Calendar):  # an event alone, or a card of contacts
        raise WorksError(NO_CALENDAR)
    return calendar
