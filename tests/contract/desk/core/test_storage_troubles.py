"""Storage that cannot work is said in a sentence with its remedy, and no request or round fails without one."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from alerts.desk.app import commands
from alerts.desk.app.application import create_app
from alerts.desk.app.wiring import policy_of
from alerts.desk.core.database import UNAVAILABLE, Database
from alerts.desk.core.migrate import migrate
from alerts.desk.core.settings import Settings
from alerts.desk.tickets.runtime import Runtime
from service.database_trouble import trouble
from tests.contract.desk.postgres import Postgres
from tests.support.migrated import sqlite_database
from tests.unit.desk.console_desk import Caller

READ = text("SELECT count(*) FROM ticket")


def damaged(folder: Path) -> Path:
    """A file whose pages behind the first one are other bytes, as after a copy while the desk wrote."""
    file = folder / "desk.db"
    sqlite_database(file).dispose()
    pages = file.read_bytes()
    file.write_bytes(pages[:4096] + b"A" * (len(pages) - 4096))
    return file


def test_a_damaged_file_is_unavailable_with_what_to_do(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    database = Database(f"sqlite:///{damaged(tmp_path)}")
    with pytest.raises(UNAVAILABLE) as caught, database.read() as connection:
        connection.execute(READ)
    assert trouble(caught.value).startswith(
        "database disk image is malformed; stop the program, and put the latest backup"
    )
    settings = Settings()
    answer = Caller(create_app(Runtime(settings, database, policy_of(settings)))).get("/readyz")
    assert (answer.status_code, answer.json()["message"]) == (
        503,
        "the database does not work; the desk's log says why, and what to do",
    )
    assert [record.__dict__["error"] for record in caplog.records if record.name == "desk.api"] == [
        trouble(caught.value)
    ]
    database.dispose()


def test_a_file_of_something_else_is_said_by_the_command(tmp_path: Path) -> None:
    (tmp_path / "desk.db").write_bytes(b"version https://git-lfs.github.com/spec/v1\n" * 100)
    config = tmp_path / "desk.toml"
    config.write_text(f'database = "sqlite:///{tmp_path / "desk.db"}"\n', "utf-8")
    call = [sys.executable, "-m", "alerts.desk", "migrate", "--config", str(config)]
    done = subprocess.run(call, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("the database does not work: file is not a database; stop the program")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(("options", "warns"), [("", False), ("&vfs=unix-dotfile", True)])
def test_a_file_system_without_shared_memory_is_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, options: str, warns: bool
) -> None:
    """SQLite's own way for file systems without locks has no shared memory, as those over a network."""
    settings = Settings(database=f"sqlite:///file:{tmp_path / 'desk.db'}?uri=true{options}")
    with caplog.at_level(logging.WARNING, "desk"):
        commands.open_database(settings, tmp_path / "desk.toml").dispose()
    assert any("write-ahead log" in record.message for record in caplog.records) is warns


def test_an_account_that_may_make_no_tables_is_said_with_the_grant(postgresql: Postgres) -> None:
    """PostgreSQL 15 lets only the owner of a database make tables in it."""
    owner = Database(postgresql.create_database())
    with owner.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("CREATE ROLE weak LOGIN")
    weak = Database(owner.url.set(username="weak").render_as_string(hide_password=False))
    try:
        with pytest.raises(OperationalError) as caught:
            migrate(weak)
        assert trouble(caught.value) == (
            "permission denied for schema public; let the account own the database (ALTER DATABASE … OWNER TO …), or "
            "grant it the schema (GRANT ALL ON SCHEMA public TO …)"
        )
    finally:
        weak.dispose()
        with owner.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("DROP ROLE weak")
        owner.dispose()


def test_statements_of_another_connection_are_laid_to_pgbouncer(postgresql: Postgres) -> None:
    """What PostgreSQL says where PgBouncer hands one of its connections to several of the desk's."""
    database = Database(postgresql.create_database())
    migrate(database)

    def read() -> None:
        with database.read() as connection:
            connection.exec_driver_sql("PREPARE _pg3_0 AS SELECT 1")
            for _ in range(10):  # after five times the driver prepares a statement
                connection.execute(READ)

    with pytest.raises(UNAVAILABLE) as caught:
        read()
    assert trouble(caught.value).startswith(
        'prepared statement "_pg3_0" already exists; a PgBouncer in transaction mode'
    )
    database.dispose()
