"""Planned works on the console: list, calendar, form, extension, confirmation, iCalendar."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import httpx
import pytest

from alerts.desk.alarms.correlation.correlator import Correlator
from alerts.desk.alarms.correlation.topology import Element, Plan
from alerts.desk.console.works.month import first_of, month
from alerts.desk.core.words import catalogue
from alerts.desk.works import store
from alerts.desk.works.works import Scope, Works
from service.prometheus import Sample
from tests.unit.desk.console_desk import NOON, Caller, Hall, csrf
from tests.unit.desk.platform_stand_in import channel, present, stand_in

FORM: dict[str, Any] = {
    "title": "New line card",
    "elements": ["edge-1"],
    "starts": "2026-03-01T12:00",
    "ends": "2026-03-01T14:00",
    "time_zone": "Asia/Almaty",
    "approver": "Aigerim",
    "impact": "Two minutes without picture",
    "back_out": "Put the old one in",
    "confirm_end": "1",
}
NODES = [Sample({"node": f"edge-{number}", "site": "almaty", "role": "edge"}, 1.0) for number in (1, 2)]


def know_topology(hall: Hall) -> None:
    correlator = Correlator(Plan({"almaty": ""}, (Element("uplink-almaty", "uplink", "almaty"),)))
    correlator.learn(lambda query: NODES if "up{" in query else [])
    hall.machine.app.state.correlator = correlator


def post(person: Caller, path: str, on: str = "/works/new", **values: Any) -> httpx.Response:
    text = person.get(on).text
    version = re.search(r'name="version" value="(\w*)"', text)
    hidden = {"csrf": csrf(text), "version": version[1] if version else ""}
    return person.post(path, data=hidden | values)


def works(hall: Hall) -> Sequence[Works]:
    with hall.runtime.database.read() as connection:
        return store.everything(connection)


def test_works_are_planned_shown_changed_and_cancelled(control_room: Hall) -> None:
    know_topology(control_room)
    engineer = control_room.person()
    page = post(engineer, "/works", **FORM)
    assert page.url.path == "/works/1"
    for text in ("New line card", "running", "edge-1", "Aigerim", "Two minutes without picture", "Put the old one in"):
        assert text in page.text
    (kept,) = works(control_room)
    assert (kept.scope, kept.confirm_end, kept.starts.hour) == (Scope(elements=("edge-1",)), True, 12)
    assert "New line card" in engineer.get("/works").text
    edited = post(engineer, "/works/1", "/works/1/edit", **FORM | {"title": "Old line card", "sites": ["almaty"]})
    assert "Old line card" in edited.text
    assert works(control_room)[0].scope.sites == ("almaty",)
    cancelled = post(engineer, "/works/1/cancel", "/works/1")
    assert "cancelled" in cancelled.text
    assert works(control_room)[0].cancelled_at == NOON


def test_the_form_offers_what_the_platform_has(control_room: Hall) -> None:
    know_topology(control_room)
    stand_in(control_room).tell(present(channels=[channel("news", 3.0), channel("other", 9.0)]))
    text = control_room.person().get("/works/new?element=edge-2&element=edge-*").text
    for name in ("edge-1", "uplink-almaty", "almaty", "news"):
        assert f"<option>{name}</option>" in text
    assert "<option selected>edge-2</option>" in text
    assert 'name="more_elements" value="edge-*"' in text
    assert "<option>other</option>" not in text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": " "}, "title"),
        ({"elements": []}, "scope"),
        ({"ends": "2026-03-01T12:00"}, "ends"),
        ({"starts": "tomorrow"}, "starts"),
        ({"starts": "2026-03-01T12:00+05:00"}, "starts"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"rule": "every tuesday"}, "recurrence"),
        ({"repeat": "daily", "until": "soon"}, "recurrence"),
        ({"skipped": "yesterday"}, "skipped"),
    ],
)
def test_what_is_wrong_is_said_in_both_languages_and_keeps_the_fields(
    control_room: Hall, change: dict[str, Any], field: str
) -> None:
    for language in ("en", "ru"):
        answer = post(control_room.person(language=language), "/works", **FORM | change)
        assert answer.status_code == 400
        said = re.search(r'role="alert">([^<]+)<', answer.text)
        assert said
        assert bool(re.search("[а-я]{4}", said[1])) == (language == "ru")
        assert "Two minutes without picture" in answer.text
        assert catalogue(language)[f"works.wrong.{field}"] == unescape(said[1])
    assert works(control_room) == []


def test_who_only_reads_changes_nothing(control_room: Hall) -> None:
    post(control_room.person(), "/works", **FORM)
    reader = control_room.person("viewer")
    text = reader.get("/works/1").text
    assert "/works/1/cancel" not in text
    assert reader.get("/works/new").status_code == 403
    assert post(reader, "/works/1/cancel", "/works", csrf=csrf(text)).status_code == 403
    assert reader.get("/works/2").status_code == 404


def test_a_form_of_yesterday_overwrites_nothing(control_room: Hall) -> None:
    engineer = control_room.person()
    post(engineer, "/works", **FORM)
    old = engineer.get("/works/1/edit").text
    post(engineer, "/works/1", "/works/1/edit", **FORM | {"title": "Newer"})
    version = re.search(r'name="version" value="(\w+)"', old)
    assert version
    answer = engineer.post("/works/1", data={"csrf": csrf(old), "version": version[1]} | FORM)
    assert answer.status_code == 409
    assert works(control_room)[0].title == "Newer"


def test_a_recurring_window_is_extended_alone(control_room: Hall) -> None:
    engineer = control_room.person()
    post(engineer, "/works", **FORM | {"repeat": "weekly", "until": "2026-05-31"})
    (kept,) = works(control_room)
    assert kept.recurrence == "FREQ=WEEKLY;UNTIL=20260531T185959Z"
    assert 'value="2026-05-31"' in engineer.get("/works/1/edit").text
    assert "every week until 31 May 2026" in engineer.get("/works/1").text
    page = post(engineer, "/works/1/extend", "/works/1", ends="2026-03-01T16:00")
    assert page.url.path == "/works/2"
    rule, once = works(control_room)
    assert [each.isoformat() for each in rule.skipped] == ["2026-03-01T12:00:00"]
    assert (once.recurrence, once.starts, once.ends.hour) == ("", kept.starts, 16)
    refused = post(engineer, "/works/1/extend", "/works/1", ends="2026-03-01T18:00")
    assert refused.status_code == 400


def test_an_end_that_nobody_confirms_is_an_overrun(control_room: Hall) -> None:
    engineer = control_room.person()
    post(engineer, "/works", **FORM)
    assert 'ott_desk_works_running{title="New line card",works="1"} 1.0' in control_room.machine.get("/metrics").text
    control_room.now = NOON + timedelta(hours=3)
    metrics = control_room.machine.get("/metrics").text
    assert "ott_desk_works_running{" not in metrics
    ended = datetime(2026, 3, 1, 9, tzinfo=UTC).timestamp()
    since = re.search(r'ott_desk_works_overrun_timestamp_seconds{title="New line card",works="1"} (\S+)', metrics)
    assert since
    assert float(since[1]) == ended
    assert "nobody has confirmed" in engineer.get("/works/1").text
    assert "overrun" in engineer.get("/works").text
    assert "overrun" not in post(engineer, "/works/1/finish", "/works/1").text
    assert "ott_desk_works_overrun_timestamp_seconds{" not in control_room.machine.get("/metrics").text
    assert works(control_room)[0].finished_at == control_room.now


def test_finishing_early_ends_the_window(control_room: Hall) -> None:
    engineer = control_room.person()
    post(engineer, "/works", **FORM)
    control_room.now = NOON + timedelta(minutes=20)
    text = post(engineer, "/works/1/finish", "/works/1").text
    assert "ended" in text
    refused = post(engineer, "/works/1/extend", "/works/1", ends="2026-03-01T12:05")
    assert refused.status_code == 400


def test_works_come_from_a_calendar_and_leave_as_one(control_room: Hall) -> None:
    engineer = control_room.person()
    post(engineer, "/works", **FORM)
    calendar = engineer.get("/api/v1/works/calendar.ics").content
    token = csrf(engineer.get("/works").text)
    taken = engineer.post("/works/import", data={"csrf": token}, files={"calendar": ("a.ics", calendar)})
    assert "Imported: 1" in taken.text
    assert len(works(control_room)) == 1
    assert works(control_room)[0].confirm_end
    refused = engineer.post("/works/import", data={"csrf": token}, files={"calendar": ("a.ics", b"hello")})
    assert (refused.status_code, "Nothing was imported" in refused.text) == (400, True)


def test_names_that_match_nothing_are_said(control_room: Hall) -> None:
    know_topology(control_room)
    engineer = control_room.person()
    page = post(engineer, "/works", **FORM | {"elements": ["edge-*"], "more_elements": "egde-3", "more_sites": "paris"})
    assert re.search(r"no alarm belongs to it: egde-3, paris", page.text)


def test_names_with_spaces_stay_whole_and_in_scope(control_room: Hall) -> None:
    """Written by hand, and sent once more with a form that was only opened and saved."""
    engineer = control_room.person()
    post(engineer, "/works", **FORM | {"more_channels": "Первый канал [HD] , Хабар 24"})
    form = engineer.get("/works/1/edit").text
    written = re.search(r'name="more_channels" value="([^"]*)"', form)
    assert written
    post(engineer, "/works/1", "/works/1/edit", **FORM | {"more_channels": written[1]})
    (kept,) = works(control_room)
    assert kept.scope.channels == ("Первый канал [HD]", "Хабар 24")
    assert kept.scope.holds({"channel": "Первый канал [HD]"})
    assert not kept.scope.holds({"channel": "канал"})


def test_a_month_has_whole_weeks_and_its_windows() -> None:
    night = Works(
        title="x",
        scope=Scope(sites=("a",)),
        starts=datetime(2026, 3, 2, 22),  # noqa: DTZ001 - wall-clock time
        ends=datetime(2026, 3, 3, 2),  # noqa: DTZ001 - wall-clock time
        time_zone="UTC",
        recurrence="FREQ=WEEKLY",
    )
    found = month([night], date(2026, 3, 1), UTC)
    assert {len(week) for week in found.weeks} == {7}
    assert (found.before, found.after) == ("2026-02", "2026-04")
    march = [day for week in found.weeks for day in week if day.inside]
    days = {day.day.day: [(each.begins, each.ends) for each in day.entries] for day in march}
    assert days[2] == [("22:00", "")]
    assert days[3] == [("", "02:00")]
    assert days[4] == []
    assert days[30] == [("22:00", "")]
    assert first_of("2026-13", date(2026, 3, 5)) == date(2026, 3, 1)
    assert first_of("2026-12", date(2026, 3, 5)) == date(2026, 12, 1)


def test_the_calendar_names_windows_of_another_month(control_room: Hall) -> None:
    engineer = control_room.person()
    post(engineer, "/works", **FORM | {"repeat": "monthly"})
    text = engineer.get("/works?month=2026-06").text
    assert "June 2026" in text
    assert re.search(r'datetime="2026-06-01".*?12:00–14:00</span> New line card', text, re.DOTALL)


def test_a_moved_window_and_its_series_name_each_other(control_room: Hall) -> None:
    engineer = control_room.person()
    times = "DTSTART:20260302T020000\nDURATION:PT1H\nX-OTTWATCH-SITES:almaty"
    moved = "RECURRENCE-ID:20260309T020000\nDTSTART:20260310T020000\nDURATION:PT1H"
    every = (
        f"BEGIN:VEVENT\nUID:1\nSUMMARY:Line\n{lines}\nEND:VEVENT\n" for lines in (f"{times}\nRRULE:FREQ=WEEKLY", moved)
    )
    calendar = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{''.join(every)}END:VCALENDAR\n".encode()
    token = csrf(engineer.get("/works").text)
    taken = engineer.post("/works/import", data={"csrf": token}, files={"calendar": ("a.ics", calendar)})
    assert "Imported: 2" in taken.text
    series, window = engineer.get("/works/1").text, engineer.get("/works/2").text
    assert '<dt>Changed windows</dt><dd><a href="/works/2">09.03.2026 02:00:00</a></dd>' in series
    assert 'it was to begin at 09.03.2026 02:00:00. <a href="/works/1">Works 1</a>' in window
    post(engineer, "/works/2", "/works/2/edit", **FORM | {"title": "Other line"})
    assert [(each.title, each.series) for each in works(control_room)] == [("Line", ""), ("Other line", "1")]
    post(engineer, "/works/1/cancel", "/works/1")
    assert [each.cancelled_at for each in works(control_room)] == [NOON, NOON]


def test_seconds_of_a_calendar_stay_when_works_are_changed(control_room: Hall) -> None:
    engineer = control_room.person()
    times = "DTSTART:20260302T020030\nDTEND:20260302T030045\nX-OTTWATCH-SITES:almaty"
    calendar = f"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:Line\n{times}\nEND:VEVENT\nEND:VCALENDAR\n".encode()
    token = csrf(engineer.get("/works").text)
    engineer.post("/works/import", data={"csrf": token}, files={"calendar": ("a.ics", calendar)})
    page = engineer.get("/works/1/edit").text
    sent = dict(re.findall(r'name="(starts|ends)" value="([^"]+)"', page))
    post(engineer, "/works/1", "/works/1/edit", **FORM | sent)
    (kept,) = works(control_room)
    assert (kept.starts.second, kept.ends.second, kept.title) == (30, 45, "New line card")


def test_further_dates_on_the_form(control_room: Hall) -> None:
    engineer = control_room.person()
    page = post(engineer, "/works", **FORM | {"added": "2026-03-05T12:00\n2026-03-07T18:00"})
    assert "05.03.2026 12:00, 07.03.2026 18:00" in page.text
    assert "further dates: 2" in engineer.get("/works").text
    assert "2026-03-05T12:00\n2026-03-07T18:00" in engineer.get("/works/1/edit").text
    post(engineer, "/works/1/extend", "/works/1", ends="2026-03-01T16:00")
    dates, once = works(control_room)
    assert ([each.day for each in dates.skipped], len(dates.added), once.added) == ([1], 2, ())
    refused = post(engineer, "/works", **FORM | {"added": "2026-02-05T12:00"})
    assert (refused.status_code, "none before the first window" in refused.text) == (400, True)
