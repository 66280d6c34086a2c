"""Alarms during planned works, on both databases: what belongs to them opens nothing, everything else its ticket."""

import json
import random
from datetime import datetime, timedelta

import httpx
import pytest
from sqlalchemy import func, select

from alerts.desk.alarms import planned_store
from alerts.desk.alarms.alertmanager import State
from alerts.desk.alarms.correlation.correlator import Correlator
from alerts.desk.alarms.correlation.grouping import WAIT
from alerts.desk.alarms.correlation.topology import Plan
from alerts.desk.alarms.ingest import end_works
from alerts.desk.alarms.reconcile import Memory, reconcile
from alerts.desk.app.wiring import policy_of
from alerts.desk.core.database import Database
from alerts.desk.core.settings import Settings
from alerts.desk.core.tables import alarm, event, ticket
from alerts.desk.works import store
from alerts.desk.works.works import Scope, Works
from service.prometheus import Sample
from tests.contract.desk.alarms.test_correlation import CHANNELS, NODES, effects, later, packager, rows, stale, told
from tests.contract.desk.alarms.test_ingest import POLICY, Time, send, states
from tests.contract.desk.alarms.test_repair import LONG_AGO, group
from tests.contract.desk.payloads import START, alert, notification

WORKS = "/api/v1/works"


@pytest.fixture
def correlator() -> Correlator:
    made = Correlator(Plan(by_default=True))
    nodes = [Sample({"node": node.name, "site": node.site, "role": node.role}, 1.0) for node in NODES]
    made.learn(lambda query: nodes if "up{" in query else [Sample({}, CHANNELS)])
    return made


def plan(database: Database, time: Time, **change: object) -> Works:
    """Plan works on edge-1, approved, from a minute before START for an hour."""
    starts = (START - timedelta(minutes=1)).replace(tzinfo=None)
    values = {
        "title": "new line card",
        "scope": Scope(elements=("edge-1",)),
        "starts": starts,
        "ends": starts + timedelta(hours=1),
        "time_zone": "UTC",
        "approver": "Aigerim",
    } | change
    with database.write() as connection:
        return store.put(connection, Works(**values), "test", time())  # type: ignore[arg-type]


def recorded(database: Database, works: Works) -> list[tuple[datetime, datetime | None, bool]]:
    with database.read() as connection:
        found = planned_store.of_works(connection, works.number)
    return [(each.occurrence.starts_at, each.occurrence.ends_at, each.released_at is not None) for each in found]


def test_an_alarm_in_scope_and_window_opens_nothing_and_is_recorded(database: Database, time: Time) -> None:
    works = plan(database, time)
    for _ in range(2):
        assert send(database, notification(alert()), time()) == {"works": 1}
    assert recorded(database, works) == [(START, None, False)]
    time.pass_(minutes=6)
    for _ in range(2):
        assert send(database, notification(alert(firing=False)), time()) == {"works": 1}
    assert recorded(database, works) == [(START, START + timedelta(minutes=5), False)]
    time.pass_(hours=2)
    assert end_works(database, POLICY, time()).opened == 0
    # The end is told once more after the window: it opens nothing either.
    assert send(database, notification(alert(firing=False)), time()) == {"works": 1}
    assert states(database) == []


def test_what_is_outside_the_scope_opens_a_ticket_that_names_the_works(database: Database, time: Time) -> None:
    plan(database, time)
    assert send(database, notification(alert("edge-2"), alert("edge-1")), time()) == {"new": 1, "works": 1}
    assert states(database) == [("acknowledged", "", 1)]
    with database.read() as connection:
        notes = connection.scalars(select(event.c.data).where(event.c.kind == "note")).all()
    assert [note["texts"]["ru"] for note in notes] == ["Ведутся плановые работы: new line card"]


def test_what_began_before_the_window_has_its_ticket(database: Database, time: Time) -> None:
    works = plan(database, time)
    early = START - timedelta(minutes=2)
    assert send(database, notification(alert(start=early)), time()) == {"new": 1}
    assert send(database, notification(alert(start=early)), time()) == {"repeated": 1}
    # The same problem again, within the window: it has an open ticket, and stays with it.
    assert send(database, notification(alert(start=START)), time()) == {"new": 1}
    assert recorded(database, works) == []


def test_what_still_fires_at_the_end_opens_one_ticket_then(database: Database, time: Time) -> None:
    works = plan(database, time)
    send(database, notification(alert(), alert(device="sdb")), time())
    time.now = START + timedelta(minutes=59) - timedelta(seconds=1)
    assert end_works(database, POLICY, time()).opened == 0
    time.pass_(seconds=1)
    assert end_works(database, POLICY, time()).opened == 1
    assert end_works(database, POLICY, time()).opened == 0
    assert states(database) == [("acknowledged", "", 2)]
    assert [released for *_, released in recorded(database, works)] == [True, True]
    with database.read() as connection:
        assert set(connection.scalars(select(alarm.c.starts_at))) == {START}
        assert connection.scalar(select(ticket.c.opened_at)) == time()
        assert connection.scalars(select(event.c.data).where(event.c.kind == "note")).all() == [
            {
                "text": "Planned works are over, but the alarm goes on: new line card",
                "texts": {
                    "en": "Planned works are over, but the alarm goes on: new line card",
                    "ru": "Плановые работы окончены, авария не устранена: new line card",
                },
            }
        ]
    assert send(database, notification(alert(), alert(device="sdb")), time()) == {"repeated": 2}
    assert send(database, notification(alert(firing=False), alert(device="sdb", firing=False)), time()) == {
        "recovered": 2
    }
    assert states(database) == [("resolved", "recovered", 0)]


def test_a_repeat_after_the_end_opens_the_ticket_before_the_worker_does(database: Database, time: Time) -> None:
    works = plan(database, time)
    send(database, notification(alert()), time())
    time.pass_(hours=1)
    assert send(database, notification(alert()), time()) == {"new": 1}
    assert end_works(database, POLICY, time()).opened == 0
    assert recorded(database, works) == [(START, None, True)]
    assert states(database) == [("acknowledged", "", 1)]


def test_cancelled_works_give_their_alarms_back_and_extended_ones_keep_them(database: Database, time: Time) -> None:
    works = plan(database, time)
    send(database, notification(alert()), time())
    longer = plan(database, time, uid=works.uid, ends=works.ends + timedelta(hours=1))
    assert longer.number == works.number
    time.pass_(minutes=90)
    assert end_works(database, POLICY, time()).opened == 0
    plan(database, time, uid=works.uid, cancelled_at=time())
    assert end_works(database, POLICY, time()).opened == 1
    # Once it is the ticket's, an extension does not take it back.
    plan(database, time, uid=works.uid, ends=works.ends + timedelta(hours=3))
    assert send(database, notification(alert()), time()) == {"repeated": 1}
    assert states(database) == [("acknowledged", "", 1)]


def test_works_that_nobody_approved_hold_nothing(database: Database, time: Time) -> None:
    plan(database, time, approver="")
    assert send(database, notification(alert()), time()) == {"new": 1}


def test_overlapping_works_hand_over(database: Database, time: Time) -> None:
    first = plan(database, time)
    plan(database, time, title="second", starts=first.starts, ends=first.ends + timedelta(hours=1))
    send(database, notification(alert()), time())
    time.pass_(minutes=80)
    assert end_works(database, POLICY, time()).opened == 0
    time.pass_(hours=1)
    assert end_works(database, POLICY, time()).opened == 1


def test_an_end_that_was_lost_is_found_by_the_reconciler(database: Database, time: Time) -> None:
    works = plan(database, time)
    send(database, notification(alert()), time())
    memory = Memory()
    still = [State((group(alert()),), LONG_AGO)]
    assert reconcile(database, still, POLICY, time(), memory) == {}
    for _ in range(2):
        assert reconcile(database, [State((), LONG_AGO)], POLICY, time(), memory) == {}
    assert recorded(database, works) == [(START, time(), False)]
    time.pass_(hours=2)
    assert end_works(database, POLICY, time()).opened == 0


def test_effects_of_an_open_ticket_stay_with_it_when_works_are_planned_later(
    database: Database, correlator: Correlator, time: Time
) -> None:
    told(database, correlator, time, packager(), stale("ch01", "edge-1"))
    plan(database, time)
    told(database, correlator, time, stale("ch01", "edge-1"), stale("ch01", "edge-1", firing=False))
    with database.read() as connection:
        ends = connection.scalars(select(alarm.c.ends_at).where(alarm.c.effect)).all()
    assert ends == [START + timedelta(minutes=5)]


def test_what_waits_for_its_cause_is_not_the_works(database: Database, correlator: Correlator, time: Time) -> None:
    told(database, correlator, time, stale("ch01", "edge-1"))
    works = plan(database, time)
    told(database, correlator, time, stale("ch01", "edge-1"))
    assert recorded(database, works) == []
    assert later(database, correlator, time, WAIT) == 1


def test_what_outlives_its_works_is_gathered_under_its_cause(
    database: Database, correlator: Correlator, time: Time
) -> None:
    plan(database, time)
    told(database, correlator, time, stale("ch01", "edge-1"), packager())
    assert [row["node"] for row in rows(database)] == ["origin-1"]
    time.pass_(hours=1)
    assert end_works(database, POLICY, time(), correlator).opened == 0
    assert effects(database) == {1: (2, 1)}


def test_a_thousand_windows_lose_double_and_delay_nothing(database: Database, time: Time) -> None:
    """Seeded: windows once and again, overlapping, extended, cancelled; the desk restarts whenever it likes."""
    chance = random.Random(13)
    count = 1000 if database.sqlite else 100
    with database.write() as connection:
        for number in range(count):
            begin = (START + timedelta(minutes=10 * chance.randrange(-12, 12))).replace(tzinfo=None)
            works = Works(
                f"works {number}",
                Scope(elements=(f"node-{number}",)),
                begin,
                begin + timedelta(minutes=10 * chance.randrange(1, 18)),
                "UTC",
                recurrence=chance.choice(["", "", "FREQ=WEEKLY"]),
                approver=chance.choice(["", "Aigerim", "Aigerim", "Aigerim"]),
                cancelled_at=START if chance.random() < 0.1 else None,
            )
            store.put(connection, works, "test", START)
        everything = store.everything(connection)
    now = START + timedelta(seconds=30)
    alerts = [alert(f"node-{number}") for number in range(count)]
    ends: dict[str, datetime] = {}
    for works in everything:
        first, last = (moment.replace(tzinfo=START.tzinfo) for moment in (works.starts, works.ends))
        covered = works.in_force and first <= START and now < last
        ends[works.title.replace("works ", "node-")] = last if covered else now
    each_its_own = policy_of(Settings(one_ticket_per="alert"))
    send(database, notification(*alerts), now, each_its_own)
    moments = sorted({*ends.values()})
    for moment in moments:
        if moment > now:
            assert end_works(database, POLICY, moment - timedelta(microseconds=1)).opened == 0
            assert end_works(database, POLICY, moment).opened == sum(one == moment for one in ends.values())
    with database.read() as connection:
        opened = {row.node: row.opened_at for row in connection.execute(select(ticket.c.node, ticket.c.opened_at))}
        number_of_tickets = connection.scalar(select(func.count()).select_from(ticket))
    assert opened == ends
    assert number_of_tickets == count


def test_works_over_the_api(api: httpx.Client, database: Database, time: Time) -> None:
    given = {
        "title": "new line card",
        "scope": {"elements": ["edge-1"]},
        "starts": "2026-03-01T12:00:00",
        "ends": "2026-03-01T14:00:00",
        "timeZone": "UTC",
        "approver": "Aigerim",
        "backOut": "put the old one in again",
    }
    made = api.post(WORKS, json=given)
    assert made.status_code == 201, made.text
    body = made.json()
    assert (body["state"], body["backOut"], body["nextWindow"][1]) == (
        "running",
        "put the old one in again",
        "2026-03-01T14:00:00+00:00",
    )
    assert send(database, notification(alert()), time()) == {"works": 1}
    shown = api.get(made.headers["Location"]).json()
    assert [(each["labels"]["node"], each["endsAt"]) for each in shown["alarms"]] == [("edge-1", None)]
    assert [each["id"] for each in api.get(WORKS).json()] == [body["id"]]

    calendar = api.get(f"{WORKS}/calendar.ics")
    assert calendar.headers["content-type"].startswith("text/calendar")
    for _ in range(2):
        taken = api.post(f"{WORKS}/import", content=calendar.content, headers={"Content-Type": "text/calendar"})
        assert [each["id"] for each in taken.json()] == [body["id"]], taken.text

    longer = api.put(f"{WORKS}/{body['id']}", json=given | {"ends": "2026-03-01T15:00:00"})
    assert longer.json()["nextWindow"][1] == "2026-03-01T15:00:00+00:00"
    cancelled = api.post(f"{WORKS}/{body['id']}/cancel")
    assert (cancelled.json()["state"], cancelled.json()["nextWindow"]) == ("cancelled", None)
    assert end_works(database, POLICY, time()).opened == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"scope": {}}, "scope"),
        ({"ends": "2026-03-01T12:00:00"}, "ends"),
        ({"timeZone": "Mars/Base"}, "timeZone"),
        ({"starts": "2026-03-01T12:00:00Z"}, "starts"),
        ({"recurrence": "every tuesday"}, "recurrence"),
    ],
)
def test_wrong_works_are_refused_with_their_field(api: httpx.Client, change: dict[str, object], field: str) -> None:
    given = {"title": "x", "scope": {"sites": ["a"]}, "starts": "2026-03-01T12:00:00", "ends": "2026-03-01T14:00:00"}
    answer = api.post(WORKS, json=given | change)
    assert answer.status_code == 400
    assert field in json.dumps(answer.json())
    assert api.get(f"{WORKS}/1").status_code == 404
    assert api.post(f"{WORKS}/1/cancel").status_code == 404
    refused = api.post(f"{WORKS}/import", content=b"hello", headers={"Content-Type": "text/calendar"})
    assert refused.status_code == 400
