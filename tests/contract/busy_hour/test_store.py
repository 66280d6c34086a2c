"""The same records in SQLite and PostgreSQL."""

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import create_engine, text

from dashboards.busy_hour.measures.series import Calendar, day_series
from dashboards.busy_hour.measures.traffic import Day
from dashboards.busy_hour.records.record import Record, make_record, measured
from dashboards.busy_hour.records.store import Store, StoreError
from demo.ports import free_port
from tests.unit.busy_hour.example import ALMATY

BINARIES = Path("/usr/lib/postgresql/15/bin")
FRIDAY, SATURDAY = date(2026, 10, 9), date(2026, 10, 10)


def as_postgres(*command: str) -> None:
    """Run a program of the cluster; as root that must be another user, and postgres is at hand."""
    prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
    done = subprocess.run([*prefix, *command], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    # Not under pytest's folder: that one is closed to the user postgres.
    folder = Path(tempfile.mkdtemp(prefix="ottwatch-busyhour-"))
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    port = free_port()
    try:
        data = str(folder / "data")
        as_postgres(str(BINARIES / "initdb"), "-D", data, "-U", "ottwatch", "--auth=trust", "--no-sync")
        options = f"-c listen_addresses=127.0.0.1 -p {port} -c unix_socket_directories={folder} -c fsync=off"
        as_postgres(str(BINARIES / "pg_ctl"), "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql+psycopg://ottwatch@127.0.0.1:{port}/postgres"
        finally:
            as_postgres(str(BINARIES / "pg_ctl"), "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'busyhour.db'}"
    address: str = request.getfixturevalue("postgres")
    return address


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = Store(url)
    yield opened
    opened.close()


def record(scope: str, day: date, level: float = 1.0) -> Record:
    span = Calendar(ALMATY).day(day)
    times = span.start + 60.0 * np.arange(1440, dtype=np.float64)
    values = level * (1 + np.sin(np.arange(1440) / 200.0))
    kept = np.ones(1440, dtype=bool)
    kept[300:400] = False
    return make_record(scope, "sessions", Day(day_series(span, times[kept], values[kept], 60), ALMATY), "test", 1)


def test_a_record_comes_back_to_the_last_bit(store: Store) -> None:
    written = record("node:round-trip", FRIDAY)
    store.save([written])
    [read] = store.load("node:round-trip", "sessions")
    assert read.series.slots.tobytes() == written.series.slots.tobytes()
    assert read.series.fine.tobytes() == written.series.fine.tobytes()
    assert vars_of(read) == vars_of(written)
    day = measured(read)
    assert day.peak("quarter") == Day(written.series, ALMATY).peak("quarter")
    assert day.peak("full") == Day(written.series, ALMATY).peak("full")


def vars_of(entry: Record) -> list[object]:
    names = ("scope", "quantity", "day", "zone", "value", "start", "full_value", "full_start", "coverage")
    return [getattr(entry, name) for name in (*names, "flags", "definition", "source", "recorded", "kind", "phase")]


def test_a_day_is_kept_once(store: Store) -> None:
    store.save([record("node:once", FRIDAY), record("node:once", SATURDAY)])
    store.save([record("node:once", FRIDAY, level=5.0)])
    found = store.load("node:once", "sessions")
    assert [entry.day for entry in found] == [FRIDAY, SATURDAY]
    assert found[0].value == pytest.approx(5 * (found[1].value or 0))
    assert [entry.day for entry in store.load("node:once", "sessions", first=SATURDAY)] == [SATURDAY]
    assert [entry.day for entry in store.load("node:once", "sessions", last=FRIDAY)] == [FRIDAY]
    assert ("node:once", "sessions", FRIDAY, SATURDAY, 2) in store.series()
    assert store.sources_of(FRIDAY, FRIDAY)["node:once", "sessions", FRIDAY] == "test"


def test_all_or_nothing(store: Store) -> None:
    broken = replace(record("node:whole", SATURDAY), coverage=None)  # type: ignore[arg-type]
    with pytest.raises(StoreError, match="cannot write"):
        store.save([record("node:whole", FRIDAY), broken])
    assert store.load("node:whole", "sessions") == []


def test_a_month_is_mailed_once(store: Store) -> None:
    month = date(2026, 9, 1)
    assert not store.mailed(month)
    store.note_mailed(month, 5.0)
    assert store.mailed(month)
    with pytest.raises(StoreError, match="cannot write"):
        store.note_mailed(month, 6.0)


def test_two_programs_that_start_at_once_on_an_empty_postgresql_both_get_a_store(postgres: str) -> None:
    empty = f"{postgres.rpartition('/')[0]}/at_once"
    admin = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE at_once"))
    admin.dispose()
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(Store, [empty] * 4))
    for opened in stores:
        assert opened.series() == []
        opened.close()


def test_one_program_at_a_time_mails(postgres: str) -> None:
    first, second = Store(postgres), Store(postgres)
    entered = threading.Event()

    def other() -> None:
        with second.turn("mail"):
            entered.set()

    thread = threading.Thread(target=other)
    with first.turn("mail"):
        thread.start()
        # Its own schema's turn is another: a report that somebody asks for does not wait for a mail.
        Store(postgres).close()
        assert not entered.is_set()
    assert entered.wait(60)
    thread.join()
    first.close()
    second.close()


def test_records_of_a_newer_program_are_refused(url: str) -> None:
    first = Store(url)
    first.save([replace(record("node:newer", FRIDAY), definition=99)])
    try:
        with pytest.raises(StoreError, match="holds records by definition 99; this program knows 2: update it"):
            Store(url)
    finally:
        first.save([record("node:newer", FRIDAY)])  # the cluster is shared with the other tests
        first.close()


def test_a_message_has_no_password() -> None:
    with pytest.raises(StoreError) as caught:
        Store(f"postgresql+psycopg://ottwatch:s3cret@127.0.0.1:{free_port()}/none")
    assert "s3cret" not in str(caught.value)
    assert "ottwatch:***@127.0.0.1" in str(caught.value)


def test_a_file_of_something_else_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "busy_hour.db").write_bytes(b"version https://git-lfs.github.com/spec/v1\n" * 100)
    with pytest.raises(StoreError, match=r"cannot open .*: file is not a database; .* put the latest backup"):
        Store(f"sqlite:///{tmp_path / 'busy_hour.db'}")
