"""Engineers merge and split tickets, and grouping respects it; the clock of a cause starts at its first effect."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from alerts.desk.access.trail import Action
from alerts.desk.alarms import regroup
from alerts.desk.alarms.correlation import reading
from alerts.desk.alarms.correlation.correlator import Correlator
from alerts.desk.alarms.correlation.grouping import WAIT
from alerts.desk.core.database import Database
from alerts.desk.core.tables import audit
from alerts.desk.tickets import queries
from alerts.desk.tickets import sla as clock
from alerts.desk.tickets.actions import Desk, Hand, UnfitError
from alerts.desk.tickets.store import NoSuchTicketError, StaleTicketError
from tests.contract.desk.alarms.test_correlation import (  # noqa: F401 - fixtures
    causes,
    correlator,
    effects,
    later,
    packager,
    rows,
    stale,
    time,
    told,
)
from tests.contract.desk.alarms.test_ingest import POLICY, Time
from tests.contract.desk.payloads import START, alert

OTHER = alert("edge-3", alertname="NodeDiskFull", layer="node", severity="major")


@pytest.fixture
def desk(database: Database, time: Time) -> Desk:  # noqa: F811 - the fixture
    return Desk(database, POLICY, time)


def trail(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.scalars(select(audit.c.action).order_by(audit.c.id)))


def grouping(database: Database, number: int) -> reading.Grouping:
    with database.read() as connection:
        return reading.read(connection, number, 100)


def story(database: Database, number: int) -> list[str]:
    with database.read() as connection:
        return [str(getattr(each.body, "text", "")) for each in queries.timeline(connection, [number])[number]]


def test_a_merged_ticket_is_held_under_its_cause_and_comes_out_again(
    desk: Desk,
    correlator: Correlator,  # noqa: F811
    time: Time,  # noqa: F811
) -> None:
    database = desk.database
    told(database, correlator, time, packager())
    time.pass_(minutes=1)
    told(database, correlator, time, OTHER)
    regroup.merge(desk, Hand("Aigerim", 2, 1), 1, "the same rack")
    assert causes(database) == {2: 1}
    assert [row["status"] for row in rows(database)] == ["acknowledged", "held"]
    assert grouping(database, 2).cause.why["en"] == "Aigerim put ticket 2 under ticket 1: the same rack"  # type: ignore[union-attr]
    assert [other.number for other in grouping(database, 1).folded] == [2]
    assert "Aigerim put ticket 2 under ticket 1: the same rack" in story(database, 1)
    regroup.take_out(desk, Hand("Aigerim", 2), "no")
    assert causes(database) == {}
    assert rows(database)[1]["status"] == "inProgress"
    assert trail(database) == [Action.TICKETS_MERGED, Action.TICKET_SPLIT]


def test_a_merged_problem_that_comes_again_belongs_to_the_same_cause(
    desk: Desk,
    correlator: Correlator,  # noqa: F811
    time: Time,  # noqa: F811
) -> None:
    told(desk.database, correlator, time, packager(), OTHER)
    regroup.merge(desk, Hand("Aigerim", 2), 1, "")
    time.pass_(minutes=10)
    told(desk.database, correlator, time, OTHER | {"status": "resolved", "endsAt": time().isoformat()})
    time.pass_(hours=10)
    later(desk.database, correlator, time, timedelta(0))
    with desk.database.write() as connection:
        connection.exec_driver_sql("UPDATE ticket SET status = 'closed' WHERE id = 2")
    told(desk.database, correlator, time, OTHER | {"startsAt": time().isoformat()})
    assert len(rows(desk.database)) == 2
    assert effects(desk.database)[1] == (2, 1)


def test_a_problem_that_was_taken_out_stays_out(
    desk: Desk,
    correlator: Correlator,  # noqa: F811
    time: Time,  # noqa: F811
) -> None:
    database = desk.database
    told(database, correlator, time, packager(), stale("ch01", "edge-1"), stale("ch02", "edge-2"))
    lines = grouping(database, 1).lines
    assert all("follows from NodeProcessMissing on origin-1" in line.why["en"] for line in lines)
    number = regroup.split(desk, Hand("Aigerim", 1), lines[0].key, "its own encoder")
    assert effects(database) == {1: (2, 1), number: (1, 0)}
    assert "Aigerim took ticket 2 out of ticket 1: its own encoder" in story(database, number)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE ticket SET status = 'closed', firing = 0 WHERE id = 2")
        connection.exec_driver_sql(f"UPDATE alarm SET ends_at = starts_at WHERE ticket_id = {number}")
    time.pass_(minutes=5)
    told(database, correlator, time, stale("ch01", "edge-1") | {"startsAt": time().isoformat()})
    later(database, correlator, time, WAIT)
    assert [row["id"] for row in rows(database)] == [1, 2, 3]
    assert causes(database) == {}


def test_a_member_of_an_inferred_cause_counts_no_longer_once_it_is_taken_out(
    desk: Desk,
    correlator: Correlator,  # noqa: F811
    time: Time,  # noqa: F811
) -> None:
    told(desk.database, correlator, time, *(stale("ch07", f"edge-{number}") for number in range(1, 6)))
    later(desk.database, correlator, time, WAIT)
    found = grouping(desk.database, 1)
    assert (found.total, found.kinds[0].firing) == (4, 4)
    assert found.lines[0].why == found.shared
    regroup.split(desk, Hand("Aigerim", 1), found.lines[0].key, "")
    assert [row["firing"] for row in rows(desk.database)] == [4, 1]


@pytest.mark.parametrize(
    ("act", "word"),
    [
        (lambda desk: regroup.merge(desk, Hand("A", 1), 1, ""), "merge_itself"),
        (lambda desk: regroup.merge(desk, Hand("A", 2), 1, ""), "merge_under"),
        (lambda desk: regroup.merge(desk, Hand("A", 3), 2, ""), "merge_under"),
        (lambda desk: regroup.merge(desk, Hand("A", 4), 1, ""), "merge_over"),
        (lambda desk: regroup.take_out(desk, Hand("A", 3), ""), "no_cause"),
        (lambda desk: regroup.split(desk, Hand("A", 1), "unknown", ""), "nothing_to_split"),
    ],
)
def test_what_cannot_be_grouped_is_refused(
    desk: Desk,
    correlator: Correlator,  # noqa: F811
    time: Time,  # noqa: F811
    act: Callable[[Desk], object],
    word: str,
) -> None:
    told(desk.database, correlator, time, packager(), OTHER)
    told(desk.database, correlator, time, *(alert("edge-4", alertname=name, layer="node") for name in ("A", "B")))
    assert causes(desk.database) == {}
    regroup.merge(desk, Hand("A", 2), 1, "")
    with desk.database.write() as connection:
        connection.exec_driver_sql("UPDATE ticket SET status = 'closed' WHERE id = 4")
    with pytest.raises(UnfitError) as refused:
        act(desk)
    assert refused.value.word == word


def test_who_saw_an_older_version_changes_nothing(
    desk: Desk,
    correlator: Correlator,  # noqa: F811
    time: Time,  # noqa: F811
) -> None:
    told(desk.database, correlator, time, packager(), OTHER)
    with pytest.raises(StaleTicketError):
        regroup.merge(desk, Hand("A", 2, 7), 1, "")
    with pytest.raises(NoSuchTicketError):
        regroup.merge(desk, Hand("A", 2), 77, "")
    assert causes(desk.database) == {}


def test_the_clock_of_a_cause_starts_at_its_first_effect(
    desk: Desk,
    correlator: Correlator,  # noqa: F811
    time: Time,  # noqa: F811
) -> None:
    told(desk.database, correlator, time, stale("ch01", "edge-1"))
    later(desk.database, correlator, time, WAIT)
    opened = time()
    time.pass_(minutes=20)
    told(desk.database, correlator, time, packager())
    with desk.database.read() as connection:
        log = queries.timeline(connection, [2])[2]
    clocks = clock.read(log, "P1", POLICY, time())
    assert {name: each.spans[0][0] for name, each in clocks.items()} == {"acknowledge": opened, "restore": opened}
    assert opened > START
    assert rows(desk.database)[1]["priority"] == "P1"  # as urgent as what it explains


def test_a_cause_that_takes_what_waits_counts_from_when_that_was_heard_of(
    desk: Desk,
    correlator: Correlator,  # noqa: F811
    time: Time,  # noqa: F811
) -> None:
    told(desk.database, correlator, time, stale("ch01", "edge-1"))
    heard = time()
    time.pass_(seconds=7)
    told(desk.database, correlator, time, packager())
    with desk.database.read() as connection:
        log = queries.timeline(connection, [1])[1]
    assert clock.read(log, "P1", POLICY, time())["restore"].spans[0][0] == heard
