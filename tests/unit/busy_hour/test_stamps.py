"""Time stamps whose zone stands beside them, as programs write it: none of it is passed over."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from dashboards.busy_hour.records.stamps import StampError, detect, looks_like_stamp, reader, zone_in

MOMENT = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
ALMATY = timezone(timedelta(hours=5))


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T02:30:00Z",
        "2026-03-01 02:30:00 UTC",
        "2026-03-01 02:30 GMT",
        "2026-03-01 07:30:00+05",
        "2026-03-01 07:30:00 +0500",  # Time#to_s of Ruby, "YYYY-MM-DD HH:mm:ss ZZ" of moment.js
        "2026-03-01 07:30:00 +05:00",
        "2026-03-01 07:30:00 +0500 +05",  # Time.String of Go
        "2026-03-01 02:30:00.0 +0000 UTC",
    ],
)
def test_an_offset_behind_a_blank(text: str) -> None:
    assert looks_like_stamp(text)
    assert reader(detect([text]))(text) == MOMENT


def test_the_end_of_a_day_with_an_offset() -> None:
    assert reader("iso")("2026-03-01 24:00:00 +0500") == datetime(2026, 3, 2, tzinfo=ALMATY)


@pytest.mark.parametrize("text", ["2026-03-01 02:30:00 MSK", "2026-03-01 02:30:00 +05 +05 +05", "2026-03-01 UTC"])
def test_what_is_no_offset_is_no_stamp(text: str) -> None:
    assert not looks_like_stamp(text)
    with pytest.raises(ValueError, match=r"."):
        reader("iso")(text)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%Y-%m-%d %H:%MZ", "2026-03-01 02:30Z"),
        ("%d %b %Y %H:%M UTC", "01 Mar 2026 02:30 UTC"),
        ("%d %b %Y %H:%M %Z", "01 Mar 2026 02:30 GMT"),
        ("%d %b %Y %H:%M %z", "01 Mar 2026 07:30 +0500"),
    ],
)
def test_a_pattern_with_a_zone(form: str, text: str) -> None:
    assert reader(form)(text) == MOMENT


def test_a_pattern_with_the_name_of_another_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="names a zone other than UTC or GMT"):
        reader("%d %b %Y %H:%M %Z")("01 Mar 2026 02:30 MSK")


@pytest.mark.parametrize("form", ["%d %b %Y %H:%M +05", "%d %b %Y %H:%M+0500", "%H:%M %d.%m.%Y +05:00"])
def test_a_pattern_with_a_written_offset_is_refused(form: str) -> None:
    with pytest.raises(StampError, match=re.escape("write %z in its place")):
        reader(form)


def test_a_pattern_without_a_zone_gives_local_time() -> None:
    assert reader("%d %b %Y %H:%M")("01 Mar 2026 02:30").tzinfo is None


@pytest.mark.parametrize(
    ("name", "hours"),
    [
        ("Time (UTC)", 0),
        ("timestamp_utc", 0),
        ("Date, GMT", 0),
        ("Time (UTC+5)", 5),
        ("Time UTC+05:30", 5.5),
        ("GMT-0300", -3),
    ],
)
def test_the_name_of_a_column_states_a_zone(name: str, hours: float) -> None:
    found = zone_in(name)
    assert found is not None
    assert found.utcoffset(None) == timedelta(hours=hours)


@pytest.mark.parametrize("name", ["Time", "Outcome", "Время", "Time (MSK)", "gmtime", "UTC+99"])
def test_the_name_of_a_column_states_none(name: str) -> None:
    assert zone_in(name) is None


DAYS = (datetime(2026, 10, 13, 20), datetime(2026, 10, 14, 20))  # noqa: DTZ001 - as files have them


@pytest.mark.parametrize(
    ("form", "wanted"),
    [
        ("%y/%m/%d %H:%M", "%y/%m/%d %H:%M"),
        ("%y-%m-%d %H:%M:%S", "%y-%m-%d %H:%M:%S"),
        ("%y.%m.%d %H:%M", "%y.%m.%d %H:%M"),
        ("%y/%m/%d %I:%M %p", "%y/%m/%d %I:%M %p"),
    ],
)
def test_a_year_of_two_digits_may_stand_first(form: str, wanted: str) -> None:
    """26/10/13 would be a day of 2013, and the next row one of 2014 (dateutil/dateutil#217)."""
    cells = [f"{day:{form}}" for day in DAYS]
    with pytest.raises(StampError, match="may begin with the year or end with it") as refused:
        detect(cells)
    assert f'--time-format "{wanted}"' in str(refused.value)
    assert reader(wanted)(cells[0]) == DAYS[0]


@pytest.mark.parametrize(
    ("form", "found"),
    [("%d/%m/%y %H:%M", "day-first"), ("%d-%m-%y", "day-first"), ("%m/%d/%y %H:%M", "month-first")],
)
def test_days_that_follow_each_other_tell_where_the_year_stands(form: str, found: str) -> None:
    assert detect([f"{day:{form}}" for day in DAYS]) == found
    new_year = [f"{datetime(2025, 12, 31) + timedelta(days=day):{form}}" for day in range(2)]  # noqa: DTZ001
    assert detect(new_year) == found


def test_one_day_does_not_tell_where_the_year_stands() -> None:
    with pytest.raises(StampError, match="may begin with the year or end with it"):
        detect([f"{DAYS[0]:%d/%m/%y %H:%M}"])
    assert detect([f"{DAYS[0]:%d.%m.%y %H:%M}"]) == "day-first"
