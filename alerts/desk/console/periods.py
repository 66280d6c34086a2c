"""The stretch of local days that a page is about: one of a few by name, or from one day to another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

MAX_DAYS = 1100


class PeriodError(ValueError):
    """What the reader asked for is no period; the text is a key of the catalogue."""


@dataclass(frozen=True, slots=True)
class Period:
    """Local days, both included; `name` is the choice that led to them."""

    name: str
    first: date
    last: date

    def instants(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """Return the instants at which the first day begins and the last one ends."""
        return _midnight(self.first, zone), _midnight(self.last + timedelta(days=1), zone)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def period(choices: Sequence[str], name: str, days: tuple[str, str], today: date, longest: int = MAX_DAYS) -> Period:
    """Return the period of a choice; "days" is from the first to the second of `days`, which are ISO dates.

    Without a choice, days that are given are meant; without either it is the first of the choices.
    """
    name = name if name in choices else "days" if any(days) else choices[0]
    if name != "days":
        return Period(name, _first(name, today), _last(name, today))
    try:
        first, last = (date.fromisoformat(text) for text in days)
    except ValueError:
        raise PeriodError("period.malformed") from None
    if first > last:
        raise PeriodError("period.backwards")
    if not 1970 < first.year <= last.year < 9999:
        raise PeriodError("period.malformed")
    if (last - first).days >= longest:
        raise PeriodError("period.long")
    return Period(name, first, last)


def _first(name: str, today: date) -> date:
    month = today.replace(day=1)
    match name:
        case "month":
            return month
        case "last_month":
            return (month - timedelta(days=1)).replace(day=1)
        case "weeks":
            return today - timedelta(days=56)
        case _:  # the eleven months before this one, and this one
            return month.replace(year=today.year - (today.month < 12), month=today.month % 12 + 1)


def _last(name: str, today: date) -> date:
    return today.replace(day=1) - timedelta(days=1) if name == "last_month" else today
