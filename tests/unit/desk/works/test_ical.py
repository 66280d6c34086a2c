"""Planned works as iCalendar."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from alerts.desk.works.ical import read, written
from alerts.desk.works.works import Scope, Works, WorksError


def wall(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute)  # noqa: DTZ001 - wall-clock time


NOW = datetime(2026, 3, 1, tzinfo=UTC)
WORKS = Works(
    title="Обновление агентов; часть 1, ночью",
    scope=Scope(("edge-1", "edge-2"), ("astana",), ("sport-*",)),
    starts=wall(2026, 3, 3, 2, 0),
    ends=wall(2026, 3, 3, 6, 0),
    time_zone="Asia/Almaty",
    recurrence="FREQ=WEEKLY;BYDAY=TU",
    skipped=(wall(2026, 3, 10, 2, 0),),
    approver="Айгерим",
    impact="Two minutes without statistics",
    back_out="Install 1.0 again",
    uid="one@example",
)
EVENT = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//provider//EN
BEGIN:VEVENT
UID:1@provider.example
DTSTAMP:20260301T000000Z
SUMMARY:Line works
{lines}
END:VEVENT
END:VCALENDAR
"""
TIMES = "DTSTART:20260303T020000\nDTEND:20260303T060000"
SCOPE = "X-OTTWATCH-SITES:astana"


def calendar(*lines: str) -> str:
    return EVENT.format(lines="\n".join(lines)).replace("\n", "\r\n")


def test_what_is_written_is_read_again() -> None:
    tentative = replace(WORKS, uid="two@example", approver="", recurrence="", skipped=())
    assert read(written([WORKS, tentative], NOW), "UTC", NOW) == [WORKS, tentative]
    cancelled = replace(WORKS, cancelled_at=NOW)
    assert read(written([cancelled], NOW), "UTC", NOW) == [cancelled]


def test_times_of_other_calendars() -> None:
    floating = read(calendar(TIMES, SCOPE), "Asia/Almaty", NOW)[0]
    assert (floating.starts, floating.time_zone) == (wall(2026, 3, 3, 2), "Asia/Almaty")
    in_utc = read(calendar("DTSTART:20260303T020000Z", "DURATION:PT4H", SCOPE), "Asia/Almaty", NOW)[0]
    assert (in_utc.starts, in_utc.ends, in_utc.time_zone) == (
        wall(2026, 3, 3, 2),
        wall(2026, 3, 3, 6),
        "UTC",
    )
    days = read(calendar("DTSTART;VALUE=DATE:20260303", "DTEND;VALUE=DATE:20260304", SCOPE), "Asia/Almaty", NOW)[0]
    assert (days.starts, days.ends) == (wall(2026, 3, 3), wall(2026, 3, 4))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello", "no iCalendar"),
        ("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "has no VEVENT"),
        (calendar(TIMES), 'event "Line works": no scope; add X-OTTWATCH-SITES'),
        (calendar("DTSTART:20260303T020000", SCOPE), "DTEND: is missing, and so is DURATION"),
        (calendar("DTEND:20260303T020000", SCOPE), "DTSTART: is missing"),
        (calendar(TIMES, SCOPE, "RDATE:20260310T020000"), "RDATE: is not taken"),
        (calendar(TIMES, SCOPE, "RECURRENCE-ID:20260310T020000"), "RECURRENCE-ID: is not taken"),
        (calendar(TIMES, SCOPE, "RRULE:FREQ=HOURLY"), "recurrence: repeats within a day"),
        (calendar(TIMES, SCOPE).replace("UID:1@provider.example\r\n", ""), "UID: is missing"),
    ],
)
def test_what_is_not_understood_is_refused(text: str, message: str) -> None:
    with pytest.raises(WorksError, match=message):
        read(text, "Asia/Almaty", NOW)
