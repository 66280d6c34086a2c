"""Bring a database to the schema of this version."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from alerts.desk.store.database import Database

_LOCK = 7410_621  # any number that no other program uses as an advisory lock in this database


def migrate(database: Database) -> None:
    """Run the missing migrations in one transaction; several desks that start at once take turns."""
    with database.write() as connection:
        if not database.sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def current(database: Database) -> bool:
    """Say whether the database has the schema that this version expects."""
    with database.read() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    return found == _head()


@cache
def _head() -> str | None:
    """Return this version's schema; the files that say so do not change while the desk runs."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
