"""Working hours in `desk.toml`, as contracts and labour codes have them.

A day has any number of intervals; one that ends at or before its beginning runs past midnight and belongs to the day on
which it begins. Minutes count from that day's midnight, so that a night shift ends after minute 1440.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from itertools import pairwise
from typing import NamedTuple

import holidays

from alerts.desk.core import checks
from service.nouns import counted
from service.setting_types import ZoneName
from service.settings import Seconds

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MIDNIGHT = 24 * 60
_OPENS, _CLOSES = "09:00", "18:00"
_INTERVAL = re.compile(r"\s*(\d{1,2}:\d\d)\s*[-\N{EN DASH}]\s*(\d{1,2}:\d\d)\s*")


class Hours(NamedTuple):
    """An interval of work in minutes from the midnight at which its day begins."""

    opens: int
    closes: int

    def __str__(self) -> str:
        return f"{_clock(self.opens)}\N{EN DASH}{_clock(self.closes)}"


@dataclass(frozen=True, slots=True)
class CalendarSettings:
    """Business hours; without this table there is "24x7"."""

    days: tuple[str, ...] = DAYS[:5]
    opens: str = ""  # 09:00
    closes: str = ""  # 18:00
    hours: tuple[str, ...] = ()  # instead of opens and closes: intervals, with breaks between them
    weekdays: dict[str, tuple[str, ...]] = field(default_factory=dict)  # days whose hours differ
    dates: dict[str, tuple[str, ...]] = field(default_factory=dict)  # single days whose hours differ
    before_holiday: Seconds = field(default=Seconds(0.0))  # how much earlier the day before a holiday ends
    holidays: str = "KZ"  # a country of the `holidays` library, or ""
    closed: tuple[str, ...] = ()
    open_days: tuple[str, ...] = ()
    time_zone: ZoneName = field(default=ZoneName(""))  # the desk's own where it is empty

    def __post_init__(self) -> None:
        faults = [fault for check in _CHECKS if (fault := _fault(check, self))]
        if not faults:
            faults = [fault for check in _CHECKS_OF_WEEK if (fault := _fault(check, self))]
        if faults:
            raise faults[0] if len(faults) == 1 else ExceptionGroup("several faults", faults)

    @property
    def usual(self) -> tuple[Hours, ...]:
        """Return the hours of a day that has none of its own."""
        if self.hours:
            return day_hours("hours", self.hours)
        opens = _minute(checks.hour("opens", self.opens or _OPENS))
        closes = MIDNIGHT if self.closes == "24:00" else _minute(checks.hour("closes", self.closes or _CLOSES))
        return (_interval("opens and closes", opens, closes),)

    @property
    def week(self) -> Mapping[int, tuple[Hours, ...]]:
        """Return the hours of each working day of the week; 0 is Monday."""
        own = {day: day_hours(f"weekdays.{day}", texts) for day, texts in self.weekdays.items()}
        return {DAYS.index(day): own.get(day, self.usual) for day in sorted(self.days, key=DAYS.index)}

    @property
    def exceptions(self) -> Mapping[date, tuple[Hours, ...]]:
        """Return the hours of single days; none where nobody works."""
        return {checks.day("dates", day): day_hours(f"dates.{day}", texts) for day, texts in self.dates.items()}


def day_hours(name: str, texts: Sequence[str]) -> tuple[Hours, ...]:
    """Return the intervals of a day; raise ValueError, under `name`, for what is none."""
    result = [_hours(name, text) for text in texts]
    for (before, earlier), (after, later) in pairwise(zip(texts, result, strict=True)):
        if later.opens < earlier.closes:
            raise ValueError(
                f'{name}: "{after}" begins before "{before}" ends; write intervals in their order, without overlap'
            )
    return tuple(result)


def _hours(name: str, text: str) -> Hours:
    match = _INTERVAL.fullmatch(text)
    if match is None:
        raise ValueError(f'{name}: "{text}" is not an interval; write for example "09:00-13:00"')
    opens, closes = match.groups()
    end = MIDNIGHT if closes == "24:00" else _minute(checks.hour(name, closes))
    return _interval(name, _minute(checks.hour(name, opens)), end)


def _interval(name: str, opens: int, closes: int) -> Hours:
    if opens == closes:
        raise ValueError(f'{name}: "{_clock(opens)}" is both beginning and end; write a whole day as 00:00 to 24:00')
    return Hours(opens, closes if closes > opens else closes + MIDNIGHT)


def _minute(hour: time) -> int:
    return hour.hour * 60 + hour.minute


def _clock(minute: int) -> str:
    hour, rest = divmod(minute if minute <= MIDNIGHT else minute - MIDNIGHT, 60)
    return f"{hour:02}:{rest:02}"


def _fault(check: Callable[[CalendarSettings], object], table: CalendarSettings) -> ValueError | None:
    try:
        check(table)
    except ValueError as error:
        return error
    return None


def _check_days(table: CalendarSettings) -> None:
    for key, named in (("days", table.days), ("weekdays", table.weekdays)):
        if unknown := {*named} - {*DAYS}:
            raise ValueError(f"{key}: no such day: {', '.join(sorted(unknown))}; write monday … sunday")
    if not table.days:
        raise ValueError("days is empty; name at least one")
    for day, texts in table.weekdays.items():
        if day not in table.days:
            raise ValueError(f"weekdays.{day}: {day} is not among days; add it there")
        if not texts:
            raise ValueError(f"weekdays.{day} is empty; take {day} out of days")


def _check_hours(table: CalendarSettings) -> None:
    if table.hours and (table.opens or table.closes):
        raise ValueError("hours and opens or closes are both there; write either hours, or opens and closes")
    _ = table.usual


def _check_weekdays(table: CalendarSettings) -> None:
    for day, texts in table.weekdays.items():
        day_hours(f"weekdays.{day}", texts)


def _check_dates(table: CalendarSettings) -> None:
    for name, days in (("closed", table.closed), ("open_days", table.open_days), ("dates", table.dates)):
        for day in days:
            checks.day(name, day)
    for day in table.dates:
        if day in table.closed or day in table.open_days:
            raise ValueError(f"dates.{day}: the day is among closed or open_days, too; write it in one place")
    if both := {*table.closed} & {*table.open_days}:
        raise ValueError(f"{', '.join(sorted(both))} is both among closed and among open_days; write it in one place")
    _ = table.exceptions


def _check_holidays(table: CalendarSettings) -> None:
    if table.holidays and table.holidays not in holidays.list_supported_countries():
        raise ValueError(f'no holidays are known for "{table.holidays}"; write a country such as "KZ", or ""')


def _check_before_holiday(table: CalendarSettings) -> None:
    if table.before_holiday % 60:
        raise ValueError("before_holiday is not a whole number of minutes")
    shortest = min(sum(each.closes - each.opens for each in hours) for hours in table.week.values())
    if table.before_holiday >= shortest * 60:
        raise ValueError(
            f"before_holiday leaves nothing of a working day of {counted(shortest, 'minute')}; make it shorter"
        )


def _check_nights(table: CalendarSettings) -> None:
    for day, hours in table.week.items():
        following = table.week.get((day + 1) % 7)
        if following and hours[-1].closes > following[0].opens + MIDNIGHT:
            raise ValueError(
                f"{DAYS[day]} ends at {_clock(hours[-1].closes)} of {DAYS[(day + 1) % 7]}, which begins at"
                f" {_clock(following[0].opens)} already; let them not overlap"
            )


_CHECKS = (_check_days, _check_hours, _check_weekdays, _check_dates, _check_holidays)
_CHECKS_OF_WEEK = (_check_before_holiday, _check_nights)


def shortened(hours: Sequence[Hours], minutes: int) -> Iterator[Hours]:
    """Yield the hours of a day that ends so much earlier."""
    left = sum(each.closes - each.opens for each in hours) - minutes
    for each in hours:
        if left <= 0:
            return
        yield Hours(each.opens, min(each.closes, each.opens + left))
        left -= each.closes - each.opens
