"""Bring a database to the schema of this version."""

from functools import cache
from itertools import count
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import String, column, inspect, select, table, text

from alerts.desk.core.database import Database
from service import progress

_LOCK = 7410_621  # any number that no other program uses as an advisory lock in this database
_TABLE = "alembic_version"
_VERSION = select(column("version_num", String)).select_from(table(_TABLE))  # one for all, so that it is compiled once


def migrate(database: Database) -> None:
    """Run the missing migrations in one transaction; several desks that start at once take turns.

    Raise ValueError for the schema of a later version: what it holds would be misread.
    """
    with database.write() as connection:
        if not database.sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        found = MigrationContext.configure(connection).get_current_revision()
        config = _config()
        if found is not None and found not in {each.revision for each in _scripts(config).walk_revisions()}:
            raise ValueError(f'the database has the schema "{found}" of a later version; install that one again')
        missing = sum(1 for _ in _scripts(config).iterate_revisions("head", found or "base"))
        with progress.through(missing, "migrate", unit="step") as seen:
            applied = count(1)
            config.attributes["connection"] = connection
            config.attributes["applied"] = lambda **_: seen(next(applied))
            command.upgrade(config, "head")


def current(database: Database) -> bool:
    """Return whether the database has the schema that this version expects."""
    with database.read() as connection:
        found = connection.scalars(_VERSION).all() if inspect(connection).has_table(_TABLE) else []
    return found == [_head()]


@cache
def _head() -> str | None:
    """Return this version's schema; the files that say so do not change while the desk runs."""
    return _scripts(_config()).get_current_head()


def _scripts(config: Config) -> ScriptDirectory:
    return ScriptDirectory.from_config(config)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
