"""The terms of an appeal, frozen when it is registered, and the calendars by which they are counted.

Only the terms are frozen. Calendars follow the settings, because a holiday may be announced after a registration.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from alerts.desk.core.appeal_settings import HOUR
from alerts.desk.core.calendar_settings import CalendarSettings
from alerts.desk.core.kept_json import from_json, to_json
from alerts.desk.tickets.calendars import Always, Calendar, business_hours, instant

DAY = 24 * HOUR
CALLS = CalendarSettings(
    days=("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    opens="08:00",
    closes="22:00",
    holidays="",
)


@dataclass(frozen=True, slots=True)
class Terms:
    """Seconds, and the operator's answers to the open questions, as they were at the registration."""

    has_answer_term: bool = True
    answer: float = 24 * HOUR
    vendor_answer: float = 72 * HOUR
    longest: float = 96 * HOUR
    branch: float = 4 * HOUR
    supplier_receipt: float = HOUR
    tell: float = 4 * HOUR
    free_month: float = 45 * HOUR  # five working days of nine hours
    law_days: int = 10
    answer_from: str = "appeal"
    vendor_from: str = "received"
    vendor_calendar: str = "24x7"
    vendor_reference: str = "required"
    customer_pauses: bool = True
    bounce_window: float = 900.0


def frozen(terms: Terms) -> dict[str, object]:
    """Return terms as they are kept with an appeal."""
    return to_json(terms)


def thawed(kept: Mapping[str, object]) -> Terms:
    """Return the terms that were kept with an appeal."""
    return from_json(kept, Terms)


@dataclass(frozen=True, slots=True)
class Calendars:
    """How time is counted."""

    zone: tzinfo
    named: Mapping[str, Calendar]
    calls: Calendar

    def of(self, name: str) -> Calendar:
        """Return a calendar of the settings; one that is gone since counts round the clock."""
        return self.named.get(name, Always())


def calendars_of(zone: tzinfo, tables: Mapping[str, CalendarSettings]) -> Calendars:
    """Return the calendars of the settings: 24x7, business and the named ones; calls are made from 8 to 22."""
    named: dict[str, Calendar] = {"24x7": Always(), "business": business_hours(CalendarSettings(), zone)}
    named |= {name: business_hours(table, zone) for name, table in tables.items()}
    return Calendars(zone, named, business_hours(CALLS, zone))


def calendar_days(start: datetime, end: datetime, zone: tzinfo) -> int:
    """Return how many local midnights lie between two instants."""
    return max(0, (end.astimezone(zone).date() - start.astimezone(zone).date()).days)


def end_of_day(start: datetime, days: int, zone: tzinfo) -> datetime:
    """Return the end of the local day that is so many days after the day of `start`."""
    return instant(start.astimezone(zone).date() + timedelta(days=days + 1), 0, zone)


def month_after(year: int, month: int, day: int, months: int) -> datetime:
    """Return the day of the month so many months later, or that month's last day where it is shorter, at midnight."""
    count = year * 12 + month - 1 + months
    first = datetime(count // 12, count % 12 + 1, 1)  # noqa: DTZ001 - a wall-clock day
    following = datetime((count + 1) // 12, (count + 1) % 12 + 1, 1)  # noqa: DTZ001
    return min(first + timedelta(days=day - 1), following - timedelta(days=1))


def accounting_period(moment: datetime, zone: tzinfo, day: int = 1) -> tuple[datetime, datetime]:
    """Return the accounting period of an instant: from the `day` of a month to the next one, as instants.

    Where a month lacks the day, the period begins on its last day; so periods follow each other without gap or overlap.
    """
    local = moment.astimezone(zone)
    begun = datetime.combine(local.date(), time()) >= month_after(local.year, local.month, day, 0)
    first = month_after(local.year, local.month, day, 0 if begun else -1)
    last = month_after(local.year, local.month, day, 1 if begun else 0)
    return instant(first.date(), 0, zone), instant(last.date(), 0, zone)
