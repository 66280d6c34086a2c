"""The middleware's database is the schema that the agent's generic preset reads, and takes only keep-alives."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from demo.platform import middleware


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "middleware.db"
    middleware.provision(path, seed=7)
    return path


def test_every_service_has_its_accounts_by_status(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT service, status, COUNT(*) FROM subscriber GROUP BY 1, 2").fetchall()
    counted: dict[str, dict[str, int]] = {}
    for service, status, count in rows:
        counted.setdefault(service, {})[status] = count
    assert counted == middleware.ACCOUNTS


def test_only_active_accounts_watch_and_each_has_a_token_of_its_own(database: Path) -> None:
    accounts = middleware.subscribers(database, "ott", 50)
    tokens = middleware.issue_tokens(database, accounts)
    assert len(set(accounts)) == len(set(tokens.values())) == 50
    assert all(len(token) == 32 and int(token, 16) >= 0 for token in tokens.values())
    with closing(sqlite3.connect(database)) as connection:
        placeholders = ",".join("?" * 50)
        query = f"SELECT DISTINCT service, status FROM subscriber WHERE id IN ({placeholders})"
        assert connection.execute(query, accounts).fetchall() == [("ott", "active")]


def test_keepalives_are_written_once_and_anything_else_is_counted(database: Path) -> None:
    keepalives = middleware.Keepalives()
    for datagram in (b"17", b"17", b"18", b"", b"-3", b"19; DROP TABLE subscriber", b"9" * 400, b"\xff"):
        keepalives.datagram_received(datagram, ("127.0.0.1", 1))
    with closing(sqlite3.connect(database)) as connection:
        keepalives.write(connection)
        keepalives.datagram_received(b"18", ("127.0.0.1", 1))
        keepalives.write(connection)
        rows = connection.execute("SELECT subscriber_id FROM keepalive ORDER BY 1").fetchall()
    assert rows == [(17,), (18,)]
    assert keepalives.rejected == 5
