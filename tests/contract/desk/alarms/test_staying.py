"""An occurrence that comes in another group than before stays in its ticket; on both databases."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.desk.alarms.alertmanager import State
from alerts.desk.alarms.correlation.grouping import WAIT
from alerts.desk.alarms.ingest import end_works, ingest
from alerts.desk.alarms.reconcile import Memory, reconcile
from alerts.desk.alarms.webhook import parse
from alerts.desk.core.database import Database
from alerts.desk.tickets.actions import Desk, Hand, move
from alerts.desk.tickets.states import Status
from tests.contract.desk.alarms.test_correlation import correlator_of_the_platform, later, stale
from tests.contract.desk.alarms.test_ingest import POLICY, Time, send, states
from tests.contract.desk.alarms.test_repair import LONG_AGO, group
from tests.contract.desk.payloads import START, alert, notification
from tests.contract.desk.works.test_planned import plan, recorded

FIRST, SECOND = alert("edge-1"), alert("edge-2")
OPEN, OVER = ("acknowledged", "", 1), ("resolved", "recovered", 0)


@pytest.fixture
def time() -> Time:
    return Time()


def ended(one: dict[str, object]) -> dict[str, object]:
    return one | {"status": "resolved", "endsAt": (START + timedelta(minutes=5)).isoformat()}


def coarse(*alerts: dict[str, object]) -> dict[str, object]:
    return notification(*alerts, alertname="NodeDown")


def test_alarms_of_two_tickets_that_come_in_one_group_end_in_theirs(database: Database, time: Time) -> None:
    send(database, notification(FIRST), time())
    send(database, notification(SECOND), time())
    time.pass_(minutes=1)
    assert send(database, coarse(FIRST, SECOND), time()) == {"repeated": 2}
    assert states(database) == [OPEN, OPEN]
    time.pass_(minutes=5)
    assert send(database, coarse(ended(FIRST), SECOND), time()) == {"recovered": 1, "repeated": 1}
    assert sorted(states(database)) == [OPEN, OVER]
    # A duplicate of the end opens nothing, and neither does a late one of the beginning.
    assert send(database, coarse(ended(FIRST), SECOND), time()) == {"repeated": 2}
    assert send(database, coarse(FIRST, SECOND), time()) == {"late": 1, "repeated": 1}
    assert sorted(states(database)) == [OPEN, OVER]


def test_what_begins_after_the_change_is_grouped_by_the_new_one(database: Database, time: Time) -> None:
    send(database, notification(FIRST), time())
    third = alert("edge-3")
    assert send(database, coarse(FIRST, third), time()) == {"repeated": 1, "new": 1}
    assert states(database) == [OPEN, OPEN]
    time.pass_(minutes=10)
    send(database, coarse(ended(FIRST), third), time())
    again = alert("edge-1", start=START + timedelta(minutes=8))
    assert send(database, coarse(again, third), time()) == {"new": 1, "repeated": 1}
    assert sorted(states(database)) == [("acknowledged", "", 2), OVER]


def test_alarms_of_one_ticket_that_come_in_two_groups_stay_together(database: Database, time: Time) -> None:
    send(database, coarse(FIRST, SECOND), time())
    for each in (FIRST, SECOND):
        assert send(database, notification(each), time()) == {"repeated": 1}
    time.pass_(minutes=6)
    send(database, notification(ended(FIRST)), time())
    assert states(database) == [OPEN]
    send(database, notification(ended(SECOND)), time())
    assert states(database) == [OVER]


def test_grouping_that_is_changed_back_keeps_the_ticket(database: Database, time: Time) -> None:
    send(database, notification(FIRST), time())
    time.pass_(minutes=6)
    send(database, notification(ended(FIRST)), time())
    again = alert("edge-1", start=START + timedelta(hours=2))
    time.pass_(hours=2)
    send(database, coarse(again), time())
    assert sorted(states(database)) == [OPEN, OVER]
    assert send(database, notification(again), time()) == {"repeated": 1}
    assert sorted(states(database)) == [OPEN, OVER]


def test_the_list_ends_nothing_that_alertmanager_has_in_another_group_or_for_another_receiver(
    database: Database, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    send(database, notification(FIRST), time())
    send(database, notification(SECOND), time())
    memory = Memory()
    regrouped = replace(group(FIRST, SECOND), labels={"alertname": "NodeDown"})
    silenced = replace(group(FIRST, SECOND, suppressed=True), labels={"alertname": "NodeDown"})
    elsewhere = {str(each["fingerprint"]): "noc" for each in (FIRST, SECOND)}
    for state in (State((regrouped,), LONG_AGO), State((silenced,), LONG_AGO), State((), LONG_AGO, elsewhere)):
        for _ in range(3):
            assert reconcile(database, [state], POLICY, time(), memory) == {}
        assert states(database) == [OPEN, OPEN]
    said = [each for each in caplog.records if "go to other receivers" in each.message]
    assert [vars(each)["receivers"] for each in said] == [["noc"]]
    gone = State((), LONG_AGO)
    assert [reconcile(database, [gone], POLICY, time(), memory) for _ in range(2)] == [{}, {"recovered": 2}]


def test_an_alarm_that_somebody_closed_stays_closed(database: Database, time: Time) -> None:
    send(database, notification(FIRST), time())
    move(Desk(database, POLICY, time), Hand("Aigerim", 1), Status.CANCELLED, "known")
    assert send(database, coarse(FIRST), time()) == {"settled": 1}
    assert [status for status, _, _ in states(database)] == ["cancelled"]


def test_an_alarm_of_planned_works_stays_theirs(database: Database, time: Time) -> None:
    works = plan(database, time)
    assert send(database, notification(FIRST), time()) == {"works": 1}
    assert send(database, coarse(FIRST), time()) == {"works": 1}
    assert len(recorded(database, works)) == 1
    time.pass_(hours=2)
    assert end_works(database, POLICY, time()).opened == 1
    assert send(database, coarse(FIRST), time()) == {"repeated": 1}
    assert states(database) == [OPEN]


def test_what_waits_for_its_cause_in_two_groups_becomes_one_ticket(database: Database, time: Time) -> None:
    made, channel = correlator_of_the_platform(), stale("ch01", "edge-1")
    for group_labels in ({"alertname": "StreamStale", "channel": "ch01"}, {"alertname": "StreamStale"}):
        payload = notification(channel, **group_labels)
        ingest(database, parse(json.dumps(payload).encode()), POLICY, time(), made)
    assert states(database) == []
    later(database, made, time, WAIT)
    assert states(database) == [OPEN]
    later(database, made, time, WAIT)
    assert states(database) == [OPEN]
    over = channel | {"status": "resolved", "endsAt": time().isoformat()}
    ingest(database, parse(json.dumps(notification(over, alertname="StreamStale")).encode()), POLICY, time(), made)
    assert states(database) == [OVER]
