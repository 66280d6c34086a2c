"""An empty database in this version's schema, copied from one that was migrated once in this process."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from alerts.desk.core.database import Database
from alerts.desk.core.migrate import migrate
from tests.contract.desk.postgres import Postgres


def sqlite_database(file: Path) -> Database:
    """Make the file and return its database."""
    shutil.copyfile(_template(), file)
    return Database(f"sqlite:///{file}")


def postgresql_database(server: Postgres) -> Database:
    """Make a database on the server and return it."""
    return Database(server.create_database(_postgresql_template(server)))


@cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="ottwatch-schema-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / "desk.db"
    _migrated(f"sqlite:///{file}")
    return file


@cache
def _postgresql_template(server: Postgres) -> str:
    url = server.create_database()
    _migrated(url)
    return url


def _migrated(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.dispose()
