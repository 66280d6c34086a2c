"""Webhooks that come once, twice, late and out of order, on both databases."""

import json
import threading
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DatabaseError, IntegrityError

from alerts.desk.alarms import recovery
from alerts.desk.alarms.ingest import ingest
from alerts.desk.alarms.webhook import parse
from alerts.desk.app.wiring import policy_of
from alerts.desk.core.database import Database
from alerts.desk.core.settings import PrioritySettings, Settings
from alerts.desk.core.tables import alarm, audit, event, ticket
from alerts.desk.tickets import actions, queries
from alerts.desk.tickets import store as tickets
from alerts.desk.tickets.actions import Desk, Hand
from alerts.desk.tickets.events import AlarmsChanged, Warned
from alerts.desk.tickets.policy import Policy
from alerts.desk.tickets.queries import QueueFilter
from alerts.desk.tickets.states import Status
from alerts.desk.tickets.timers import measure_again
from service.settings import Seconds
from tests.contract.desk.payloads import START, alert, notification

POLICY = policy_of(Settings())
ALL = QueueFilter(with_closed=True)


class Time:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = START + timedelta(seconds=10)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **span: float) -> None:
        self.now += timedelta(**span)


def send(database: Database, payload: dict[str, Any], now: datetime, policy: Policy = POLICY) -> Counter[str]:
    return ingest(database, parse(json.dumps(payload).encode()), policy, now).outcomes


def states(database: Database) -> list[tuple[str, str, int]]:
    with database.read() as connection:
        rows = queries.queue(connection, ALL, 1000)
    return sorted((row.status, row.status_reason, row.firing) for row in rows)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def desk(database: Database, time: Time) -> Desk:
    return Desk(database, POLICY, time)


def test_repeats_change_nothing(database: Database, time: Time) -> None:
    payload = notification(alert(), alert(device="sdb"))
    assert send(database, payload, time()) == {"new": 2}
    with database.read() as connection:
        before = connection.execute(select(ticket)).all(), connection.execute(select(event)).all()
    assert send(database, payload, time()) == {"repeated": 2}
    with database.read() as connection:
        assert (connection.execute(select(ticket)).all(), connection.execute(select(event)).all()) == before
    assert states(database) == [("acknowledged", "", 2)]


def test_the_ticket_recovers_with_its_last_alarm_and_closes_after_the_window(desk: Desk, time: Time) -> None:
    database = desk.database
    one, two = alert(), alert(device="sdb")
    send(database, notification(one, two), time())
    send(database, notification(alert(firing=False), two), time())
    assert states(database) == [("acknowledged", "", 1)]
    send(database, notification(alert(firing=False), alert(firing=False, device="sdb")), time())
    assert states(database) == [("resolved", "recovered", 0)]
    time.pass_(minutes=9, seconds=59)
    recovery.run_due(desk)
    assert states(database) == [("resolved", "recovered", 0)]
    time.pass_(seconds=2)
    recovery.run_due(desk)
    assert states(database) == [("closed", "confirmed", 0)]


def test_refiring_within_the_window_reopens_and_after_it_opens_a_new_ticket(desk: Desk, time: Time) -> None:
    database = desk.database
    send(database, notification(alert()), time())
    send(database, notification(alert(firing=False)), time())
    second = START + timedelta(minutes=6)
    assert send(database, notification(alert(start=second)), time()) == {"new": 1}
    assert states(database) == [("inProgress", "refired", 1)]
    send(database, notification(alert(start=second, firing=False)), time())
    time.pass_(minutes=11)
    recovery.run_due(desk)
    assert send(database, notification(alert(start=START + timedelta(minutes=20))), time()) == {"new": 1}
    assert states(database) == [("acknowledged", "", 1), ("closed", "confirmed", 0)]


def test_a_late_duplicate_does_not_reopen_but_a_continuation_does(database: Database, time: Time) -> None:
    send(database, notification(alert()), time())
    send(database, notification(alert(firing=False)), time())
    assert send(database, notification(alert()), time()) == {"late": 1}
    assert states(database) == [("resolved", "recovered", 0)]
    assert send(database, notification(alert()), time()) == {"reopened": 1}
    assert states(database) == [("inProgress", "refired", 1)]
    time.pass_(minutes=30)
    end = {"endsAt": time().isoformat()}
    assert send(database, notification(alert(firing=False) | end), time()) == {"recovered": 1}


def test_the_end_arrives_before_the_beginning(database: Database, time: Time) -> None:
    assert send(database, notification(alert(firing=False)), time()) == {"missed": 1}
    assert states(database) == [("resolved", "recovered", 0)]
    assert send(database, notification(alert()), time()) == {"late": 1}
    assert states(database) == [("resolved", "recovered", 0)]


def test_ends_and_beginnings_without_times_may_come_together(database: Database, time: Time) -> None:
    timeless = {"startsAt": None, "endsAt": None}
    over, begun = alert(firing=False) | timeless, alert() | timeless
    assert send(database, notification(over, begun, over, begun), time()) == {"missed": 1, "new": 2, "recovered": 1}
    assert send(database, notification(begun, over), time()) == {"repeated": 1, "recovered": 1}
    assert states(database) == [("resolved", "recovered", 0)]


def test_an_older_occurrences_end_does_not_end_the_newer(database: Database, time: Time) -> None:
    later = START + timedelta(hours=1)
    send(database, notification(alert(start=later)), time())
    assert send(database, notification(alert(firing=False)), time()) == {"late": 1}
    assert states(database) == [("acknowledged", "", 1)]


def test_a_ticket_that_an_engineer_ended_stays_ended_until_something_new_fires(desk: Desk, time: Time) -> None:
    database = desk.database
    send(database, notification(alert()), time())
    actions.move(desk, Hand("Aigerim", 1), Status.CANCELLED, "planned work")
    assert send(database, notification(alert()), time()) == {"settled": 1}
    assert send(database, notification(alert(firing=False)), time()) == {"recovered": 1}
    assert states(database) == [("cancelled", "planned work", 1)]
    send(database, notification(alert(start=START + timedelta(hours=1))), time())
    assert states(database)[0] == ("acknowledged", "", 1)


def test_a_ticket_called_mended_while_it_fires_comes_back(desk: Desk, time: Time) -> None:
    send(desk.database, notification(alert()), time())
    with pytest.raises(ValueError, match="note is empty"):
        actions.resolve(desk, Hand("Aigerim", 1), " ")
    actions.resolve(desk, Hand("Aigerim", 1), "restarted the encoder")
    time.pass_(minutes=11)
    recovery.run_due(desk)
    assert states(desk.database) == [("inProgress", "still firing", 1)]


def test_a_warning_opens_no_ticket_unless_its_rule_asks(database: Database, time: Time) -> None:
    assert send(database, notification(alert(severity="warning")), time()) == {"no_ticket": 1}
    assert states(database) == []
    send(database, notification(alert(severity="warning", ticket="yes")), time())
    with database.read() as connection:
        assert connection.scalar(select(ticket.c.priority)) == "P4"


def test_a_worse_alarm_raises_the_priority_and_a_better_one_does_not_lower_it(database: Database, time: Time) -> None:
    send(database, notification(alert(severity="minor")), time())
    send(database, notification(alert(severity="critical", device="sdb")), time())
    send(database, notification(alert(severity="minor", device="sdc")), time())
    with database.read() as connection:
        assert connection.execute(select(ticket.c.priority, ticket.c.severity)).one() == ("P1", "critical")


def test_flapping_is_said_once(desk: Desk, time: Time) -> None:
    for round_ in range(6):
        start = START + timedelta(minutes=2 * round_)
        time.now = start + timedelta(seconds=5)
        send(desk.database, notification(alert(start=start)), time())
        time.pass_(seconds=60)
        ended = alert(start=start, firing=False) | {"endsAt": time().isoformat()}
        send(desk.database, notification(ended), time())
    with desk.database.read() as connection:
        assert connection.scalar(select(ticket.c.flapping)) is True
        assert connection.scalar(select(func.count()).where(event.c.kind == "flapping")) == 1


def test_the_database_itself_refuses_a_second_open_ticket(database: Database, time: Time) -> None:
    send(database, notification(alert()), time())
    with database.read() as connection:
        row = dict(connection.execute(select(ticket)).mappings().one())
    del row["id"]
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(ticket.insert(), row)
    with database.write() as connection:
        connection.execute(ticket.insert(), row | {"status": "closed"})


def test_one_problem_from_many_senders_at_once_is_one_ticket(database: Database, time: Time) -> None:
    failures: list[BaseException] = []
    gate = threading.Barrier(8)

    def deliver(number: int) -> None:
        gate.wait()
        try:
            for _ in range(3):
                send(database, notification(alert(), alert(device=f"sd{number % 4}")), time())
        except BaseException as error:  # noqa: BLE001 - a thread hands its failure over
            failures.append(error)

    threads = [threading.Thread(target=deliver, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert states(database) == [("acknowledged", "", 5)]
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(alarm)) == 5


@pytest.mark.parametrize(
    ("name", "count", "groups"),
    [
        ("alerta_prometheus_v4_alert.json", 1, 1),
        ("dingtalk_PlaygroundDemoAlert.json", 2, 2),  # env is prod and staging
        ("prometheus_bot_noGenURL.json", 8, 1),
        ("prometheus_bot_simpe.json", 1, 1),
    ],
)
def test_payloads_of_several_generations(  # noqa: PLR0917
    database: Database, time: Time, shared: Path, name: str, count: int, groups: int
) -> None:
    body = (shared / "data" / "alertmanager" / "webhook" / name).read_bytes()
    body = body.replace(b'"severity": "warning"', b'"severity": "major"')
    for one_ticket_per, tickets_ in (("group", groups), ("alert", count)):
        policy = policy_of(Settings(one_ticket_per=one_ticket_per))  # type: ignore[arg-type]
        with database.write() as connection:
            connection.execute(ticket.delete())
        outcomes = ingest(database, parse(body), policy, time()).outcomes
        assert sum(outcomes.values()) == count
        assert len(states(database)) == tickets_
        ingest(database, parse(body), policy, time())
        assert len(states(database)) == tickets_


def test_text_that_no_database_stores_is_made_storable(database: Database, time: Time) -> None:
    send(database, notification(alert("edge\0-\ud800", description="\0")), time())
    with database.read() as connection:
        assert connection.scalar(select(ticket.c.node)) == "edge\N{REPLACEMENT CHARACTER}-?"


def test_logs_cannot_be_changed(database: Database, time: Time) -> None:
    send(database, notification(alert()), time())
    with database.write() as connection:
        connection.execute(audit.insert(), {"at": time(), "actor": "a", "action": "b", "data": {}})
    for statement in (
        audit.update().values(actor="someone else"),
        audit.delete(),
        event.update().values(actor="someone else"),
    ):
        with pytest.raises(DatabaseError, match="append-only"), database.write() as connection:
            connection.execute(statement)


def test_two_engineers_at_once(desk: Desk, time: Time) -> None:
    send(desk.database, notification(alert()), time())
    with desk.database.read() as connection:
        seen = connection.scalar(select(ticket.c.version))
    actions.take(desk, Hand("Aigerim", 1, seen))
    with pytest.raises(tickets.StaleTicketError):
        actions.take(desk, Hand("Timur", 1, seen))
    with desk.database.read() as connection:
        assert connection.scalar(select(ticket.c.owner)) == "Aigerim"


def test_a_ticket_keeps_the_texts_in_every_language_that_its_alarm_has(database: Database, time: Time) -> None:
    kazakh = alert()
    kazakh["annotations"]["summary_kk"] = "edge-1 жауап бермейді"
    send(database, notification(kazakh), time())
    with database.read() as connection:
        names = connection.scalar(select(ticket.c.names))
        (line,) = [each.body for each in queries.timeline(connection, [1])[1] if isinstance(each.body, AlarmsChanged)]
    expected = {"en": "edge-1 does not answer", "kk": "edge-1 жауап бермейді", "ru": "edge-1 не отвечает"}
    assert names == expected
    assert line.texts == {language: (text,) for language, text in expected.items()}


def test_the_title_follows_the_alarms_that_fire(database: Database, time: Time) -> None:
    def told(mount: str, *, firing: bool = True, severity: str = "minor") -> None:
        one = alert(firing=firing, mountpoint=mount, severity=severity)
        one["annotations"] |= {"summary": f"Disk full: {mount}", "summary_ru": f"Диск заполнен: {mount}"}
        send(database, notification(one), time())

    def title() -> str:
        with database.read() as connection:
            name: str = connection.scalars(select(ticket.c.names)).one()["en"]
        return name

    told("/var/log")
    told("/srv")
    assert title() == "Disk full: /var/log"
    told("/var/log", firing=False)
    assert title() == "Disk full: /srv"
    told("/boot", severity="CRITICAL")
    assert title() == "Disk full: /boot"
    told("/boot", firing=False, severity="CRITICAL")
    told("/srv", firing=False)
    assert title() == "Disk full: /srv"  # the last one that fired


def test_a_worse_alarm_does_not_make_its_ticket_overdue(desk: Desk, time: Time) -> None:
    send(desk.database, notification(alert(severity="minor")), time())
    time.pass_(hours=10)
    raised = time()
    send(desk.database, notification(alert(device="sdb", start=raised)), raised)
    recovery.run_due(desk)
    with desk.database.read() as connection:
        (row,) = queries.some(connection, [1])
        log = queries.timeline(connection, [row.id])[row.id]
    assert (row.priority, row.restore_by) == ("P1", raised + timedelta(hours=4))
    assert [each.body.clock for each in log if isinstance(each.body, Warned) and each.body.percent == 100] == [
        "acknowledge"  # of P3, since nobody took it for two hours
    ]


def test_deadlines_follow_changed_settings(desk: Desk, time: Time) -> None:
    for name in ("edge-1", "edge-2"):
        send(desk.database, notification(alert(name)), time())
    actions.take(desk, Hand("Aigerim", 1))
    assert measure_again(desk) == 0

    hour = PrioritySettings(Seconds(600.0), Seconds(3600.0))
    contract = Desk(desk.database, policy_of(Settings(priorities={"P1": hour})), time)
    assert measure_again(contract) == 2
    with desk.database.read() as connection:
        rows = queries.some(connection, [1, 2])
    opened = rows[0].opened_at
    assert [row.restore_by for row in rows] == [opened + timedelta(hours=1)] * 2
    assert {row.id: row.deadlines.get("acknowledge") for row in rows} == {1: None, 2: opened + timedelta(minutes=10)}
    assert min(row.due_at for row in rows if row.due_at) == opened + timedelta(minutes=5), (
        "half of the time to acknowledge"
    )
    assert measure_again(contract) == 0
    with desk.database.read() as connection:
        again = queries.some(connection, [1, 2])
    assert [row.version for row in again] == [row.version for row in rows]
