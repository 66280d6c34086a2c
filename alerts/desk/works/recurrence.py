"""What rules of recurrence the desk takes: each of RFC 5545, 3.3.10, whose windows are found in finite time.

Libraries count INTERVAL=0 or a day that no month has on for ever or to the year 9999 (dateutil/dateutil, issues 329 and
1441; libical/libical, issue 135), which would hold up every webhook that looks for planned works.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, tzinfo

from icalendar import vRecur

EXAMPLE = 'give an RRULE such as "FREQ=WEEKLY;BYDAY=TU"'
DENSE = ("SECONDLY", "MINUTELY", "HOURLY")
WITHIN_A_DAY = frozenset({"BYSECOND", "BYMINUTE", "BYHOUR"})
KNOWN = frozenset(
    {
        *("FREQ", "UNTIL", "COUNT", "INTERVAL", "WKST", "BYEASTER"),
        *("BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS"),
    }
)
POSITIVE = ("INTERVAL", "COUNT")
MOST = {"BYMONTHDAY": 31, "BYYEARDAY": 366, "BYWEEKNO": 53, "BYMONTH": 12, "BYSETPOS": 366}
LENGTHS = {1: 31, 2: 29, 3: 31, 4: 30, 5: 31, 6: 30, 7: 31, 8: 31, 9: 30, 10: 31, 11: 30, 12: 31}
EARLIEST = datetime(1970, 1, 1)  # noqa: DTZ001 - wall-clock time
LATEST = datetime(2200, 1, 1)  # noqa: DTZ001 - wall-clock time; in its zone the last year of all may be over
_ORDINAL = re.compile(r"[+-]?\d+")
# RFC 5545, 3.3.10: with which frequencies a part means something; libraries count on with others, each in its own way.
GOES_WITH = {
    "BYWEEKNO": ("YEARLY",),
    "BYYEARDAY": ("YEARLY",),
    "BYMONTHDAY": ("DAILY", "MONTHLY", "YEARLY"),
}


class RecurrenceError(ValueError):
    """The rule is not taken; the message says why, and what to give instead."""


def check(text: str, starts: datetime, zone: tzinfo) -> None:
    """Raise RecurrenceError unless the rule, with the first window at `starts`, is one that the desk takes."""
    if "\n" in text or "\r" in text:
        raise RecurrenceError(f"more than one line; {EXAMPLE}")
    _check_parts(text)
    try:
        rule = vRecur.from_ical(text)
    except ValueError:
        raise RecurrenceError(f'"{text[:80]}" is no rule of RFC 5545; {EXAMPLE}') from None
    frequency = str((rule.get("FREQ") or [""])[0])
    if not frequency:
        raise RecurrenceError(f"has no FREQ; {EXAMPLE}")
    if frequency in DENSE or WITHIN_A_DAY & set(rule):
        raise RecurrenceError("repeats within a day; give the longer window, or several works")
    if unknown := sorted(set(rule) - KNOWN):
        raise RecurrenceError(f"{unknown[0]} is not taken; give the rule without it, or works for each date")
    _check_numbers(rule)
    _check_days(rule, frequency)
    _check_meaning(rule, frequency)
    _check_until(rule, starts, zone)


def _check_parts(text: str) -> None:
    """Raise RecurrenceError for parts that the library would pass over."""
    parts = [part.partition("=") for part in text.split(";") if part.strip()]
    for name, equals, value in parts:
        if not (name.strip() and equals and value.strip()):
            raise RecurrenceError(f'"{(name + equals + value)[:80]}" is not a name and its value; {EXAMPLE}')
    names = [name.strip().upper() for name, _, _ in parts]
    for name in names:
        if names.count(name) > 1:
            raise RecurrenceError(f"{name[:40]} is there twice; delete one of them")


def _check_meaning(rule: Mapping[str, object], frequency: str) -> None:
    """Raise RecurrenceError for parts that mean nothing together."""
    for name, frequencies in GOES_WITH.items():
        if name in rule and frequency not in frequencies:
            raise RecurrenceError(f"{name} cannot go with FREQ={frequency}; give FREQ={frequencies[-1]}")
    ordinal = next((value for value in map(str, _values(rule, "BYDAY")) if _ORDINAL.match(value)), "")
    if ordinal and (frequency not in ("MONTHLY", "YEARLY") or "BYWEEKNO" in rule):
        raise RecurrenceError(
            f"BYDAY={ordinal} is a weekday of a month or year, and FREQ={frequency} has neither; give it without a "
            "number, or FREQ=MONTHLY"
        )
    if "BYWEEKNO" in rule and "BYDAY" not in rule:
        raise RecurrenceError("BYWEEKNO without BYDAY does not say on which day of the week; add BYDAY")
    if "COUNT" in rule and "UNTIL" in rule:
        raise RecurrenceError("COUNT and UNTIL are both there; give one of them")


def _check_numbers(rule: Mapping[str, object]) -> None:
    for name in POSITIVE:
        for value in _values(rule, name):
            if not isinstance(value, int) or value < 1:
                raise RecurrenceError(f"{name}={value} is no number of 1 or more; correct it, or leave {name} out")
    for name, most in MOST.items():
        least = 1 if name == "BYMONTH" else -most
        for value in _values(rule, name):
            if not isinstance(value, int) or value == 0 or not least <= value <= most:
                raise RecurrenceError(f"{name}={value} is not between {least} and {most}, or is 0; correct it")


def _check_days(rule: Mapping[str, object], frequency: str) -> None:
    """Raise RecurrenceError for days that never come."""
    days, months = _numbers(rule, "BYMONTHDAY"), _numbers(rule, "BYMONTH")
    if days and months and not any(abs(day) <= LENGTHS[month] for day in days for month in months):
        raise RecurrenceError(f"BYMONTHDAY={days[0]} does not exist in the months of BYMONTH; correct one of them")
    weeks = 5 if frequency == "MONTHLY" or months else 53
    for value in map(str, _values(rule, "BYDAY")):
        found = _ORDINAL.match(value)
        if found and not 1 <= abs(int(found[0])) <= weeks:
            raise RecurrenceError(f"BYDAY={value} never comes; give a weekday from 1 to {weeks}, or from the end")


def _check_until(rule: Mapping[str, object], starts: datetime, zone: tzinfo) -> None:
    for value in _values(rule, "UNTIL"):
        if isinstance(value, date) and _wall(value, zone) < starts:
            raise RecurrenceError(f"UNTIL={_wall(value, zone):%Y%m%dT%H%M%S} is before the first window; correct it")
        if isinstance(value, date) and not isinstance(value, datetime) and starts.time() != time():
            raise RecurrenceError(
                f"UNTIL={value:%Y%m%d} does not say whether the window of that day takes place; add the time at which "
                f"the last one begins: UNTIL={value:%Y%m%d}T{starts:%H%M%S}"
            )


def _wall(value: date, zone: tzinfo) -> datetime:
    return until_in(zone, value) if isinstance(value, datetime) else datetime.combine(value, time.max)


def until_in(zone: tzinfo, value: datetime) -> datetime:
    """Return an UNTIL, which RFC 5545 wants in UTC, in wall-clock time; programs write the year 9999 for no end."""
    try:
        return (value.astimezone(zone) if value.tzinfo else value).replace(tzinfo=None)
    except OverflowError:
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - wall-clock time, of the first or last year


def _numbers(rule: Mapping[str, object], name: str) -> list[int]:
    return [int(value) for value in _values(rule, name) if isinstance(value, int)]


def _values(rule: Mapping[str, object], name: str) -> list[object]:
    found = rule.get(name)
    if found is None:
        return []
    return list(found) if isinstance(found, Iterable) and not isinstance(found, str) else [found]
