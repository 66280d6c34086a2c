"""Single windows of a series that were moved, changed or cancelled, and lists of dates, as calendars write them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import recurring_ical_events
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from alerts.desk.works.ical import read, written
from alerts.desk.works.windows import windows
from alerts.desk.works.works import Scope, Works, WorksError

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ALMATY = ZoneInfo("Asia/Almaty")
SCOPE = "X-OTTWATCH-SITES:astana\nX-OTTWATCH-APPROVER:Айгерим"
SERIES = f"DTSTART;TZID=Asia/Almaty:20260303T020000\nDTEND;TZID=Asia/Almaty:20260303T060000\nRRULE:FREQ=WEEKLY\n{SCOPE}"
MOVED = "DTSTART;TZID=Asia/Almaty:20260311T230000\nDTEND;TZID=Asia/Almaty:20260312T010000"
INSTANCE = "RECURRENCE-ID;TZID=Asia/Almaty:20260310T020000"


def event(lines: str, uid: str = "1@provider.example") -> str:
    return f"BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20260301T000000Z\nSUMMARY:Line works\n{lines}\nEND:VEVENT\n"


def calendar(*events: str, head: str = "") -> str:
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//provider//EN\n{head}{''.join(events)}END:VCALENDAR\n"
    return text.replace("\n", "\r\n")


def begins(all_works: Sequence[Works], days: int = 19) -> list[str]:
    """Return when the windows in force begin, in Almaty."""
    found = [each for works in all_works if works.in_force for each in windows(works, NOW, NOW + timedelta(days=days))]
    return [f"{each.starts.astimezone(ALMATY):%d %H:%M}-{each.ends.astimezone(ALMATY):%H:%M}" for each in sorted(found)]


STAYS = ["03 02:00-06:00", "10 02:00-06:00", "17 02:00-06:00"]
MOVES = ["03 02:00-06:00", "11 23:00-01:00", "17 02:00-06:00"]
EXCHANGE = """BEGIN:VTIMEZONE
TZID:Qyzylorda Standard Time
BEGIN:STANDARD
DTSTART:16010101T000000
TZOFFSETFROM:+0500
TZOFFSETTO:+0500
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T000000
TZOFFSETFROM:+0500
TZOFFSETTO:+0500
END:DAYLIGHT
END:VTIMEZONE
"""


@pytest.mark.parametrize(
    "changed",
    [
        f"{MOVED}\n{INSTANCE}\nSTATUS:CONFIRMED\nSEQUENCE:2\n{SCOPE}",  # Google, Thunderbird, Nextcloud
        f"{MOVED}\nRECURRENCE-ID:20260309T210000Z",  # in UTC
        f"{MOVED}\nRECURRENCE-ID;TZID=Europe/Moscow:20260310T000000",  # in the zone of whoever moved it
        "DTSTART:20260311T180000Z\nDTEND:20260311T200000Z\nRECURRENCE-ID:20260309T210000Z",
        f"{MOVED}\nRECURRENCE-ID:20260310T020000",  # without a zone: in that of the series
        f"{MOVED}\nRECURRENCE-ID;VALUE=DATE:20260310",
        f"{MOVED}\n{INSTANCE}\nRRULE:FREQ=WEEKLY",  # the rule of the series, copied
    ],
)
@pytest.mark.parametrize("order", [1, -1], ids=["series first", "window first"])
def test_a_window_that_was_moved_takes_place_once_and_where_it_is_now(changed: str, order: int) -> None:
    text = calendar(*[event(SERIES), event(changed)][::order])
    series, window = read(text, "Asia/Almaty", NOW)
    assert begins([series, window]) == MOVES
    assert (series.uid, window.series, window.instance) == (
        "1@provider.example",
        "1@provider.example",
        datetime(2026, 3, 9, 21, tzinfo=UTC),
    )
    assert (window.scope, window.approver) == (series.scope, series.approver)


def test_a_window_that_was_moved_by_outlook() -> None:
    series = SERIES.replace("TZID=Asia/Almaty", "TZID=Qyzylorda Standard Time")
    moved = f"{MOVED}\n{INSTANCE}\nX-MICROSOFT-CDO-INSTTYPE:3".replace("Asia/Almaty", "Qyzylorda Standard Time")
    text = calendar(EXCHANGE, event(series), event(moved), head="METHOD:PUBLISH\n")
    assert begins(read(text, "Asia/Almaty", NOW)) == MOVES


def test_days_that_were_moved() -> None:
    series = f"DTSTART;VALUE=DATE:20260303\nRRULE:FREQ=DAILY;COUNT=2\n{SCOPE}"
    moved = "DTSTART;VALUE=DATE:20260307\nDTEND;VALUE=DATE:20260308\nRECURRENCE-ID;VALUE=DATE:20260304"
    found = read(calendar(event(series), event(moved)), "Asia/Almaty", NOW)
    assert begins(found) == ["03 00:00-00:00", "07 00:00-00:00"]


def test_days_that_exchange_names_by_midnight_of_the_mailbox() -> None:
    zone = EXCHANGE.replace("Qyzylorda", "Russian").replace("+0500", "+0300")
    midnight = "TZID=Russian Standard Time:2026030{}T000000"
    series = f"DTSTART;VALUE=DATE:20260303\nRRULE:FREQ=DAILY;COUNT=4\nEXDATE;{midnight.format(5)}\n{SCOPE}"
    moved = f"DTSTART;VALUE=DATE:20260309\nDTEND;VALUE=DATE:20260310\nRECURRENCE-ID;{midnight.format(4)}"
    found = read(calendar(zone, event(series), event(moved)), "Asia/Almaty", NOW)
    assert begins(found) == ["03 00:00-00:00", "06 00:00-00:00", "09 00:00-00:00"]


def test_a_changed_window_has_what_it_says_itself() -> None:
    changed = (
        f"{MOVED}\n{INSTANCE}\nX-OTTWATCH-ELEMENTS:edge-1\nDESCRIPTION:\nSTATUS:TENTATIVE\nX-OTTWATCH-CONFIRM-END:TRUE"
    )
    text = calendar(event(f"{SERIES}\nDESCRIPTION:No service"), event(changed.replace("Line", "Other")))
    series, window = read(text, "Asia/Almaty", NOW)
    assert (window.scope, window.approver, window.impact) == (Scope(elements=("edge-1",)), "", "")
    assert (window.confirm_end, series.confirm_end, series.impact) == (True, False, "No service")
    assert begins([series, window]) == ["03 02:00-06:00", "17 02:00-06:00"]


@pytest.mark.parametrize(
    ("cancelled", "head"),
    [
        (f"{INSTANCE}\nSTATUS:CANCELLED\nDTSTART;TZID=Asia/Almaty:20260310T020000\nDURATION:PT4H", ""),
        (f"{INSTANCE}\nSTATUS:CANCELLED", ""),
    ],
)
def test_a_window_that_was_cancelled_does_not_take_place(cancelled: str, head: str) -> None:
    found = read(calendar(event(SERIES), event(cancelled), head=head), "Asia/Almaty", NOW)
    assert begins(found) == ["03 02:00-06:00", "17 02:00-06:00"]


def test_a_message_about_one_window_changes_the_series_that_is_known() -> None:
    known = read(calendar(event(SERIES)), "Asia/Almaty", NOW)
    moved = read(calendar(event(f"{MOVED}\n{INSTANCE}"), head="METHOD:REQUEST\n"), "Asia/Almaty", NOW, known)
    assert begins(moved) == MOVES
    again = read(calendar(event(f"{MOVED}\n{INSTANCE}")), "Asia/Almaty", NOW, moved)
    assert again == moved[1:]
    message = calendar(event(INSTANCE), head="METHOD:CANCEL\n")
    (series,) = read(message, "Asia/Almaty", NOW, known)
    assert begins([series]) == ["03 02:00-06:00", "17 02:00-06:00"]
    (window,) = read(message, "Asia/Almaty", NOW, moved)
    assert (window.uid, window.cancelled_at) == (moved[1].uid, NOW)


def test_a_message_that_cancels_the_series_needs_to_say_no_more_than_its_uid() -> None:
    known = read(calendar(event(SERIES), event(f"{MOVED}\n{INSTANCE}")), "Asia/Almaty", NOW)
    for lines in ("SEQUENCE:3", SERIES.replace(SCOPE, "SEQUENCE:3")):
        found = read(calendar(event(lines), head="METHOD:CANCEL\n"), "Asia/Almaty", NOW, known)
        assert [(each.uid, each.scope, each.cancelled_at) for each in found] == [
            (each.uid, each.scope, NOW) for each in known
        ]


def test_a_window_whose_series_nobody_knows_is_works_of_its_own() -> None:
    text = calendar(event(f"{MOVED}\n{INSTANCE}\n{SCOPE}"))
    (window,) = read(text, "Asia/Almaty", NOW)
    assert begins([window]) == ["11 23:00-01:00"]
    later = read(calendar(event(SERIES), event(f"{MOVED}\n{INSTANCE}\n{SCOPE}")), "Asia/Almaty", NOW, [window])
    assert (later[1], begins(later)) == (window, MOVES)
    cancelled = calendar(event(INSTANCE), head="METHOD:CANCEL\n")
    assert [each.cancelled_at for each in read(cancelled, "Asia/Almaty", NOW, [window])] == [NOW]
    with pytest.raises(WorksError, match="neither the series nor this window of it is known"):
        read(cancelled, "Asia/Almaty", NOW)


def test_a_window_that_was_moved_back_is_cancelled_as_works_of_its_own() -> None:
    known = read(calendar(event(SERIES), event(f"{MOVED}\n{INSTANCE}")), "Asia/Almaty", NOW)
    series, window = read(calendar(event(SERIES)), "Asia/Almaty", NOW, known)
    assert begins([series, window]) == STAYS
    assert (window.uid, window.cancelled_at) == (known[1].uid, NOW)
    over = datetime(2026, 3, 20, tzinfo=UTC)  # what has taken place stays as it was
    assert [each.series for each in read(calendar(event(SERIES)), "Asia/Almaty", over, known)] == [""]


@pytest.mark.parametrize(
    ("series", "changed", "message"),
    [
        (
            SERIES,
            f"{MOVED}\nRECURRENCE-ID;TZID=Asia/Almaty:20260311T020000",
            "no window of the series begins at 2026-03-11",
        ),
        (SERIES, f"{MOVED}\nRECURRENCE-ID:20260310T020000Z", "no window of the series begins at 2026-03-10 07:00"),
        (
            SERIES,
            f"{MOVED}\nRECURRENCE-ID;TZID=Asia/Almaty:20260224T020000",
            "no window of the series begins at 2026-02-24",
        ),
        (SERIES, f"{MOVED}\nRECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Asia/Almaty:20260310T020000", "RANGE"),
        (SERIES, f"{MOVED}\nRECURRENCE-ID:soon", "RECURRENCE-ID: is no moment"),
        (SERIES, f"{MOVED}\n{INSTANCE}\n{INSTANCE}", "RECURRENCE-ID: is there twice; delete one of them"),
        (SERIES, f"{MOVED}\nRECURRENCE-ID 20260310", "RECURRENCE-ID: its line cannot be read"),
        (SERIES, f"{MOVED}\n{INSTANCE}\nRRULE:FREQ=DAILY", "RRULE: a changed window takes place once"),
        (SERIES, f"{MOVED}\n{INSTANCE}\nRDATE:20260313T020000", "RDATE: a changed window takes place once"),
        (SERIES, INSTANCE, "DTSTART: is missing"),
        (
            f"{SERIES}\nEXDATE;TZID=Asia/Almaty:20260310T020000",
            f"{MOVED}\n{INSTANCE}",
            "EXDATE and RECURRENCE-ID: the window of 2026-03-10 02:00",
        ),
        (SERIES.replace("RRULE:FREQ=WEEKLY\n", ""), f"{MOVED}\n{INSTANCE}", "take place once"),
    ],
)
def test_a_change_of_which_it_is_not_clear_what_it_changes_is_refused(series: str, changed: str, message: str) -> None:
    with pytest.raises(WorksError, match=f'event "Line works": .*{message}'):
        read(calendar(event(series), event(changed)), "Asia/Almaty", NOW)


def test_of_several_versions_of_an_event_the_latest_counts() -> None:
    earlier = f"DTSTART;TZID=Asia/Almaty:20260313T120000\nDURATION:PT1H\n{INSTANCE}\nSEQUENCE:1"
    versions = [
        event(f"{MOVED}\n{INSTANCE}\nSEQUENCE:10"),
        event(earlier),
        event(earlier.replace("SEQUENCE:1", "SEQUENCE:2")),
    ]
    series = [event(f"{SERIES}\nSEQUENCE:3"), event(f"{SERIES.replace('WEEKLY', 'DAILY')}\nSEQUENCE:2"), event(SERIES)]
    for order in (1, -1):
        assert begins(read(calendar(*[*series, *versions][::order]), "Asia/Almaty", NOW)) == MOVES
    with pytest.raises(WorksError, match='SEQUENCE: is "one", no whole number'):
        read(calendar(event(f"{SERIES}\nSEQUENCE:one")), "Asia/Almaty", NOW)
    with pytest.raises(WorksError, match=r'the UID "1@provider\.example" is there twice'):
        read(calendar(event(SERIES), event(f"{SERIES}\nSEQUENCE:0")), "Asia/Almaty", NOW)


def test_two_changes_of_one_window_are_refused() -> None:
    moved = event(f"{MOVED}\n{INSTANCE}")
    with pytest.raises(WorksError, match="RECURRENCE-ID: is there twice; delete one of the events"):
        read(calendar(event(SERIES), moved, moved.replace("SUMMARY", "SEQUENCE:0\nSUMMARY")), "Asia/Almaty", NOW)


ONCE = SERIES.replace("RRULE:FREQ=WEEKLY\n", "")


@pytest.mark.parametrize(
    ("dates", "wanted"),
    [
        ("RDATE;TZID=Asia/Almaty:20260305T020000,20260307T100000", ["05 02:00-06:00", "07 10:00-14:00"]),
        ("RDATE:20260304T210000Z\nRDATE:20260307T050000Z", ["05 02:00-06:00", "07 10:00-14:00"]),
        ("RDATE:20260305T020000", ["05 02:00-06:00"]),
        ("RDATE;TZID=Asia/Almaty:20260303T020000,20260305T020000,20260305T020000", ["05 02:00-06:00"]),
        (
            "RDATE;VALUE=PERIOD:20260304T210000Z/PT4H,20260306T210000Z/20260306T223000Z",
            ["05 02:00-06:00", "07 02:00-03:30"],
        ),
        ("RDATE:20260305T020000,20260307T020000\nEXDATE:20260305T020000", ["07 02:00-06:00"]),
    ],
)
def test_dates_that_are_listed(dates: str, wanted: list[str]) -> None:
    assert begins(read(calendar(event(f"{ONCE}\n{dates}")), "Asia/Almaty", NOW)) == ["03 02:00-06:00", *wanted]
    with_rule = read(
        calendar(event(f"{SERIES};COUNT=1\n{dates}".replace(f"\n{SCOPE};COUNT=1", f";COUNT=1\n{SCOPE}"))), "UTC", NOW
    )
    assert begins(with_rule) == ["03 02:00-06:00", *wanted]


def test_days_that_are_listed_and_one_of_them_moved() -> None:
    lines = f"DTSTART;VALUE=DATE:20260303\nRDATE;VALUE=DATE:20260305,20260308\n{SCOPE}"
    moved = "DTSTART;VALUE=DATE:20260309\nRECURRENCE-ID;VALUE=DATE:20260308"
    found = read(calendar(event(lines), event(moved)), "Asia/Almaty", NOW)
    assert begins(found) == ["03 00:00-00:00", "05 00:00-00:00", "09 00:00-00:00"]


@pytest.mark.parametrize(
    ("dates", "message"),
    [
        ("RDATE:soon", 'RDATE: "soon" is no moment'),
        ("RDATE 20260305T020000", "RDATE: its line cannot be read"),
        ("RDATE;VALUE=DATE:20260305", "RDATE: 2026-03-05 is a day, and the windows begin at 02:00; add the time"),
        ("RDATE:20260224T020000", "added: 2026-02-24 02:00 is before the first window"),
        ("RDATE;TZID=Asia/Almaty:20260305T020000Z", "RDATE: names the time zone"),
        ("RDATE:20260305T020000\nEXDATE:20260304T020000", "skipped: no window begins at 2026-03-04 02:00"),
        (
            "RDATE;VALUE=PERIOD:20260304T210000Z/PT4H,20260304T210000Z/PT1H",
            "RDATE: gives a window twice, with different ends",
        ),
        ("RDATE;VALUE=PERIOD:20260304T210000Z/20260304T200000Z", "ends: is not after starts"),
    ],
)
def test_dates_that_are_not_clear_are_refused(dates: str, message: str) -> None:
    with pytest.raises(WorksError, match=message):
        read(calendar(event(f"{ONCE}\n{dates}")), "Asia/Almaty", NOW)


def test_an_hour_that_comes_twice_is_refused_where_it_would_be_taken_for_the_first() -> None:
    berlin = f"DTSTART;TZID=Europe/Berlin:20261020T020000\nDURATION:PT1H\n{SCOPE}\nRDATE:"
    (works,) = read(calendar(event(f"{berlin}20261025T003000Z")), "Asia/Almaty", NOW)
    assert windows(works, datetime(2026, 10, 24, tzinfo=UTC), datetime(2026, 10, 26, tzinfo=UTC))[0].starts == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )
    with pytest.raises(WorksError, match=r"RDATE: 2026-10-25 01:30:00 \(UTC\) is in the hour that comes twice"):
        read(calendar(event(f"{berlin}20261025T013000Z")), "Asia/Almaty", NOW)


def test_what_is_written_is_read_again() -> None:
    dates = "RDATE:20260305T020000\nEXDATE:20260317T020000\nDESCRIPTION:No service\nX-OTTWATCH-CONFIRM-END:TRUE"
    changed = "DESCRIPTION:\nX-OTTWATCH-CONFIRM-END:FALSE\nX-OTTWATCH-APPROVER:"
    found = read(calendar(event(f"{SERIES}\n{dates}"), event(f"{MOVED}\n{INSTANCE}\n{changed}")), "Asia/Almaty", NOW)
    assert (found[1].impact, found[1].confirm_end, found[1].approver) == ("", False, "")
    assert read(written(found, NOW), "UTC", NOW) == found
    cancelled = [found[0], replace(found[1], cancelled_at=NOW)]
    assert "EXDATE;TZID=Asia/Almaty:20260317T020000\r\n" in written(cancelled, NOW)
    assert read(written(cancelled, NOW), "UTC", NOW, found) == cancelled


def test_what_begins_where_the_clocks_go_forward_is_found_again() -> None:
    night = "DTSTART;TZID=Europe/Berlin:20260327T023000\nDURATION:PT3H\nRRULE:FREQ=DAILY\n"
    for key in ("RECURRENCE-ID;TZID=Europe/Berlin:20260329T023000", "RECURRENCE-ID:20260329T013000Z"):
        moved = f"DTSTART;TZID=Europe/Berlin:20260329T120000\nDURATION:PT3H\n{key}"
        found = read(calendar(event(night + SCOPE), event(moved)), "UTC", NOW)
        assert found[0].skipped == (datetime(2026, 3, 29, 2, 30),)  # noqa: DTZ001 - wall-clock time
        assert read(written(found, NOW), "UTC", NOW) == found


@settings(max_examples=60, deadline=None)
@given(
    rule=st.sampled_from(["RRULE:FREQ=DAILY\n", "RRULE:FREQ=WEEKLY;BYDAY=TU,FR\n", ""]),
    dates=st.sets(st.integers(1, 40), max_size=4),
    moves=st.dictionaries(st.integers(0, 3), st.tuples(st.integers(-9, 40), st.integers(1, 30)), max_size=3),
    zone=st.sampled_from(["Europe/Berlin", "Asia/Almaty", "America/New_York"]),
)
def test_all_windows_are_those_that_a_calendar_program_shows(
    rule: str, dates: set[int], moves: dict[int, tuple[int, int]], zone: str
) -> None:
    first = datetime(2026, 3, 3, 4)  # noqa: DTZ001 - wall-clock time; no clock is changed then

    def at(days: int, hours: int = 0) -> str:
        return f"TZID={zone}:{first + timedelta(days=days, hours=hours):%Y%m%dT%H%M%S}"

    head = f"DTSTART;{at(0)}\nDURATION:PT2H\n{rule}{SCOPE}"
    # Seven hours later: the library takes an hour for the same one in UTC.
    listed = "".join(f"\nRDATE;{at(day, 7)}" for day in sorted(dates))
    (series,) = read(calendar(event(head + listed)), "UTC", NOW) if rule or dates else (None,)
    starts = [] if series is None else [each.starts for each in windows(series, NOW, NOW + timedelta(days=20))]
    changed = [
        f"DTSTART;{at(day)}\nDURATION:PT{hours}H\nRECURRENCE-ID;TZID={zone}:{starts[place].astimezone(ZoneInfo(zone)):%Y%m%dT%H%M%S}"
        for place, (day, hours) in moves.items()
        if place < len(starts)
    ]
    text = calendar(event(head + listed), *map(event, changed))
    found = read(text, "UTC", NOW)
    begin, end = NOW - timedelta(days=20), NOW + timedelta(days=60)
    ours = sorted({(each.starts, each.ends) for works in found for each in windows(works, begin, end)})
    shown = recurring_ical_events.of(Calendar.from_ical(text)).between(begin, end)
    assert ours == sorted({(each.start.astimezone(UTC), each.end.astimezone(UTC)) for each in shown})
