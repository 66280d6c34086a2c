"""The calendars of the configuration in words."""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from typing import NamedTuple

from alerts.desk.core.calendar_settings import DAYS, CalendarSettings, Hours
from alerts.desk.core.settings import Settings
from alerts.desk.core.words import Words
from alerts.desk.tickets.calendars import BusinessHours, business_hours

NEXT_DAYS = 5


class Calendar(NamedTuple):
    """When a calendar works."""

    name: str
    key: str
    hours: Sequence[str]
    closed: str = ""
    extra: str = ""


def calendars(words: Words, settings: Settings, today: date) -> list[Calendar]:
    """Return every calendar, the ones that always exist first."""
    always = Calendar("24x7", "", [words("policy.days_all")])
    tables = {"business": CalendarSettings(), **settings.calendars}
    return [always, *(_calendar(words, settings, name, table, today) for name, table in tables.items())]


def _calendar(words: Words, settings: Settings, name: str, table: CalendarSettings, today: date) -> Calendar:
    hours = business_hours(table, settings.zone)
    closed = {day for day in hours.closed if day.weekday() in hours.week} - hours.open_days
    closed |= {day for day, intervals in hours.dates.items() if not intervals}
    lines = [
        _run(words, days) for days in _runs((day, hours.week[day]) for day in sorted(hours.week))
    ]  # fmt: skip
    if hours.before_holiday:
        lines.append(words("policy.before_holiday", minutes=hours.before_holiday))
    if table.time_zone:
        lines.append(table.time_zone)
    return Calendar(
        name,
        f"[calendars.{name}]",
        lines,
        ", ".join(_day(words, day) for day in sorted(day for day in closed if day >= today)[:NEXT_DAYS]),
        ", ".join(_extra(words, hours, today)),
    )


def _runs(week: Iterable[tuple[int, Sequence[Hours]]]) -> list[list[tuple[int, Sequence[Hours]]]]:
    """Return the days that follow each other with the same hours, together."""
    numbered = enumerate(week)
    return [[one for _, one in run] for _, run in groupby(numbered, lambda each: (each[1][0] - each[0], each[1][1]))]


def _run(words: Words, run: Sequence[tuple[int, Sequence[Hours]]]) -> str:
    names = [words(f"weekday.{DAYS[day]}") for day, _ in run]
    shown = f"{names[0]}–{names[-1]}" if len(names) > 2 else ", ".join(names)
    return f"{shown} {_intervals(run[0][1])}"


def _intervals(hours: Sequence[Hours]) -> str:
    return ", ".join(map(str, hours))


def _extra(words: Words, hours: BusinessHours, today: date) -> list[str]:
    days = {day for day in (*hours.open_days, *(day for day, own in hours.dates.items() if own)) if day >= today}
    return [f"{_day(words, day)} {_intervals(hours.hours_of(day))}" for day in sorted(days)[:NEXT_DAYS]]


def _day(words: Words, day: date) -> str:
    return f"{day.day} {words(f'month.{day.month}')} {day.year}"
