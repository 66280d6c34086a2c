"""What a ticket says follows the alarms that fire, on both databases."""

from datetime import timedelta
from typing import Any

from alerts.desk.core.database import Database
from alerts.desk.tickets import listing, queries
from alerts.desk.tickets.actions import Desk, Hand, changing
from alerts.desk.tickets.events import Edited, NoteAdded
from alerts.desk.tickets.ticket import Ticket
from tests.contract.desk.alarms.test_ingest import ALL, Time, desk, send, time
from tests.contract.desk.payloads import alert, notification

__all__ = ["desk", "time"]


def full(mount: str, percent: int, **other: Any) -> dict[str, Any]:
    found = alert(alertname="DiskFull", mountpoint=mount, **{"severity": "minor", **other})
    found["annotations"] = {
        "summary": f"{mount} is full",
        "summary_ru": f"{mount} заполнен",
        "description": f"{mount} is {percent} % full",
        "runbook_url": f"https://example.com{mount}",
    }
    return found


def ticket(database: Database) -> Ticket:
    with database.read() as connection:
        (found,) = queries.queue(connection, ALL, 10)
    return found


def mark(database: Database) -> str:
    with database.read() as connection:
        return listing.ticket_mark(connection, 1)


def test_figures_are_the_latest_that_came(desk: Desk, time: Time) -> None:
    send(desk.database, notification(full("/srv", 91)), time())
    before = mark(desk.database)
    time.pass_(minutes=5)
    assert send(desk.database, notification(full("/srv", 97)), time()) == {"repeated": 1}
    row = ticket(desk.database)
    assert row.descriptions["en"] == "/srv is 97 % full"
    assert row.updated_at == time()
    assert mark(desk.database) != before, "pages that are open show it"
    time.pass_(minutes=5)
    send(desk.database, notification(full("/srv", 97)), time())
    assert ticket(desk.database).updated_at == row.updated_at, "nothing is new"


def test_texts_link_and_place_are_those_of_the_worst_alarm_that_fires(desk: Desk, time: Time) -> None:
    first, second = full("/var", 91), full("/srv", 95, node="edge-2")
    send(desk.database, notification(first, second, alertname="DiskFull"), time())
    assert ticket(desk.database).names["ru"] == "/var заполнен"
    time.pass_(minutes=1)
    gone = first | {"status": "resolved", "endsAt": time().isoformat()}
    send(desk.database, notification(gone, second, alertname="DiskFull"), time())
    row = ticket(desk.database)
    assert (row.names["ru"], row.node, row.runbook_url) == (
        "/srv заполнен",
        "edge-2",
        "https://example.com/srv",
    )
    worse = full("/", 99, node="edge-3", severity="critical")
    send(desk.database, notification(second, worse, alertname="DiskFull"), time() + timedelta(minutes=1))
    row = ticket(desk.database)
    assert (row.names["en"], row.node, row.priority) == ("/ is full", "edge-3", "P1")


def test_what_a_person_wrote_stays(desk: Desk, time: Time) -> None:
    send(desk.database, notification(full("/var", 91)), time())
    with changing(desk, Hand("oss", 1)) as (draft, now):
        draft.names = {"en": "Logs of the portal", "ru": "Logs of the portal"}
        draft.record(now, Edited(("name",)), "oss")
    send(desk.database, notification(full("/var", 91), full("/srv", 99, severity="critical")), time())
    row = ticket(desk.database)
    assert (row.names["en"], row.descriptions["en"]) == ("Logs of the portal", "/srv is 99 % full")


def test_an_unknown_severity_says_so_on_its_ticket(desk: Desk, time: Time) -> None:
    send(desk.database, notification(full("/var", 91, severity="purple")), time())
    row = ticket(desk.database)
    assert (row.severity, row.priority) == ("indeterminate", "P3")
    with desk.database.read() as connection:
        notes = [each.body for each in queries.timeline(connection, [1])[1] if isinstance(each.body, NoteAdded)]
    assert [note.texts["en"] for note in notes] == [
        'The severity "purple" of the alert DiskFull is not known: rated P3.'
        " Write critical, major, minor or warning in its rule."
    ]


def test_annotations_as_other_rule_sets_name_them(desk: Desk, time: Time) -> None:
    one = alert(alertname="EtcdNoLeader")
    one["annotations"] = {"message": "etcd has no leader", "runbook": "https://example.com/etcd"}
    send(desk.database, notification(one), time())
    row = ticket(desk.database)
    assert row.names["en"] == "EtcdNoLeader edge-1"
    assert (row.descriptions["ru"], row.runbook_url) == ("etcd has no leader", "https://example.com/etcd")


def test_a_title_is_one_line(desk: Desk, time: Time) -> None:
    one = alert()
    one["annotations"] = {"summary": " edge-1\n  is down\n", "summary_ru": "\n"}
    send(desk.database, notification(one), time())
    assert ticket(desk.database).names == {"en": "edge-1 is down", "ru": "NodeDown edge-1"}
