"""Windows of a series that a calendar moved, on both databases: their alarms, their numbers and their end."""

from datetime import timedelta

import httpx
import pytest

from alerts.desk.alarms.ingest import end_works
from alerts.desk.core.database import Database
from tests.contract.desk.alarms.test_ingest import POLICY, Time, send
from tests.contract.desk.payloads import START, alert, notification

WORKS = "/api/v1/works"
DAY = timedelta(days=1)
# A series of yesterday, whose window of today was moved to now.
BEGINS = (START - DAY - timedelta(hours=5)).replace(tzinfo=None)
INSTANCE = f"RECURRENCE-ID:{BEGINS + DAY:%Y%m%dT%H%M%S}Z"
SERIES = f"DTSTART:{BEGINS:%Y%m%dT%H%M%S}Z\nDURATION:PT1H\nRRULE:FREQ=DAILY\n"
SCOPE = "X-OTTWATCH-ELEMENTS:edge-1\nX-OTTWATCH-APPROVER:Aigerim\n"
MOVED = f"{INSTANCE}\nDTSTART:{START - timedelta(minutes=5):%Y%m%dT%H%M%SZ}\nDURATION:PT1H\n"


def taken(api: httpx.Client, *events: str, method: str = "PUBLISH") -> list[dict[str, object]]:
    every = "".join(f"BEGIN:VEVENT\nUID:1@provider\nSUMMARY:Line works\n{lines}END:VEVENT\n" for lines in events)
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nMETHOD:{method}\n{every}END:VCALENDAR\n".replace("\n", "\r\n")
    answer = api.post(f"{WORKS}/import", content=text, headers={"Content-Type": "text/calendar"})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, object]] = answer.json()
    return found


def test_a_window_that_was_moved_withholds_its_alarms_and_keeps_its_number(
    api: httpx.Client, database: Database, time: Time
) -> None:
    for _ in range(2):
        series, window = taken(api, SERIES + SCOPE, MOVED)
        assert (series["id"], window["id"], window["series"]) == (1, 2, "1@provider")
        assert (series["state"], window["state"]) == ("planned", "running")
    assert series["skipped"] == [f"{BEGINS + DAY:%Y-%m-%dT%H:%M:%S}"]
    assert send(database, notification(alert()), time()) == {"works": 1}
    assert [each["labels"]["node"] for each in api.get(f"{WORKS}/2").json()["alarms"]] == ["edge-1"]
    calendar = api.get(f"{WORKS}/calendar.ics")
    again = api.post(f"{WORKS}/import", content=calendar.content, headers={"Content-Type": "text/calendar"})
    assert [each["id"] for each in again.json()] == [1, 2], again.text
    assert [each["state"] for each in api.get(WORKS).json()] == ["planned", "running"]
    # A change of the window over the API keeps what it is a window of.
    body = api.get(f"{WORKS}/2").json()
    changed = api.put(f"{WORKS}/2", json=body | {"title": "Line works, moved"}).json()
    assert (changed["uid"], changed["series"], changed["instance"]) == tuple(
        body[name] for name in ("uid", "series", "instance")
    )
    refused = api.put(f"{WORKS}/2", json=body | {"recurrence": "FREQ=DAILY"})
    assert (refused.status_code, "a changed window of a series takes place once" in refused.text) == (400, True)


@pytest.mark.parametrize("how", ["message", "whole message", "moved back", "series over the API"])
def test_what_a_moved_window_withheld_opens_its_ticket_once_it_is_taken_back(
    api: httpx.Client, database: Database, time: Time, how: str
) -> None:
    taken(api, SERIES + SCOPE, MOVED)
    assert send(database, notification(alert()), time()) == {"works": 1}
    assert end_works(database, POLICY, time()).opened == 0
    if how == "message":
        taken(api, f"{INSTANCE}\n", method="CANCEL")
    elif how == "whole message":
        taken(api, "SEQUENCE:2\n", method="CANCEL")
    elif how == "moved back":
        taken(api, SERIES + SCOPE)
    else:
        api.post(f"{WORKS}/1/cancel")
    assert api.get(f"{WORKS}/2").json()["state"] == "cancelled"
    assert end_works(database, POLICY, time()).opened == 1
    assert end_works(database, POLICY, time()).opened == 0


def test_dates_over_the_api(api: httpx.Client, database: Database, time: Time) -> None:
    begins = (START - timedelta(minutes=5)).replace(tzinfo=None)
    given = {
        "title": "line works",
        "scope": {"elements": ["edge-1"]},
        "starts": f"{begins - DAY:%Y-%m-%dT%H:%M:%S}",
        "ends": f"{begins - DAY + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}",
        "timeZone": "UTC",
        "approver": "Aigerim",
        "added": [f"{begins:%Y-%m-%dT%H:%M:%S}", f"{begins + 900 * DAY:%Y-%m-%dT%H:%M:%S}"],
    }
    made = api.post(WORKS, json=given).json()
    assert (made["state"], made["added"]) == ("running", given["added"])
    assert send(database, notification(alert()), time()) == {"works": 1}
    time.pass_(hours=2)
    later = api.get(f"{WORKS}/1").json()
    assert (later["state"], later["nextWindow"][0]) == ("planned", f"{begins + 900 * DAY:%Y-%m-%dT%H:%M:%S}+00:00")
    assert end_works(database, POLICY, time()).opened == 1
    early = api.post(WORKS, json=given | {"added": [f"{begins - 2 * DAY:%Y-%m-%dT%H:%M:%S}"]})
    assert (early.status_code, "is before the first window" in early.text) == (400, True)
