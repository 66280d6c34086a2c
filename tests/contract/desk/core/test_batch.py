"""Rows written in batches come back as they were, and webhooks find their tickets without reading every other one."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, select

from alerts.desk.alarms import store as stored_alarms
from alerts.desk.alarms.ingest import problems
from alerts.desk.alarms.notification import Problem
from alerts.desk.alarms.webhook import parse
from alerts.desk.core import batch
from alerts.desk.core.database import Database
from alerts.desk.core.tables import alarm, ticket
from alerts.desk.tickets import store as tickets
from tests.contract.desk.alarms.test_ingest import POLICY, send
from tests.contract.desk.payloads import START, alert, notification

AWKWARD = {
    "quotes": "'\"`$$ %s %(rows)s :rows ? \\ \\u0041 \\\\",
    "lines": "one\ntwo\r\n\ttab",
    "letters": "не отвечает · ұ қ ғ · 日本 · 🛰",
    "empty": "",
}


WHOLE = ("SCAN ", "Seq Scan")


def stored_row(connection: Connection) -> dict[str, Any]:
    row = dict(connection.execute(select(ticket).order_by(ticket.c.id.desc())).mappings().first() or {})
    del row["id"]
    return row


def found_in(*alerts: dict[str, Any]) -> list[Problem]:
    return problems(parse(json.dumps(notification(*alerts)).encode()), POLICY)


def test_a_batch_comes_back_as_it_went_in(database: Database) -> None:
    send(database, notification(alert()), START)
    with database.write() as connection:
        row = stored_row(connection) | {
            "problem_key": "other",
            "labels": AWKWARD,
            "names": AWKWARD | {"nested": {"null": None, "list": [1, 2.5, True, 2**63 - 1]}},
            "site": AWKWARD["quotes"],
            "node": AWKWARD["letters"],
            "status_at": START + timedelta(microseconds=1),
            "verify_at": None,
            "flapping": True,
        }
        batch.insert(connection, ticket, [row])
        assert stored_row(connection) == row
        number = connection.scalars(select(ticket.c.id).where(ticket.c.problem_key == "other")).one()
        change = {"site": AWKWARD["lines"], "verify_at": START, "status_at": START - timedelta(days=36525)}
        batch.update(connection, ticket, [{"id": number} | change | {"labels": {"a": "б"}}])
        assert stored_row(connection) == row | change | {"labels": {"a": "б"}}
        assert connection.scalar(select(ticket.c.site).where(ticket.c.id != number)) == "almaty"


def test_columns_that_nobody_gives_hold_their_defaults(database: Database) -> None:
    send(database, notification(alert()), START)
    with database.write() as connection:
        whole = stored_row(connection)
        blank = tickets.blank()
        given = {name: value for name, value in whole.items() if name not in blank} | {"problem_key": "other"}
        assert batch.insert_new(connection, ticket, [given], "problem_key", tickets.ONE_OPEN).keys() == {"other"}
        assert stored_row(connection) == {name: value for name, value in blank.items() if name != "id"} | given


def test_a_batch_says_which_rows_a_conflict_left_out(database: Database) -> None:
    send(database, notification(alert()), START)
    with database.write() as connection:
        row = stored_row(connection)
        rows = [row | {"problem_key": "before"}, row, row | {"problem_key": "behind"}]
        numbers = batch.insert_new(connection, ticket, rows, "problem_key", tickets.ONE_OPEN)
        assert set(numbers) == {"before", "behind"}
        known = connection.execute(select(ticket.c.problem_key, ticket.c.id)).all()
        assert set(numbers.items()) < {tuple(each) for each in known}


def test_a_column_holds_no_stray_value(database: Database) -> None:
    with database.write() as connection, pytest.raises(TypeError):
        batch.update(connection, ticket, [{"id": 1, "labels": {"when": object()}}])


def test_a_webhook_reads_no_whole_table(database: Database) -> None:
    firing, ended = ([alert(device=f"sd{number}", firing=each) for number in range(100)] for each in (True, False))
    send(database, notification(*firing), START)
    said: list[tuple[str, Any]] = []
    event.listen(database.writing, "before_cursor_execute", lambda *call: said.append((call[2], call[3])))
    send(database, notification(*firing), START + timedelta(minutes=1))
    send(database, notification(*ended), START + timedelta(minutes=6))
    plans = [(statement, plan) for statement, values in said for plan in planned(database, statement, values)]
    # Even over small tables: PostgreSQL keeps the plan that it made then, and they grow.
    whole = [plan for statement, plan in plans if "hub" not in statement and any(word in plan for word in WHOLE)]
    assert whole == []
    assert any("uq_ticket_open_problem" in plan for _, plan in plans)
    assert any("ix_event_ticket_id" in plan for _, plan in plans)


def planned(database: Database, statement: str, values: Any) -> list[str]:
    if not statement.startswith(("SELECT", "UPDATE")):
        return []
    explain = "EXPLAIN QUERY PLAN" if database.sqlite else "EXPLAIN"
    values = values[0] if isinstance(values, list) else values
    with database.write() as connection:
        rows = connection.exec_driver_sql(f"{explain} {statement}", values).all()
    return [plan for row in rows if "VIRTUAL TABLE" not in (plan := str(row[-1]))]


def test_the_newest_occurrence_is_found_among_many(database: Database) -> None:
    for hour in range(3):
        send(database, notification(alert(start=START + timedelta(hours=hour)), alert(device="sdb")), START)
    each = (alert(), alert(device="sdb"), alert(device="never"))
    with database.write() as connection:
        keys = list(connection.scalars(select(ticket.c.problem_key)))
        drafts = tickets.lock_open(connection, [*keys, "of nobody"])
        numbers = connection.scalar(select(alarm.c.id).order_by(alarm.c.starts_at.desc()))
        found = stored_alarms.latest(connection, found_in(*each), {draft.id for draft in drafts})
    assert len(found) == 2
    assert max(each.id or 0 for each in found.values() if each.starts_at > START) == numbers
