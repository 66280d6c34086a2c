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
