"""The deadlines of a ticket are rows that follow its clocks, on both databases; the API and the figures read them."""

from datetime import datetime, timedelta

from alerts.desk.api.tmf_list import TICKETS
from alerts.desk.app.wiring import policy_of
from alerts.desk.core.database import Database
from alerts.desk.core.settings import Settings, VendorSettings
from alerts.desk.tickets import actions, queries
from alerts.desk.tickets.actions import Desk, Hand
from alerts.desk.tickets.states import Status
from tests.contract.desk.alarms.test_ingest import Time, send
from tests.contract.desk.payloads import alert, notification

POLICY = policy_of(Settings(vendor=(VendorSettings("Edge Ltd", "support@edge.example", pauses_restore=True),)))
WHO = Hand("Aigerim", 1)


def deadlines(database: Database) -> dict[str, datetime]:
    """Return what the ticket says, after checking that the figures say the same."""
    with database.read() as connection:
        found = queries.find(connection, 1)
        figures = queries.figures(connection, None)
    assert found is not None
    assert {clock: end for _, clock, _, _, end in figures.deadlines} == dict(found.deadlines)
    assert found.deadline_at == min(found.deadlines.values(), default=None)
    return dict(found.deadlines)


def test_each_running_clock_has_a_row_until_it_stops(database: Database) -> None:
    time = Time()
    desk = Desk(database, POLICY, time)
    send(database, notification(alert()), time())
    opened = time()
    assert deadlines(database) == {
        "acknowledge": opened + timedelta(minutes=15),
        "restore": opened + timedelta(hours=4),
    }
    time.pass_(minutes=5)
    actions.take(desk, WHO)
    assert set(deadlines(database)) == {"restore"}

    actions.hand_over(desk, WHO, "Edge Ltd", "")  # this vendor pauses the restoration
    handed = time()
    assert deadlines(database) == {"accept": handed + timedelta(minutes=30), "vendor": handed + timedelta(hours=4)}
    time.pass_(minutes=10)
    actions.accept(desk, WHO, "")
    assert deadlines(database) == {"vendor": time() + timedelta(hours=4)}
    actions.give_back(desk, WHO, "")
    assert deadlines(database) == {"restore": opened + timedelta(hours=4, minutes=10)}
    actions.move(desk, WHO, Status.RESOLVED, "restarted")
    assert deadlines(database) == {}


def test_tickets_are_found_and_sorted_by_when_they_have_to_be_restored(database: Database) -> None:
    time = Time()
    for node, severity in (("edge-1", "critical"), ("edge-2", "minor"), ("edge-3", "critical")):
        send(database, notification(alert(node, severity=severity)), time())
        time.pass_(minutes=1)
    actions.take(Desk(database, POLICY, time), Hand("Aigerim", 2))
    with database.read() as connection:
        found = {one.id: one for one in queries.some(connection, [1, 2, 3])}
        ends = {number: one.restore_by for number, one in found.items() if one.restore_by}
        wanted = TICKETS.conditions([("expectedResolutionDate.lte", ends[3].isoformat())])
        total, early = queries.page(connection, wanted, TICKETS.order("-expectedResolutionDate"), 10, 0)
    assert {number: set(one.deadlines) for number, one in found.items()} == {
        1: {"acknowledge", "restore"},
        2: {"restore"},
        3: {"acknowledge", "restore"},
    }
    assert ends[1] < ends[3] < ends[2]
    assert (total, [one.id for one in early]) == (2, [3, 1])
