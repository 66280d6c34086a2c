"""What ends and need not be repaired, what is no one problem, and what comes back; on both databases."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from alerts.desk.alarms.alertmanager import Group, State
from alerts.desk.alarms.ingest import problems
from alerts.desk.alarms.reconcile import Memory, reconcile
from alerts.desk.alarms.webhook import parse
from alerts.desk.api.relationships import relationships
from alerts.desk.core.database import Database
from alerts.desk.core.tables import event, ticket
from alerts.desk.tickets import timers
from alerts.desk.tickets.actions import Desk
from tests.contract.desk.alarms.test_ingest import POLICY, Time, send, states
from tests.contract.desk.payloads import START, alert, notification


@pytest.fixture
def time() -> Time:
    return Time()


def ended(reason: str = "", **labels: Any) -> dict[str, Any]:
    result = alert(firing=False, **labels)
    if reason:
        result["annotations"]["grafana_state_reason"] = reason
    return result


def doubts(database: Database) -> list[tuple[str, str]]:
    with database.read() as connection:
        found = connection.scalars(select(event.c.data).where(event.c.kind == "unverified").order_by(event.c.id))
        return [(data["why"], data["what"]) for data in found]


@pytest.mark.parametrize("reason", ["MissingSeries", "NoData", "Error", "Error, KeepLast"])
def test_an_alert_that_grafana_ends_for_want_of_data_keeps_its_ticket_open(
    database: Database, time: Time, reason: str
) -> None:
    send(database, notification(alert()), time())
    for _ in range(2):  # a notification may come twice
        send(database, notification(ended(reason)), time())
        assert states(database) == [("acknowledged", "", 0)]
    assert doubts(database) == [("sender", reason)]
    time.pass_(minutes=5)
    send(database, notification(alert(start=START + timedelta(minutes=5))), time())
    send(database, notification(alert(start=START + timedelta(minutes=5), firing=False)), time())
    assert states(database) == [("resolved", "recovered", 0)]


@pytest.mark.parametrize(("name", "reason"), [("DatasourceNoData", "NoData"), ("DatasourceError", "Error")])
def test_an_alert_that_runs_out_while_grafana_cannot_evaluate_its_rule_keeps_its_ticket_open(
    database: Database, time: Time, name: str, reason: str
) -> None:
    def grafanas(**options: Any) -> dict[str, Any]:
        return alert(**options) | {"generatorURL": "http://grafana/alerting/grafana/abc/view"}

    send(database, notification(grafanas()), time())
    special = grafanas(node="", alertname=name, rulename="NodeDown")
    send(database, notification(special, alertname=name), time())
    send(database, notification(grafanas(firing=False)), time())
    assert states(database) == [("acknowledged", "", 0), ("acknowledged", "", 1)]
    assert doubts(database) == [("sender", reason)]
    special = grafanas(node="", alertname=name, rulename="NodeDown", firing=False)
    send(database, notification(special, alertname=name), time())
    assert states(database) == [("acknowledged", "", 0), ("resolved", "recovered", 0)]
    later = time() + timedelta(minutes=10)
    send(database, notification(grafanas(start=later)), later)
    send(database, notification(grafanas(start=later, firing=False)), later)
    assert {status for status, _, _ in states(database)} == {"resolved"}


def test_an_alert_that_grafana_saw_end_has_recovered(database: Database, time: Time) -> None:
    send(database, notification(alert()), time())
    send(database, notification(ended("Updated")), time())
    assert states(database) == [("resolved", "recovered", 0)]


def test_one_end_for_want_of_data_among_several_keeps_the_ticket_open(database: Database, time: Time) -> None:
    send(database, notification(alert(), alert(device="sdb")), time())
    send(database, notification(alert(), ended("MissingSeries", device="sdb")), time())
    send(database, notification(ended()), time())
    assert [firing for _, _, firing in states(database)] == [0]
    assert doubts(database) == [("sender", "MissingSeries")]


def test_alerts_that_were_left_out_are_told_and_keep_the_ticket_open(database: Database, time: Time) -> None:
    told = send(database, notification(alert()) | {"truncatedAlerts": 7}, time())
    assert told == {"new": 1, "truncated": 7}
    with database.read() as connection:
        note = connection.execute(select(event.c.data).where(event.c.kind == "note")).scalar_one()
    assert note["text"].startswith("Alertmanager left out the other alerts of this group (7)")
    still = notification(alert(firing=False)) | {"status": "firing", "truncatedAlerts": 7}
    send(database, still, time())
    assert states(database) == [("acknowledged", "", 0)]
    assert doubts(database) == [("truncated", "7")]
    over = notification(alert(firing=False)) | {"truncatedAlerts": 7}
    assert over["status"] == "resolved"
    send(database, over, time())
    assert states(database) == [("resolved", "recovered", 0)]


def test_a_group_without_labels_is_a_ticket_for_each_alert(database: Database, time: Time) -> None:
    both = notification(alert("edge-1"), alert("edge-2")) | {"groupLabels": {}}
    send(database, both, time())
    assert len(states(database)) == 2
    one = notification(alert("edge-1", firing=False), alert("edge-2")) | {"groupLabels": {}}
    send(database, one, time())
    assert states(database) == [("acknowledged", "", 1), ("resolved", "recovered", 0)]
    time.pass_(minutes=2)
    raw = parse_group(both)
    assert reconcile(database, [State((raw,), START - timedelta(days=1))], POLICY, time(), Memory()) == {"reopened": 1}


def parse_group(payload: dict[str, Any]) -> Group:
    found = parse(json.dumps(payload).encode())
    return Group(found.group_labels, found.alerts, ())


@pytest.mark.parametrize("label", ["env", "environment", "cluster", "stage", "tenant"])
def test_production_and_test_are_two_problems(database: Database, time: Time, label: str) -> None:
    labels: list[dict[str, Any]] = [{label: "production"}, {label: "test"}]
    production, test = alert(**labels[0]), alert(**labels[1])
    send(database, notification(production, test), time())
    assert states(database) == [("acknowledged", "", 1)] * 2
    send(database, notification(alert(firing=False, **labels[1]), production), time())
    assert states(database) == [("acknowledged", "", 1), ("resolved", "recovered", 0)]


def test_an_end_of_long_ago_opens_no_ticket(database: Database, time: Time) -> None:
    time.pass_(hours=30)
    assert send(database, notification(alert(firing=False)), time()) == {"old": 1}
    assert states(database) == []
    send(database, notification(alert(start=time())), time())
    assert send(database, notification(alert(firing=False, device="sdb"), alert(start=time())), time()) == {
        "missed": 1,
        "repeated": 1,
    }


def test_an_end_of_just_now_is_recorded(database: Database, time: Time) -> None:
    assert send(database, notification(alert(firing=False)), time()) == {"missed": 1}
    assert states(database) == [("resolved", "recovered", 0)]


def flap(database: Database, time: Time, start: datetime) -> None:
    send(database, notification(alert(start=start)), time())
    time.pass_(minutes=1)
    send(database, notification(alert(start=start, firing=False)), time())
    time.pass_(minutes=30)
    timers.run_due(Desk(database, POLICY, time), lambda draft, now: None)


def test_a_problem_that_comes_back_after_its_ticket_was_closed_names_the_earlier_one(
    database: Database, time: Time
) -> None:
    for _ in range(3):
        flap(database, time, time())
    with database.read() as connection:
        rows = connection.execute(select(ticket.c.id, ticket.c.status, ticket.c.flapping).order_by(ticket.c.id)).all()
        related = relationships(connection, [row.id for row in rows])
    assert [(row.status, row.flapping) for row in rows] == [("closed", False), ("closed", False), ("closed", True)]
    first, second, third = (row.id for row in rows)
    assert first not in related
    assert [(each["id"], each["relationshipType"]) for each in related[second]] == [(str(first), "isRecurrenceOf")]
    assert [each["id"] for each in related[third]] == [str(second)]


def test_labels_that_a_group_happens_to_share_make_no_problem() -> None:
    payload = notification(alert("edge-1"), alert("edge-2")) | {"commonLabels": {"alertname": "NodeDown"}}
    del payload["groupLabels"]
    found = problems(parse(json.dumps(payload).encode()), POLICY)
    assert sorted(each.labels["node"] for each in found) == ["edge-1", "edge-2"]
