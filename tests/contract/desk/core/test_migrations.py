"""A database of an earlier release keeps what it knows, and its audit trail stays as it was written."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from alerts.desk import core
from alerts.desk.core.database import Database
from alerts.desk.core.migrate import current, migrate
from alerts.desk.core.tables import metadata
from alerts.desk.tickets import queries


def back_to(database: Database, revision: str) -> None:
    """Make the database one of an earlier release, without data."""
    with database.write() as connection:
        metadata.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE alembic_version")
        if not database.sqlite:
            connection.exec_driver_sql(
                "DROP FUNCTION audit_append_only CASCADE; DROP FUNCTION event_append_only CASCADE"
            )
        config = Config()
        config.set_main_option("script_location", str(Path(core.__file__).parent / "migrations"))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def test_last_logins_and_subjects_are_taken_from_the_trail(database: Database) -> None:
    back_to(database, "0001")
    with database.write() as connection:
        connection.execute(
            text(
                "INSERT INTO account (name, role, password, language, enabled, created_at) VALUES "
                "('Aigerim', 'engineer', '', 'ru', true, 1), ('Timur', 'viewer', '', 'ru', true, 1)"
            )
        )
        connection.execute(
            text(
                "INSERT INTO audit (at, actor, action, data) VALUES "
                """(1000000, 'ott-desk', 'account created', '{"name": "Aigerim", "role": "engineer"}'), """
                """(2000000, 'Aigerim', 'login', '{"address": "192.0.2.1"}'), """
                """(3000000, 'Aigerim', 'login', '{"address": "192.0.2.1"}')"""
            )
        )
    assert not current(database)
    migrate(database)
    assert current(database)
    with database.read() as connection:
        logins = connection.execute(text("SELECT name, last_login_at FROM account ORDER BY name")).all()
        subjects = connection.scalars(text("SELECT subject FROM audit ORDER BY id")).all()
    assert [tuple(row) for row in logins] == [("Aigerim", 3_000_000), ("Timur", None)]
    assert subjects == ["Aigerim", None, None]
    with pytest.raises(DBAPIError, match="append-only"), database.write() as connection:
        connection.execute(text("UPDATE audit SET actor = 'nobody'"))


def test_a_later_versions_database_is_refused_in_words(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ValueError, match='schema "9999" of a later version'):
        migrate(database)
    assert not current(database)


TICKETS = 20_000
MANY = """
INSERT INTO ticket (version, problem_key, labels, site, node, names, descriptions, runbook_url, severity, priority,
                    priority_fixed, ticket_type, status, status_at, status_reason, firing, automatic, unverified,
                    flapping, owner, vendor, opened_at, updated_at, acknowledge_by, restore_by, vendor_by,
                    deadline_at, extra)
WITH RECURSIVE numbered(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbered WHERE n < 20000)
SELECT 1, 'problem-' || n, '{}', 'almaty', 'edge-1', '{}', '{}', '', 'critical', 'P1',
       false, 'incident', CASE n % 4 WHEN 3 THEN 'closed' ELSE 'inProgress' END, n, '', 1, true, false, false,
       '', '', n, n,
       CASE n % 4 WHEN 0 THEN n + 900 END,
       CASE n % 4 WHEN 3 THEN NULL ELSE n + 14400 END,
       CASE n % 4 WHEN 2 THEN n + 1800 END,
       CASE n % 4 WHEN 0 THEN n + 900 WHEN 1 THEN n + 14400 WHEN 2 THEN n + 1800 END, '{}'
FROM numbered
"""
BY_CLOCK = """
SELECT ticket_id % 4, name, count(*), min(lasts), max(lasts)
FROM (SELECT c.ticket_id, c.name, c.deadline_at - t.opened_at AS lasts
      FROM ticket_clock c JOIN ticket t ON t.id = c.ticket_id) running
GROUP BY 1, 2 ORDER BY 1, 2
"""


def test_the_deadlines_of_20_000_tickets_become_rows(database: Database) -> None:
    back_to(database, "0017")
    with database.write() as connection:
        connection.execute(text(MANY))
    migrate(database)
    with database.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM ticket")) == TICKETS
        rows = connection.execute(text(BY_CLOCK)).all()
        found = queries.find(connection, 4)
    quarter = TICKETS // 4
    assert [tuple(row) for row in rows] == [
        (0, "acknowledge", quarter, 900, 900),
        (0, "restore", quarter, 14400, 14400),
        (1, "restore", quarter, 14400, 14400),
        (2, "restore", quarter, 14400, 14400),
        (2, "vendor", quarter, 1800, 1800),
    ]
    assert found is not None
    assert (found.deadline_at, found.restore_by) == (found.deadlines["acknowledge"], found.deadlines["restore"])
    with database.write() as connection:
        connection.execute(text("DELETE FROM ticket WHERE id = 4"))
        assert not connection.scalar(text("SELECT count(*) FROM ticket_clock WHERE ticket_id = 4"))
