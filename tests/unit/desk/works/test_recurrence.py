"""Rules of recurrence: what would never end or never come is refused before it is stored, and the part is named."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts.desk.works.ical import read
from alerts.desk.works.recurrence import RecurrenceError, check
from alerts.desk.works.window_checks import checked_windows
from alerts.desk.works.windows import windows
from alerts.desk.works.works import Scope, Works, WorksError, checked

STARTS = datetime(2026, 12, 1, 2, 0)  # noqa: DTZ001 - wall-clock time
MIDNIGHT = datetime(2026, 12, 1)  # noqa: DTZ001 - wall-clock time
NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            "FREQ=MONTHLY;INTERVAL=0;BYDAY=MO;BYMONTHDAY=1;UNTIL=20261231T200000Z",
            "INTERVAL=0 is no number of 1 or more",
        ),
        ("FREQ=WEEKLY;INTERVAL=0;BYDAY=MO,TU", "INTERVAL=0"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL=-1"),
        ("FREQ=DAILY;COUNT=0", "COUNT=0"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "BYMONTHDAY=30 does not exist in the months of BYMONTH"),
        ("FREQ=YEARLY;BYMONTH=4,6;BYMONTHDAY=31,-31", "BYMONTHDAY=31 does not exist"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY=32 is not between -31 and 31"),
        ("FREQ=YEARLY;BYMONTH=13", "is no rule|BYMONTH=13"),
        ("FREQ=YEARLY;BYMONTH=0;BYMONTHDAY=1", "is no rule|BYMONTH=0"),
        ("FREQ=YEARLY;BYWEEKNO=54", "BYWEEKNO=54"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", "BYSETPOS=0"),
        ("FREQ=MONTHLY;BYDAY=6MO", "BYDAY=6MO never comes; give a weekday from 1 to 5"),
        ("RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=FORWARD", "RSCALE is not taken"),
        ("FREQ=WEEKLY;BYDAY=1TU", "BYDAY=1TU is a weekday of a month or year, and FREQ=WEEKLY has neither"),
        ("FREQ=DAILY;BYDAY=-1SU", "BYDAY=-1SU is a weekday"),
        ("FREQ=YEARLY;BYWEEKNO=10;BYDAY=1MO", "BYDAY=1MO is a weekday"),
        ("FREQ=YEARLY;BYWEEKNO=10", "BYWEEKNO without BYDAY does not say on which day of the week"),
        ("FREQ=MONTHLY;BYYEARDAY=-1;BYMONTHDAY=-1", "BYYEARDAY cannot go with FREQ=MONTHLY"),
        ("FREQ=WEEKLY;BYMONTHDAY=13", "BYMONTHDAY cannot go with FREQ=WEEKLY"),
        ("FREQ=DAILY;BYWEEKNO=10;BYDAY=MO", "BYWEEKNO cannot go with FREQ=DAILY"),
        ("FREQ=DAILY;UNTIL=20261203T020000;COUNT=2", "COUNT and UNTIL are both there"),
        ("FREQ=DAILY;UNTIL=20261130T205959Z", "UNTIL=20261201T015959 is before the first window"),
        ("FREQ=DAILY;UNTIL=20261203", "UNTIL=20261203 does not say .* UNTIL=20261203T020000"),
    ],
)
def test_a_rule_that_never_ends_or_never_comes_is_refused(rule: str, message: str) -> None:
    with pytest.raises(RecurrenceError, match=message):
        check(rule, STARTS, ZoneInfo("Asia/Almaty"))
    works = Works("t", Scope(sites=("a",)), STARTS, STARTS + timedelta(hours=4), "Asia/Almaty", rule)
    with pytest.raises(WorksError, match=f"recurrence: .*({message})"):
        checked(works)


@pytest.mark.parametrize(
    ("rule", "starts"),
    [
        ("FREQ=MONTHLY", datetime(2027, 1, 31, 2)),  # noqa: DTZ001 - wall-clock time
        ("FREQ=YEARLY", datetime(2024, 2, 29, 2)),  # noqa: DTZ001 - wall-clock time
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", STARTS),
        ("FREQ=MONTHLY;BYDAY=-1SU", STARTS),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;WKST=SU", STARTS),
        ("FREQ=YEARLY;BYDAY=20MO", STARTS),
        ("FREQ=YEARLY;BYEASTER=0", STARTS),
        ("FREQ=DAILY;COUNT=3", STARTS),
        ("FREQ=DAILY;UNTIL=20261203T020000", STARTS),
        ("FREQ=DAILY;UNTIL=20261202T210000Z", STARTS),
        ("FREQ=DAILY;UNTIL=20261203", MIDNIGHT),
        ("FREQ=DAILY;UNTIL=20261201", MIDNIGHT),
        ("FREQ=DAILY;UNTIL=20261130T210000Z", STARTS),
        ("FREQ=YEARLY;BYWEEKNO=10;BYDAY=MO", STARTS),
        ("FREQ=DAILY;UNTIL=99991231T235959Z", STARTS),  # later than the last day of all in Almaty
        ("FREQ=DAILY;UNTIL=99991231T235959", STARTS),
        ("FREQ=WEEKLY;BYDAY=TU;", STARTS),
        ("freq=daily;count=2", STARTS),
    ],
)
def test_other_rules_have_windows(rule: str, starts: datetime) -> None:
    works = Works("t", Scope(sites=("a",)), starts, starts + timedelta(hours=4), "Asia/Almaty", rule, approver="x")
    assert windows(checked_windows(checked(works)), NOW, NOW + timedelta(days=800))


@pytest.mark.parametrize(
    ("rule", "starts"),
    [
        ("FREQ=DAILY;BYSETPOS=2", STARTS),
        ("FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2", STARTS),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6", STARTS),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=WE", STARTS),  # it begins on a Tuesday
        ("FREQ=YEARLY;BYYEARDAY=366;BYMONTH=1", STARTS),
        ("FREQ=YEARLY;BYMONTH=6;BYWEEKNO=1;BYDAY=MO;COUNT=3", STARTS),
        ("FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29", datetime(2025, 12, 1, 2)),  # noqa: DTZ001 - wall-clock time
        ("FREQ=YEARLY;INTERVAL=8000", STARTS),
    ],
)
def test_a_rule_that_holds_up_every_webhook_looking_for_its_next_window_is_refused(rule: str, starts: datetime) -> None:
    works = checked(Works("t", Scope(sites=("a",)), starts, starts + timedelta(hours=4), "Asia/Almaty", rule))
    with pytest.raises(WorksError, match="recurrence: never comes again after the first window"):
        checked_windows(works)


@pytest.mark.parametrize("year", [1, 1969, 2200, 9999])
def test_a_year_that_no_works_have_is_refused(year: int) -> None:
    starts = datetime(year, 12, 31, 20)  # noqa: DTZ001 - wall-clock time
    with pytest.raises(WorksError, match="starts, ends: give a year from 1970 to 2199"):
        checked(Works("t", Scope(sites=("a",)), starts, starts + timedelta(hours=2), "Asia/Almaty", "FREQ=DAILY"))


def test_an_event_of_a_calendar_is_refused_before_its_windows_are_asked_for() -> None:
    lines = (
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//provider//EN", "BEGIN:VEVENT", "UID:1", "SUMMARY:Line works",
        "X-OTTWATCH-SITES:almaty", "DTSTART:20261201T020000", "DTEND:20261201T060000",
        "RRULE:FREQ=WEEKLY;UNTIL=20270325T093000Z;INTERVAL=0;BYDAY=MO,TU,WE,TH,FR;WKST=SU",
        "END:VEVENT", "END:VCALENDAR", "",
    )  # fmt: skip
    with pytest.raises(WorksError, match='event "Line works": recurrence: INTERVAL=0 is no number of 1 or more'):
        read("\r\n".join(lines), "Asia/Almaty", NOW)
