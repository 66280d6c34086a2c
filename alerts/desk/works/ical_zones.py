"""The time zones of calendars: names of the IANA data base, of Windows, and what a calendar itself says of a zone.

A calendar carries the rules of its zones (VTIMEZONE). Those of an old program may be older than the law: Almaty is five
hours ahead since March 2024 and was six. Where they contradict this machine's, nobody can tell which hour is meant.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar import Calendar, Timezone
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from alerts.desk.works.works import WorksError

_COMPARED = tuple(timedelta(days=30 * month) for month in range(13))  # a year: each change of the clocks lies in it
Zones = Mapping[str, tzinfo]
"""What a calendar says of its zones, by their names there."""


def zones_of(calendar: Calendar) -> Zones:
    """Return the zones that a calendar describes; those that cannot be read are left out."""
    found: dict[str, tzinfo] = {}
    for component in calendar.walk("VTIMEZONE"):
        if isinstance(component, Timezone):
            try:
                # Not by the library's own memory, which keeps what another calendar said of the same name.
                found[str(component.get("TZID", ""))] = component.to_tz(lookup_tzid=False)
            except (ValueError, KeyError, AttributeError, TypeError):
                continue
    return found


def name_of(given: str, moment: datetime, zones: Zones, own: str, what: str) -> str:
    """Return the IANA name of a calendar's zone at a wall-clock time; raise WorksError where none can be told.

    `own` is the desk's zone: what a calendar calls by a name of its own may be just that.
    """
    described = zones.get(given)
    known = _known(given)
    if (
        known
        and described is not None
        and (said := offset_of(described, moment)) != (ours := offset_of(ZoneInfo(known), moment))
    ):
        raise WorksError(
            f'{what}: the calendar says that "{given[:100]}" is {_shown(said)} then, and it is {_shown(ours)}: the '
            "program that wrote it has old tables of time zones; update it, or give the times in UTC"
        )
    if known:
        return known
    if described is not None and all(
        offset_of(described, moment + each) == offset_of(ZoneInfo(own), moment + each) for each in _COMPARED
    ):
        return own
    raise WorksError(f'{what}: its time zone "{given[:100]}" is not known; use a name of the IANA data base')


def _known(given: str) -> str:
    """Return the IANA name that a name is or stands for; RFC 5545 lets programs put a prefix before it."""
    parts = given.strip("/ ").split("/")
    ends = range(len(parts)) if given.startswith("/") else range(1)
    for name in (WINDOWS_TO_OLSON.get(given, ""), *("/".join(parts[place:]) for place in ends)):
        try:
            if name:
                return ZoneInfo(name).key
        except (ValueError, OSError, ZoneInfoNotFoundError):
            continue
    return ""


def offset_of(zone: tzinfo, moment: datetime) -> timedelta | None:
    """Return how far a zone is ahead of UTC at a wall-clock time."""
    return moment.replace(tzinfo=zone).utcoffset()


def _shown(offset: timedelta | None) -> str:
    minutes = int((offset or timedelta()).total_seconds()) // 60
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
