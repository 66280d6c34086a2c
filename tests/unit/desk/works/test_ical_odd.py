"""Calendars as other programs and people write them: what cannot be read as it was meant is refused by its name."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts.desk.works.ical import read
from alerts.desk.works.ical_lines import decoded
from alerts.desk.works.windows import windows
from alerts.desk.works.works import WorksError

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TIMES = "DTSTART:20260303T020000\nDTEND:20260303T060000"
DAILY = f"{TIMES}\nRRULE:FREQ=DAILY"
ALL_DAY = "DTSTART;VALUE=DATE:20260303"


def calendar(lines: str, head: str = "") -> str:
    text = (
        f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//provider//EN\n{head}BEGIN:VEVENT\nUID:1@provider.example\n"
        f"DTSTAMP:20260301T000000Z\nSUMMARY:Line works\n{lines}\nX-OTTWATCH-SITES:astana\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    return text.replace("\n", "\r\n")


def begins(text: str, days: int = 5) -> list[str]:
    (works,) = read(text, "Asia/Almaty", NOW)
    found = windows(works, NOW, NOW + timedelta(days=days))
    return [f"{each.starts + timedelta(hours=5):%d %H:%M}" for each in found]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (f"{TIMES}\nRRULE:every tuesday", '"every tuesday" is not a name and its value'),
        (f"{TIMES}\nRRULE:", "RRULE: is empty"),
        (f"{TIMES}\nRRULE:FREQ=WEEKLY;BYDAY", '"BYDAY" is not a name and its value'),
        (f"{TIMES}\nRRULE:FREQ=WEEKLY;FREQ=DAILY", "FREQ is there twice"),
        (f"{TIMES}\nRRULE:FREQ=WEKLY", '"FREQ=WEKLY" is no rule'),
        (f"{DAILY}\nRRULE:FREQ=WEEKLY", "RRULE: is there twice"),
        (f"{DAILY}\nEXDATE:tomorrow", 'EXDATE: "tomorrow" is no moment'),
        (f"{DAILY}\nEXDATE:P1D", 'EXDATE: "P1D" is no moment'),
        (f"{DAILY}\nEXDATE;VALUE=PERIOD:20260304T020000/PT1H", 'EXDATE: "20260304T020000/PT1H" is no moment'),
        (f"{DAILY}\nEXDATE;TZID=Europe/Berlin:99991231T235959", "a time in it is beyond the years that there are"),
        (f"{DAILY}\nEXDATE 20260304T020000", "EXDATE: its line cannot be read"),
        ("DTSTART:20260303T020000\nDURATION:4h", "DURATION: is no length of time"),
        ("DTSTART:20260303T020000\nDURATION:PT4H\nDURATION:PT2H", "DURATION: is there twice"),
        (f"{TIMES}\nDURATION:PT2H", "DTEND and DURATION: are both there, and contradict each other"),
        (f"{TIMES}\nSTATUS:CANCELED", 'STATUS: is "CANCELED"; give TENTATIVE, CONFIRMED or CANCELLED'),
        (f"{TIMES}\nSTATUS:CONFIRMED\nSTATUS:CANCELLED", "STATUS: is there twice"),
        (
            "DTSTART;TZID=Asia/Almaty:20260303T020000Z\nDURATION:PT4H",
            'DTSTART: names the time zone "Asia/Almaty" and ends with Z',
        ),
        (f"{DAILY}\nEXDATE;TZID=Asia/Almaty:20260304T020000Z", "EXDATE: names the time zone"),
    ],
)
def test_a_line_that_would_be_passed_over_is_refused(lines: str, message: str) -> None:
    with pytest.raises(WorksError, match=f'event "Line works": .*{message}'):
        read(calendar(lines), "Asia/Almaty", NOW)


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Support\r\nEND:VCARD\r\n",
        "BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260303T020000Z\r\nDURATION:PT4H\r\nEND:VEVENT\r\n",
        calendar(TIMES).replace("END:VEVENT", "BEGIN:VEVENT").replace("END:VCALENDAR\r\n", ""),
        "BEGIN:VCALENDAR\r\nTZID;VALUE=DATE:P1D\r\nEND:VTIMEZONE\r\n",
    ],
    ids=["a card", "an event alone", "an event that does not end", "a zone that does not begin"],
)
def test_other_files_are_refused(text: str) -> None:
    with pytest.raises(WorksError, match=r"this is no iCalendar|has no VEVENT"):
        read(text, "Asia/Almaty", NOW)


@pytest.mark.parametrize("method", ["REPLY", "COUNTER", "ADD", "REFRESH", "DECLINECOUNTER", "x"])
def test_messages_that_plan_nothing_are_refused(method: str) -> None:
    with pytest.raises(WorksError, match=f'METHOD: is "{method.upper()}", an answer or a part of a plan'):
        read(calendar(TIMES, f"METHOD:{method}\n"), "Asia/Almaty", NOW)
    for taken in ("PUBLISH", "request"):
        assert len(read(calendar(TIMES, f"METHOD:{taken}\n"), "Asia/Almaty", NOW)) == 1


def test_several_calendars_in_one_file_are_refused() -> None:
    with pytest.raises(WorksError, match="the file holds several calendars; give each in a file of its own"):
        read(calendar(TIMES) + calendar(TIMES), "Asia/Almaty", NOW)


@pytest.mark.parametrize(
    "skipped",
    [
        "EXDATE:20260304T030000",  # the hour of another series
        "EXDATE:20260304T020000Z",  # in UTC what was meant locally
        "EXDATE;TZID=Europe/Moscow:20260304T020000",
        "EXDATE:20260304T020000,20260305T020001",
    ],
)
def test_a_window_left_out_that_is_none_is_refused(skipped: str) -> None:
    with pytest.raises(WorksError, match=r"skipped: no window begins at 2026-03-0[45] "):
        read(calendar(f"{DAILY}\n{skipped}"), "Asia/Almaty", NOW)


def test_a_day_between_the_windows_is_refused_too() -> None:
    with pytest.raises(WorksError, match="no window begins at 2026-03-12 02:00"):
        read(calendar(f"{TIMES}\nRRULE:FREQ=WEEKLY\nEXDATE:20260312T020000"), "Asia/Almaty", NOW)


@pytest.mark.parametrize("skipped", ["20260217T020000", "20260310T020000"], ids=["before the series", "after its end"])
def test_what_a_series_keeps_of_an_earlier_one_changes_nothing(skipped: str) -> None:
    text = calendar(f"{TIMES}\nRRULE:FREQ=DAILY;COUNT=2\nEXDATE:{skipped}")
    assert begins(text) == ["03 02:00", "04 02:00"]


def test_works_whose_only_window_is_left_out_are_refused() -> None:
    with pytest.raises(WorksError, match="leaves out the only window"):
        read(calendar(f"{TIMES}\nEXDATE:20260303T020000"), "Asia/Almaty", NOW)


@pytest.mark.parametrize(
    "lines",
    [
        f"{DAILY}\nEXDATE;VALUE=DATE:20260304",
        f"{DAILY}\nEXDATE:20260304T020000\nEXDATE:20260304T020000",
        f"{DAILY}\nEXDATE:20260303T210000Z",
        f"{DAILY}\nEXDATE;TZID=Europe/Moscow:20260304T000000",
    ],
)
def test_the_window_left_out_in_any_form(lines: str) -> None:
    assert begins(calendar(lines), 3) == ["03 02:00"]


def test_days_without_times() -> None:
    assert begins(calendar(f"{ALL_DAY}\nRRULE:FREQ=DAILY\nEXDATE;VALUE=DATE:20260304"), 3) == ["03 00:00"]
    (works,) = read(calendar(ALL_DAY), "Asia/Almaty", NOW)
    assert works.ends - works.starts == timedelta(days=1)


@pytest.mark.parametrize(
    ("head", "zone"),
    [
        ("X-WR-TIMEZONE:Europe/Moscow\n", "Europe/Moscow"),
        ("X-WR-TIMEZONE:Russian Standard Time\n", "Europe/Moscow"),
        ("X-WR-TIMEZONE:\n", "Asia/Almaty"),
    ],
)
@pytest.mark.parametrize("lines", [TIMES, ALL_DAY])
def test_times_without_a_zone_are_in_that_of_the_calendar(head: str, zone: str, lines: str) -> None:
    (works,) = read(calendar(lines, head), "Asia/Almaty", NOW)
    assert works.time_zone == zone


def test_a_calendar_in_a_zone_that_nobody_knows_is_refused() -> None:
    with pytest.raises(WorksError, match='X-WR-TIMEZONE: its time zone "Nowhere" is not known'):
        read(calendar(TIMES, "X-WR-TIMEZONE:Nowhere\n"), "Asia/Almaty", NOW)
    in_utc = calendar("DTSTART;TZID=UTC:20260303T020000Z\nDURATION:PT4H", "X-WR-TIMEZONE:Nowhere\n")
    assert read(in_utc, "Asia/Almaty", NOW)[0].time_zone == "Etc/UTC"


def test_lines_folded_within_a_letter() -> None:
    title = "Замена оптического усилителя на узле Караганда-2, перерыв до четырёх часов"
    text = calendar(TIMES).replace("SUMMARY:Line works", f"SUMMARY:{title}").encode()
    folded = b"".join(
        b"\r\n ".join([line[:75], *(line[at : at + 74] for at in range(75, len(line), 74))]) + b"\r\n"
        for line in text.split(b"\r\n")[:-1]
    )
    with pytest.raises(UnicodeDecodeError):
        folded.decode()
    assert read(decoded(folded), "Asia/Almaty", NOW)[0].title == title
    with pytest.raises(WorksError, match="its text is not UTF-8; save it in UTF-8"):
        decoded(text.decode().encode("windows-1251"))
