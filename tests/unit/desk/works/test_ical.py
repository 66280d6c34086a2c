"""Planned works as iCalendar."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from alerts.desk.works.ical import read, written
from alerts.desk.works.works import Scope, Works, WorksError, checked


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


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Europe/Moscow", "Asia/Almaty"])
def test_zones_are_written_as_ical_js_reads_them(zone: str) -> None:
    text = written([replace(WORKS, time_zone=zone)], NOW)
    described = text.partition("BEGIN:VEVENT")[0].replace("\r\n ", "")
    changes = re.findall(r"^RDATE:(.*)\r$", described, re.MULTILINE)
    assert all("," not in each and "2025" <= each[:4] < "2038" for each in changes)
    assert len(changes) == (24 if zone == "Europe/Berlin" else 0)  # after the first of each kind
    assert read(text, "UTC", NOW)[0].time_zone == zone


@pytest.mark.parametrize(
    "text", ["a, b; c", "1. Old card\n2. Restart\n", "C:\\new\\n", "Назад:\n\tстарая плата", "\u2028"]
)
def test_texts_of_several_lines_are_read_again(text: str) -> None:
    kept = replace(WORKS, title=f"x {text} y", impact=text, back_out=text, approver=f"A. {text} B.")
    assert read(written([kept], NOW), "UTC", NOW) == [kept]


def test_a_name_with_a_line_end_is_refused() -> None:
    with pytest.raises(WorksError, match="scope: a name holds a NUL or a line end"):
        checked(replace(WORKS, scope=Scope(("edge-1\nedge-2",))))


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


def zoned(name: str, offset: str) -> str:
    """Return a calendar as Outlook and Exchange write it: with the rules of its zone, and all times in that."""
    step = f"BEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\nEND:STANDARD"
    described = f"BEGIN:VTIMEZONE\nTZID:{name}\n{step}\nEND:VTIMEZONE\n" if offset else ""
    times = f'DTSTART;TZID="{name}":20260303T020000\nDTEND;TZID="{name}":20260303T060000'
    repeated = f'RRULE:FREQ=DAILY;COUNT=3\nEXDATE;TZID="{name}":20260304T020000'
    text = EVENT.format(lines="\n".join([times, repeated, SCOPE])).replace("BEGIN:VEVENT", f"{described}BEGIN:VEVENT")
    return text.replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("name", "offset", "zone"),
    [
        ("Qyzylorda Standard Time", "+0500", "Asia/Qyzylorda"),
        ("Central Asia Standard Time", "+0600", "Asia/Bishkek"),
        ("West Asia Standard Time", "", "Asia/Tashkent"),
        ("/citadel.org/20190914_1/Asia/Almaty", "+0500", "Asia/Almaty"),
        ("Customized Time Zone", "+0500", "Asia/Almaty"),
        ("(UTC+05:00) Astana", "+0500", "Asia/Almaty"),
    ],
)
def test_zones_as_other_programs_name_them(name: str, offset: str, zone: str) -> None:
    (works,) = read(zoned(name, offset), "Asia/Almaty", NOW)
    assert (works.starts, works.ends, works.time_zone) == (wall(2026, 3, 3, 2), wall(2026, 3, 3, 6), zone)
    assert works.skipped == (wall(2026, 3, 4, 2),)


@pytest.mark.parametrize(
    ("name", "offset", "message"),
    [
        (
            "Asia/Almaty",
            "+0600",
            'DTSTART: the calendar says that "Asia/Almaty" is UTC\\+06:00 then, and it is UTC\\+05:00',
        ),
        ("Qyzylorda Standard Time", "+0600", "is UTC\\+06:00 then, and it is UTC\\+05:00"),
        ("Customized Time Zone", "+0300", 'DTSTART: its time zone "Customized Time Zone" is not known'),
        ("Nowhere", "", 'DTSTART: its time zone "Nowhere" is not known'),
    ],
)
def test_a_zone_that_may_mean_another_hour_is_refused(name: str, offset: str, message: str) -> None:
    with pytest.raises(WorksError, match=message):
        read(zoned(name, offset), "Asia/Almaty", NOW)


def test_no_calendar_decides_what_another_one_means() -> None:
    read(zoned("Customized Time Zone", "+0500"), "Asia/Almaty", NOW)
    with pytest.raises(WorksError, match="is not known"):
        read(zoned("Customized Time Zone", "+0300"), "Asia/Almaty", NOW)


def test_a_calendar_that_takes_its_events_back_cancels_them() -> None:
    text = calendar(TIMES, SCOPE).replace("VERSION:2.0", "VERSION:2.0\r\nMETHOD:CANCEL")
    assert read(text, "Asia/Almaty", NOW)[0].cancelled_at == NOW


def test_a_byte_order_mark_is_passed_over() -> None:
    assert read("\ufeff" + calendar(TIMES, SCOPE), "Asia/Almaty", NOW)[0].starts == wall(2026, 3, 3, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello", "no iCalendar"),
        ("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "has no VEVENT"),
        (calendar(TIMES), 'event "Line works": no scope; add X-OTTWATCH-SITES'),
        (calendar("DTSTART:20260303T020000", SCOPE), "DTEND: is missing, and so is DURATION"),
        (calendar("DTEND:20260303T020000", SCOPE), "DTSTART: is missing"),
        (calendar(TIMES, "DTSTART:20260304T020000", SCOPE), "DTSTART: is there twice"),
        (calendar(TIMES, SCOPE, "EXRULE:FREQ=WEEKLY"), "EXRULE: is not taken"),
        (calendar(TIMES, SCOPE, "X-MICROSOFT-RRULE:RSCALE=CHINESE;FREQ=YEARLY"), "X-MICROSOFT-RRULE: is not taken"),
        (calendar(TIMES, SCOPE, "RRULE:FREQ=HOURLY"), "recurrence: repeats within a day"),
        (calendar(TIMES, SCOPE).replace("UID:1@provider.example\r\n", ""), "UID: is missing"),
    ],
)
def test_what_is_not_understood_is_refused(text: str, message: str) -> None:
    with pytest.raises(WorksError, match=message):
        read(text, "Asia/Almaty", NOW)
