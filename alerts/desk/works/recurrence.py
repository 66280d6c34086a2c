"""What rules of recurrence the desk takes: each of RFC 5545, 3.3.10, whose windows are found in finite time.

Libraries count INTERVAL=0 or a day that no month has on for ever or to the year 9999 (dateutil/dateutil, issues 329 and
1441; libical/libical, issue 135), which would hold up every webhook that looks for planned works.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time

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
_ORDINAL = re.compile(r"[+-]?\d+")


class RecurrenceError(ValueError):
    """The rule is not taken; the message says why, and what to give instead."""


def check(text: str, starts: datetime) -> None:
    """Raise RecurrenceError unless the rule, with the first window at `starts`, is one that the desk takes."""
    if "\n" in text or "\r" in text:
        raise RecurrenceError(f"more than one line; {EXAMPLE}")
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
    _check_until(rule, starts)


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


def _check_until(rule: Mapping[str, object], starts: datetime) -> None:
    for value in _values(rule, "UNTIL"):
        if isinstance(value, date) and not isinstance(value, datetime) and starts.time() != time():
            raise RecurrenceError(
                f"UNTIL={value:%Y%m%d} does not say whether the window of that day takes place; add the time at which "
                f"the last one begins: UNTIL={value:%Y%m%d}T{starts:%H%M%S}"
            )


def _numbers(rule: Mapping[str, object], name: str) -> list[int]:
    return [int(value) for value in _values(rule, name) if isinstance(value, int)]


def _values(rule: Mapping[str, object], name: str) -> list[object]:
    found = rule.get(name)
    if found is None:
        return []
    return list(found) if isinstance(found, Iterable) and not isinstance(found, str) else [found]
