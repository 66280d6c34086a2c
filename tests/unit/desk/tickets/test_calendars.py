"""Working time against an oracle that walks through the minutes with a clock on the wall."""

import tomllib
from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.desk.core.calendar_settings import DAYS, CalendarSettings
from alerts.desk.core.settings import Settings, converter
from alerts.desk.tickets.calendars import business_hours, instant
from service.setting_types import ZoneName
from service.settings import Seconds, SettingsError, structure

MINUTE = timedelta(minutes=1)
LENGTH = 4 * 24 * 60

NIGHTS = [
    ("Asia/Almaty", date(2024, 2, 29)),  # Kazakhstan goes from +06 to +05 at midnight
    ("Asia/Almaty", date(2026, 3, 20)),  # Nauryz
    ("Asia/Almaty", date(2026, 12, 15)),  # the day before Independence Day
    ("Asia/Qyzylorda", date(2018, 12, 21)),  # from +06 to +05
    ("Europe/Berlin", date(2026, 3, 28)),
    ("Europe/Berlin", date(2026, 10, 24)),
    ("America/New_York", date(2026, 3, 7)),
    ("America/New_York", date(2026, 10, 31)),
    ("America/Santiago", date(2026, 9, 5)),  # the clocks go forward at midnight
    ("Australia/Lord_Howe", date(2026, 4, 4)),  # by half an hour
    ("Pacific/Apia", date(2011, 12, 29)),  # the clocks leave out a whole day
]


def clock(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def shifts(table: CalendarSettings, day: date, free: set[date]) -> list[tuple[int, int]]:
    """Return the hours of a day as the manual says, in minutes from its midnight."""
    if day.isoformat() in table.dates:
        texts: tuple[str, ...] = table.dates[day.isoformat()]
    else:
        name = DAYS[day.weekday()]
        usual = table.hours or (f"{table.opens or '09:00'}-{table.closes or '18:00'}",)
        if name in table.days:
            texts = table.weekdays.get(name, usual)
        else:
            first = next(each for each in DAYS if each in table.days)
            texts = table.weekdays.get(first, usual) if day.isoformat() in table.open_days else ()
        if day in free:
            texts = ()
    result = []
    for text in texts:
        opens, closes = map(clock, text.split("-"))
        result.append((opens, closes if closes > opens else closes + 24 * 60))
    minutes = [minute for opens, closes in result for minute in range(opens, closes)]
    if day.isoformat() not in table.dates and day + timedelta(days=1) in free:
        minutes = minutes[: max(0, len(minutes) - round(table.before_holiday / 60))]
    kept = set(minutes)
    return [
        (opens, max((minute for minute in range(opens, closes) if minute in kept), default=opens - 1) + 1)
        for opens, closes in result
        if opens in kept
    ]


def oracle(table: CalendarSettings, zone: ZoneInfo, first: date, free: set[date]) -> list[bool]:
    """Return for each minute from the first midnight in UTC whether it is worked.

    A shift begins when the clock on the wall first shows its beginning or more, and ends when it first shows its end.
    """
    plan = []
    for offset in range(-3, LENGTH // 1440 + 4):
        day = first + timedelta(days=offset)
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - what the wall shows
        plan += [(midnight + opens * MINUTE, midnight + closes * MINUTE) for opens, closes in shifts(table, day, free)]
    shown = shown_until(zone, first)
    result = [False] * LENGTH
    for opens, closes in plan:
        begin, end = (max(0, bisect_left(shown, moment) - 3 * 1440) for moment in (opens, closes))
        result[begin:end] = [True] * (min(end, LENGTH) - min(begin, LENGTH))
    return result


@cache
def shown_until(zone: ZoneInfo, first: date) -> list[datetime]:
    """Return for each minute, from three days before, the latest time that the clock on the wall has shown so far."""
    start = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(days=3)
    walls = [(start + minute * MINUTE).astimezone(zone).replace(tzinfo=None) for minute in range(3 * 1440 + LENGTH)]
    return list(accumulate(walls, max))


@st.composite
def hours(draw: st.DrawFn, *, night: bool) -> tuple[str, ...]:
    """Up to three intervals of a day, of which the last may run past midnight."""
    marks = sorted(draw(st.sets(st.integers(0, 95), min_size=2, max_size=6)))
    pairs = list(zip(marks[::2], marks[1::2], strict=False))
    texts = [f"{a * 15 // 60:02}:{a * 15 % 60:02}-{b * 15 // 60:02}:{b * 15 % 60:02}" for a, b in pairs]
    if night and marks[0] > 0 and pairs[-1][1] < 95:
        opens, closes = draw(st.integers(pairs[-1][1], 95)) * 15, draw(st.integers(0, marks[0])) * 15
        texts.append(f"{opens // 60:02}:{opens % 60:02}-{closes // 60:02}:{closes % 60:02}")
    return tuple(texts)


@st.composite
def tables(draw: st.DrawFn) -> tuple[CalendarSettings, ZoneInfo, date]:
    zone, first = draw(st.sampled_from(NIGHTS))
    days = tuple(draw(st.sets(st.sampled_from(DAYS), min_size=3)))
    near = [(first + timedelta(days=offset)).isoformat() for offset in range(-1, 4)]
    own = {day: draw(hours(night=False)) for day in days if draw(st.booleans())}
    dates = {day: draw(st.one_of(st.just(()), hours(night=True))) for day in draw(st.sets(st.sampled_from(near)))}
    rest = [day for day in near if day not in dates]
    closed = draw(st.sets(st.sampled_from(rest))) if rest else set()
    rest = [day for day in rest if day not in closed]
    try:
        table = CalendarSettings(
            days=days,
            hours=draw(hours(night=not own)),
            weekdays=own,
            dates=dates,
            before_holiday=Seconds(draw(st.sampled_from([0.0, 3600.0, 900.0]))),
            holidays="KZ" if zone == "Asia/Almaty" else "",
            closed=tuple(closed),
            open_days=tuple(draw(st.sets(st.sampled_from(rest)))) if rest else (),
        )
    except (ValueError, ExceptionGroup):  # such as a day that the time before a holiday leaves nothing of
        table = CalendarSettings(days=days, hours=("22:00-06:00",), holidays="", closed=tuple(closed), dates=dates)
    return table, ZoneInfo(zone), first


@given(tables(), st.integers(0, LENGTH - 1), st.integers(1, LENGTH - 1))
def test_working_time_is_what_the_clock_on_the_wall_says(
    case: tuple[CalendarSettings, ZoneInfo, date], begin: int, length: int
) -> None:
    table, zone, first = case
    calendar = business_hours(table, zone)
    free = {
        day
        for day in calendar.closed
        if day.isoformat() not in table.open_days and not table.dates.get(day.isoformat())
    }
    free |= {date.fromisoformat(day) for day in table.closed} - {date.fromisoformat(day) for day in table.open_days}
    worked = oracle(table, zone, first, free)
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    end = min(begin + length, LENGTH)
    expected = sum(worked[begin:end]) * 60
    assert calendar.working(start + begin * MINUTE, start + end * MINUTE) == expected
    if expected:
        reached = next(place for place, sum_of in enumerate(accumulate(worked[begin:])) if sum_of * 60 == expected)
        assert calendar.after(start + begin * MINUTE, expected) == start + (begin + reached + 1) * MINUTE


def test_a_time_that_the_clocks_leave_out_is_when_they_step_over_it() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert instant(date(2026, 3, 29), clock("02:30"), berlin) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert instant(date(2011, 12, 30), clock("12:00"), ZoneInfo("Pacific/Apia")) == datetime(
        2011, 12, 30, 10, tzinfo=UTC
    )


def test_a_time_that_the_clocks_show_twice_is_the_first() -> None:
    almaty = ZoneInfo("Asia/Almaty")
    assert instant(date(2024, 2, 29), clock("23:30"), almaty) == datetime(2024, 2, 29, 17, 30, tzinfo=UTC)
    assert instant(date(2024, 2, 29), clock("24:00"), almaty) == datetime(2024, 2, 29, 19, tzinfo=UTC)


def test_a_vendor_elsewhere_works_by_its_own_clocks() -> None:
    table = CalendarSettings(time_zone=ZoneName("Europe/Moscow"), holidays="")
    calendar = business_hours(table, ZoneInfo("Asia/Almaty"))
    assert calendar.after(datetime(2026, 11, 25, tzinfo=UTC), 3600) == datetime(2026, 11, 25, 7, tzinfo=UTC)


def test_a_working_saturday_by_decree_before_a_holiday_is_short() -> None:
    table = CalendarSettings(
        weekdays={"friday": ("09:00-17:00",)}, open_days=("2026-03-07",), closed=("2026-03-08",),
        before_holiday=Seconds(3600.0), holidays="",
    )  # fmt: skip
    calendar = business_hours(table, ZoneInfo("UTC"))
    saturday = datetime(2026, 3, 7, tzinfo=UTC)
    assert calendar.working(saturday, saturday + timedelta(days=1)) == 8 * 3600


def test_a_free_day_that_works_by_decree_has_its_own_weekdays_hours() -> None:
    table = CalendarSettings(weekdays={"friday": ("09:00-12:00",)}, open_days=("2026-05-01",))
    friday = datetime(2026, 4, 30, 19, tzinfo=UTC)
    assert business_hours(table, ZoneInfo("Asia/Almaty")).working(friday, friday + timedelta(days=1)) == 3 * 3600


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('hours = ["09:00 to 13:00"]', 'hours: "09:00 to 13:00" is not an interval; write for example "09:00-13:00"'),
        ('hours = ["9-13"]', 'hours: "9-13" is not an interval'),
        ('hours = ["09:00-25:00"]', 'hours "25:00" is not an hour'),
        ('hours = ["09:00-14:00", "13:00-18:00"]', 'hours: "13:00-18:00" begins before "09:00-14:00" ends'),
        ('hours = ["14:00-18:00", "09:00-13:00"]', 'hours: "09:00-13:00" begins before "14:00-18:00" ends'),
        ('hours = ["22:00-06:00", "07:00-08:00"]', 'hours: "07:00-08:00" begins before "22:00-06:00" ends'),
        ('hours = ["08:00-08:00"]', 'hours: "08:00" is both beginning and end; write a whole day as 00:00 to 24:00'),
        ('opens = "08:00"\ncloses = "08:00"', 'opens and closes: "08:00" is both beginning and end'),
        ('hours = ["09:00-13:00"]\nopens = "09:00"', "write either hours, or opens and closes"),
        ('weekdays = { fri = ["09:00-13:00"] }', "no such day: fri; write monday … sunday"),
        ('weekdays = { saturday = ["09:00-13:00"] }', "weekdays.saturday: saturday is not among days; add it there"),
        ("weekdays = { friday = [] }", "weekdays.friday is empty; take friday out of days"),
        ('weekdays = { friday = ["x"] }', 'weekdays.friday: "x" is not an interval'),
        ('dates = { "31.12." = [] }', 'dates: "31.12." is not a day; write for example'),
        ('dates = { "2026-12-31" = ["x"] }', 'dates.2026-12-31: "x" is not an interval'),
        ('dates = { "2026-12-31" = [] }\nclosed = ["2026-12-31"]', "write it in one place"),
        ('closed = ["2026-12-31"]\nopen_days = ["2026-12-31"]', "both among closed and among open_days"),
        ('before_holiday = "9h"', "before_holiday leaves nothing of a working day of 540 minutes"),
        ('before_holiday = "90s"', "before_holiday is not a whole number of minutes"),
        (
            'hours = ["22:00-06:00"]\nweekdays = { friday = ["05:00-13:00"] }',
            "thursday ends at 06:00 of friday, which begins at 05:00 already",
        ),
        ('time_zone = "Almaty"', '"Almaty" is not a time zone'),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_remedy(text: str, problem: str) -> None:
    raw = tomllib.loads(f"[calendars.shift]\n{text}\n")
    with pytest.raises(SettingsError) as caught:
        structure(raw, Settings, Path("desk.toml"), converter())
    (fault,) = caught.value.faults
    assert fault.key.startswith("calendars.shift")
    assert problem in fault.problem


def test_several_faults_of_a_calendar_are_told_at_once() -> None:
    raw = {"calendars": {"shift": {"hours": ["x"], "closed": ["y"]}}}
    with pytest.raises(SettingsError) as caught:
        structure(raw, Settings, Path("desk.toml"), converter())
    assert len(caught.value.faults) == 2
