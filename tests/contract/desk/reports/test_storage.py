"""A report read from storage is the one worked out by hand, in SQLite and in PostgreSQL."""

import json
from datetime import datetime, timedelta

import pytest

from alerts.desk.core.database import Database
from alerts.desk.core.tables import event, ticket
from alerts.desk.reports import outcomes as reports
from alerts.desk.reports import store as stored
from alerts.desk.reports.store import Asked, TooManyError
from alerts.desk.tickets import store as tickets
from alerts.desk.tickets.event_json import to_json
from tests.unit.desk.reports.report_cases import ALMATY, NOW, POLICY, cases

AUTUMN = Asked(datetime(2026, 10, 1, tzinfo=ALMATY), datetime(2026, 12, 1, tzinfo=ALMATY))


@pytest.fixture
def filled(database: Database) -> Database:
    with database.write() as connection:
        for case, events in cases():
            names = json.loads(case.names)
            row = tickets.blank() | {
                "id": case.number, "problem_key": str(case.number), "names": names, "descriptions": names,
                "site": case.site, "node": case.node, "severity": case.severity, "priority": case.priority,
                "ticket_type": "incident", "status": case.status.value, "status_at": NOW, "updated_at": NOW,
                "opened_at": case.opened_at,
            }  # fmt: skip
            connection.execute(ticket.insert(), row)
            for each in events:
                line = {"ticket_id": case.number, "at": each.at, "kind": each.kind.value, "actor": each.actor}
                connection.execute(event.insert(), line | {"data": to_json(each.body)})
    return database


def numbers(database: Database, asked: Asked) -> list[int]:
    with database.read() as connection:
        return [case.number for case, _ in stored.cases(connection, asked)]


def test_the_report_is_that_of_the_cases_themselves(filled: Database) -> None:
    with filled.read() as connection:
        made = reports.report(stored.cases(connection, AUTUMN), POLICY, NOW)
    expected = reports.report(cases(), POLICY, NOW)
    assert made.total == expected.total
    assert (made.months, made.sites, made.vendors) == (expected.months, expected.sites, expected.vendors)
    assert made.contracts == expected.contracts
    assert [json.loads(each.case.names) for each in made.facts] == [json.loads(case.names) for case, _ in cases()]


def test_a_period_begins_and_ends_at_local_midnight(filled: Database) -> None:
    october = Asked(AUTUMN.start, datetime(2026, 11, 1, tzinfo=ALMATY))
    november = Asked(october.end, AUTUMN.end)
    assert numbers(filled, october) == [1, 2, 3, 4, 5]
    assert numbers(filled, november) == [6, 7, 8, 9, 10, 11, 12, 13]
    moment = datetime(2026, 11, 6, 10, tzinfo=ALMATY)
    assert numbers(filled, Asked(moment, moment + timedelta(seconds=1))) == [10]
    assert numbers(filled, Asked(moment - timedelta(seconds=1), moment)) == []


def test_by_site_and_by_vendor(filled: Database) -> None:
    assert numbers(filled, Asked(AUTUMN.start, AUTUMN.end, site="oskemen")) == [8, 12]
    assert numbers(filled, Asked(AUTUMN.start, AUTUMN.end, vendor="Strict")) == [7, 13]
    assert numbers(filled, Asked(AUTUMN.start, AUTUMN.end, site="astana", vendor="Lenient")) == [13]
    assert numbers(filled, Asked(AUTUMN.start, AUTUMN.end, vendor="' OR 1=1")) == []
    with filled.read() as connection:
        assert stored.sites(connection, 10) == ["almaty", "astana", "oskemen"]


def test_too_many_tickets_are_refused_before_they_are_read(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "MAX_TICKETS", 12)
    with pytest.raises(TooManyError, match="13 tickets"):
        numbers(filled, AUTUMN)


def test_events_over_several_batches_stay_with_their_tickets(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "_BATCH", 4)
    with filled.read() as connection:
        found = {case.number: log for case, log in stored.cases(connection, AUTUMN)}
    for case, events in cases():
        read = found[case.number]
        assert [(each.at, each.body) for each in read] == [(each.at, each.body) for each in events]
