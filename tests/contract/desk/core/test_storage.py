"""Migrations, several desks on one database, backup and retention."""

import io
import json
import os
import re
import resource
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import JSON, Column, Connection, func, make_url, select, text
from sqlalchemy.exc import OperationalError

from alerts.desk.access import secrets
from alerts.desk.access import store as access
from alerts.desk.access.roles import Principal
from alerts.desk.alarms import dry_run as keys
from alerts.desk.alarms import recovery
from alerts.desk.app.wiring import policy_of
from alerts.desk.core.backup import backup
from alerts.desk.core.database import Database
from alerts.desk.core.migrate import current, migrate
from alerts.desk.core.settings import Settings
from alerts.desk.core.tables import alarm, event, metadata, ticket
from alerts.desk.tickets import queries
from alerts.desk.tickets.actions import Desk
from alerts.desk.tickets.queries import QueueFilter
from alerts.desk.tickets.retention import forget
from alerts.desk.tickets.runtime import Runtime
from tests.conftest import ROOT
from tests.contract.desk.alarms.test_ingest import POLICY, Time, send, states
from tests.contract.desk.conftest import serving
from tests.contract.desk.payloads import alert, notification
from tests.contract.desk.postgres import BINARIES, Postgres
from tests.support.migrated import sqlite_database


@pytest.fixture
def time() -> Time:
    return Time()


def differs(
    _context: Any, _inspected: Any, column: Column[Any], found: str | None, _wanted: Any, default: str
) -> bool | None:
    """Compare defaults of JSON as texts: PostgreSQL has no equality of JSON. Others are compared by the database."""
    if isinstance(column.type, JSON):
        return (found or "").partition("::")[0] != (default or "")
    return None


def test_the_migrations_make_the_tables_that_the_code_expects(database: Database) -> None:
    assert current(database)
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": differs})
        assert compare_metadata(context, metadata) == []


def test_desks_that_start_at_once_migrate_once(database: Database) -> None:
    failures: list[BaseException] = []

    def start() -> None:
        own = Database(database.url.render_as_string(hide_password=False))
        try:
            migrate(own)
        except BaseException as error:  # noqa: BLE001 - a thread hands its failure over
            failures.append(error)
        finally:
            own.dispose()

    with database.engine.begin() as connection:
        metadata.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE alembic_version")
        if not database.sqlite:
            connection.exec_driver_sql(
                "DROP FUNCTION audit_append_only CASCADE; DROP FUNCTION event_append_only CASCADE"
            )
    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert current(database)


def test_several_desks_tell_each_warning_once(database: Database, time: Time) -> None:
    for number in range(40):
        send(database, notification(alert(f"edge-{number}")), time())
    time.pass_(hours=5)
    breaches: Counter[str] = Counter()
    gate, lock = threading.Barrier(4), threading.Lock()

    def run() -> None:
        desk = Desk(Database(database.url.render_as_string(hide_password=False)), POLICY, time)
        gate.wait()
        done = recovery.run_due(desk)
        with lock:
            breaches.update(done.breaches)
        desk.database.dispose()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert breaches == {"acknowledge": 40, "restore": 40}
    with database.read() as connection:
        assert connection.scalar(select(func.count()).where(event.c.kind == "warning")) == 40 * 8


def test_a_backup_is_a_whole_database(
    database: Database, time: Time, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{BINARIES[-1]}:{os.environ['PATH']}")
    send(database, notification(alert()), time())
    copy = tmp_path / "copy"
    backup(database, copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    if database.sqlite:
        restored = Database(f"sqlite:///{copy}")
        assert states(restored) == [("acknowledged", "", 1)]
        restored.dispose()
    else:
        listing = subprocess.run(["pg_restore", "--list", copy], capture_output=True, text=True, check=True).stdout
        assert "TABLE DATA public ticket" in listing
    with pytest.raises(FileExistsError):
        backup(database, copy)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_migrating_and_copying_show_on_a_terminal_how_far_they_are(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("PATH", f"{BINARIES[-1]}:{os.environ['PATH']}")
    monkeypatch.setattr(sys, "stderr", shown := _Terminal())
    backup(database, tmp_path / "copy")
    assert "backup:   0%" in shown.getvalue()
    address = f"sqlite:///{tmp_path / 'new.db'}"
    if not database.sqlite:
        address = request.getfixturevalue("postgresql").create_database()
    new = Database(address)
    migrate(new)
    new.dispose()
    assert "migrate:   0%" in shown.getvalue()


RESTORE = re.search(
    r"Restoring a desk in PostgreSQL.*?^```sh\n(.*?)^```",
    (ROOT / "docs/upgrade.md").read_text("utf-8"),
    re.MULTILINE | re.DOTALL,
)
# The page's accounts are the machine's; here one role owns everything, and its server is found by a socket.
STAND_INS = 'systemctl() { :; }; runuser() { shift 3; "$@"; }\n'


def test_the_documented_commands_restore_a_desk_in_postgresql(
    postgresql: Postgres, time: Time, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{BINARIES[-1]}:{os.environ['PATH']}")
    url = make_url(postgresql.create_database())
    desk = Database(url.render_as_string(hide_password=False))
    migrate(desk)
    send(desk, notification(alert()), time())
    backup(desk, tmp_path / "copy")
    # What a later desk did, and a table of its schema: none of it is left.
    with desk.write() as connection:
        connection.exec_driver_sql("DELETE FROM event")
        connection.exec_driver_sql("CREATE TABLE later (number integer)")
    desk.dispose()
    assert RESTORE is not None
    commands = RESTORE[1].replace("/var/lib/ottwatch-desk/before-upgrade.db", str(tmp_path / "copy"))
    commands = re.sub(r"\bottwatch$", str(url.database), commands, flags=re.MULTILINE)
    commands = commands.replace("--dbname ottwatch", f"--dbname {url.database}").replace("ottwatch", str(url.username))
    for name, value in (("PGHOST", url.query["host"]), ("PGUSER", url.username), ("PGDATABASE", "postgres")):
        monkeypatch.setenv(name, str(value))
    done = subprocess.run(["sh", "-ec", STAND_INS + commands], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    restored = Database(url.render_as_string(hide_password=False))
    assert current(restored)
    assert states(restored) == [("acknowledged", "", 1)]
    with restored.read() as connection:
        assert connection.scalar(select(func.count()).where(event.c.kind == "opened")) == 1
        assert connection.scalar(text("SELECT to_regclass('later')")) is None
    restored.dispose()


def test_a_backup_made_while_webhooks_are_stored_is_of_one_moment(
    database: Database, time: Time, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("PATH", f"{BINARIES[-1]}:{os.environ['PATH']}")
    stop, stored = threading.Event(), [0]

    def write() -> None:
        while not stop.is_set():
            nodes = (f"edge-{stored[0]}-{part}" for part in "ab")
            send(database, notification(*(alert(node) for node in nodes), alertname=f"pair {stored[0]}"), time())
            stored[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while stored[0] < 20:
            assert writer.is_alive()
            threading.Event().wait(0.01)
        least = stored[0]
        backup(database, tmp_path / "copy")
    finally:
        stop.set()
        writer.join()
    if database.sqlite:
        url = f"sqlite:///{tmp_path / 'copy'}"
    else:
        url = request.getfixturevalue("postgresql").create_database()
        plain = url.replace("+psycopg", "")
        subprocess.run(["pg_restore", f"--dbname={plain}", tmp_path / "copy"], check=True, capture_output=True)
    restored = Database(url)
    with restored.read() as connection:
        pairs = connection.scalars(select(ticket.c.firing)).all()
        alarms = connection.scalar(select(func.count()).select_from(alarm))
        opened = connection.scalar(select(func.count()).where(event.c.kind == "opened"))
    assert current(restored)
    restored.dispose()
    assert set(pairs) == {2}
    assert (alarms, opened) == (2 * len(pairs), len(pairs))
    assert least <= len(pairs) <= stored[0]


def test_a_backup_migrates_nothing_and_says_what_it_cannot_copy(tmp_path: Path) -> None:
    config = tmp_path / "desk.toml"
    old = tmp_path / "old.db"
    with sqlite3.connect(old) as connection:
        connection.execute("CREATE TABLE older (x)")
    connection.close()
    for name, status in (("old.db", 0), ("missing.db", 1)):
        config.write_text(f'database = "sqlite:///{tmp_path / name}"\n', "utf-8")
        command = ["backup", "--config", str(config), "--to", str(tmp_path / f"copy of {name}")]
        done = subprocess.run(
            [sys.executable, "-m", "alerts.desk", *command], capture_output=True, text=True, check=False
        )
        assert done.returncode == status, done.stderr
    assert done.stderr.strip() == f"{tmp_path / 'missing.db'} cannot be copied: unable to open database file"
    assert not (tmp_path / "missing.db").exists()
    assert not (tmp_path / "copy of missing.db").exists()
    for name in ("old.db", "copy of old.db"):
        connection = sqlite3.connect(tmp_path / name)
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("older",)]
        connection.close()


def test_retention_forgets_ended_tickets_and_nothing_else(database: Database, time: Time) -> None:
    desk = Desk(database, POLICY, time)
    send(database, notification(alert("edge-1")), time())
    send(database, notification(alert("edge-2")), time())
    send(database, notification(alert("edge-1", firing=False)), time())
    time.pass_(hours=1)
    recovery.run_due(desk)
    time.pass_(days=100)
    assert forget(database, time(), timedelta(days=200).total_seconds(), 0) == (0, 0)
    assert forget(database, time(), timedelta(days=99).total_seconds(), 0) == (1, 0)
    with database.read() as connection:
        assert connection.scalars(select(ticket.c.node)).all() == ["edge-2"]
        assert connection.scalar(select(func.count()).where(event.c.ticket_id == 1)) == 0
    assert send(database, notification(alert("edge-3")), time()) == {"new": 1}
    with database.read() as connection:
        assert max(connection.scalars(select(ticket.c.id))) == 3


def test_names_of_accounts_and_tokens_are_taken_once(database: Database, time: Time) -> None:
    def add_token(connection: Connection) -> None:
        access.add_token(connection, "am", "machine", secrets.digest("x"), time())

    def add_account(connection: Connection) -> None:
        access.add_account(connection, Principal("A", "viewer", "ru"), "hash", time())

    for add in (add_token, add_account):
        with database.write() as connection:
            add(connection)
        with pytest.raises(access.NameTakenError), database.write() as connection:
            add(connection)


def test_the_queue_finds_text_and_treats_wildcards_as_text(database: Database, time: Time) -> None:
    send(database, notification(alert("edge-1")), time())
    send(database, notification(alert("edge_100%")), time())
    send(database, notification(alert("ГОРОД-7")), time())
    with database.read() as connection:
        for text, count in (
            ("EDGE", 2),
            ("0%", 1),
            ("e_1", 1),
            ("e%1", 0),
            ("_", 1),
            ("не отвечает", 3),
            ("НЕ ОТВЕЧАЕТ", 3),
            ("город", 1),
            ("диск", 0),
            ("nothing", 0),
        ):
            assert queries.count(connection, QueueFilter(text=text)) == count, text


def test_the_queue_searches_what_people_read_and_not_how_it_is_stored(database: Database, time: Time) -> None:
    for node, title in (
        ("edge-1", 'диск "sda" переполнен, C:\\logs'),
        ("edge-2", "Приём прерван ёлкой"),
        ("origin-3", "поток 2 стоит"),
    ):
        each = alert(node)
        each["annotations"] = {"summary": title, "summary_ru": title}
        send(database, notification(each), time())
    with database.read() as connection:
        numbers = {row.node: row.id for row in connection.execute(select(ticket.c.node, ticket.c.id))}
        first, second = numbers["edge-1"], numbers["edge-2"]
        for text, found in (
            ('"sda"', {"edge-1"}),  # JSON writes \\" for it
            ("C:\\logs", {"edge-1"}),
            ("en", set()),  # the name of a language, not a text
            ('": "', set()),
            ("прием", {"edge-2"}),
            ("ЕЛКОЙ", {"edge-2"}),
            ("диск edge-1", {"edge-1"}),  # words in any order, in different columns
            ("переполнен диск", {"edge-1"}),
            ("диск edge-2", set()),
            ("  edge-2 ", {"edge-2"}),
            ("edge-2\u200b", {"edge-2"}),  # copied from a chat
            ("\u200b", {"edge-1", "edge-2", "origin-3"}),  # nothing to look for
            (f"№ {first}", {"edge-1"}),
            (f"#{second}", {"edge-2"}),
            ("2", {"edge-2", "origin-3"} | {node for node, number in numbers.items() if number == 2}),
            ("9" * 18, set()),
            ("9" * 40, set()),
        ):
            rows = queries.queue(connection, QueueFilter(text=text), 10)
            assert {row.node for row in rows} == found, text


def test_keys_of_recorded_webhooks(tmp_path: Path) -> None:
    for number in range(3):
        payload = notification(alert("edge-1"), alert("edge-1", device=f"sd{number}"))
        (tmp_path / f"{number}.json").write_text(json.dumps(payload))
    found = keys.from_payloads(sorted(tmp_path.iterdir()), policy_of(Settings()))
    assert list(keys.report(found))[-1] == "1 ticket of 1 problem from 4 alarms"


def test_sqlite_is_durable_and_has_one_writer(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'desk.db'}")
    with database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    database.dispose()
    assert sqlite3.sqlite_version_info >= (3, 35), "RETURNING"


def test_a_postgresql_that_takes_no_writes_is_told_from_one_that_is_down(
    postgresql: Postgres, tmp_path: Path, time: Time
) -> None:
    database = Database(postgresql.create_database())
    migrate(database)
    name = database.url.database
    runtime = Runtime(Settings(), database, POLICY, now=time)
    token = secrets.new_token()
    with database.write() as connection:
        access.add_token(connection, "alertmanager", "machine", secrets.digest(token), time())
    with serving(runtime) as address, httpx.Client(base_url=address, timeout=60) as http:

        def post(node: str) -> httpx.Response:
            headers = {"Authorization": f"Bearer {token}"}
            return http.post("/webhook/alertmanager", json=notification(alert(node)), headers=headers)

        def become(read_only: bool) -> None:
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("SET default_transaction_read_only = off")
                state = "on" if read_only else "off"
                connection.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = {state}")
            database.dispose()

        assert post("edge-1").status_code == 200
        become(read_only=True)
        refused = post("edge-2")
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert "read-only" in refused.json()["message"]
        assert http.get("/readyz").status_code == 503
        assert http.get("/healthz").status_code == 200
        become(read_only=False)
        assert post("edge-2").status_code == 200
        assert http.get("/readyz").status_code == 200
    assert states(database) == [("acknowledged", "", 1)] * 2
    database.dispose()


def test_a_sqlite_file_that_may_not_be_written_is_not_ready(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    assert database.takes_writes()
    with database.write():
        assert database.takes_writes(), "another writer is at it"
    database.dispose()
    closed = Database(f"sqlite:///file:{path}?mode=ro&uri=true")
    assert not closed.takes_writes()
    closed.dispose()


def test_a_sqlite_file_that_may_not_grow_is_not_ready(tmp_path: Path) -> None:
    database = sqlite_database(tmp_path / "desk.db")
    assert database.takes_writes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))  # as on a full disk, reading goes on
    try:
        with database.read() as connection:
            assert connection.execute(select(ticket.c.id)).all() == []
        with pytest.raises(OperationalError):
            database.takes_writes()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert database.takes_writes()
    database.dispose()
