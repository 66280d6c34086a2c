import sqlite3
from pathlib import Path

import pytest

from agent.sources.database import database
from demo.ports import free_port

NAMES = "postgresql+psycopg", "mysql+pymysql", "mariadb", "postgresql"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("nonsense", "of no kind known here; write sqlite:////"),
        ("oracle://user:s3cret@h/d", "of no kind known here"),
        ("postgresql+nodriver://user:s3cret@h/d", "of no kind known here"),
        ("sqlite://", "SQLite needs an absolute path"),
        ("sqlite:///middleware.db", "SQLite needs an absolute path"),
        ("postgresql://user:s3cret/x@h/d", "cannot be understood"),
        ("postgresql://user:s3cret@h/d?s3cret=1", "cannot be understood"),
        ("mysql://user:s3cret/x@h/d", "cannot be understood"),
        ("mysql://user:s3cret#x@h/d", "cannot be understood"),
        ("mysql://user:s3cret@h", "cannot be understood"),
        ("mysql://user:s3cret@h:99999/d", "cannot be understood"),
        ("mysql://user:s3cret@h/d?local_infile=1", 'the option "local_infile" is unknown; known: ssl_ca, '),
    ],
)
def test_a_url_that_names_no_database(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r"^database: ") as caught:
        database(url, 1)
    assert reason in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_a_server_that_is_not_there(name: str) -> None:
    subject = database(f"{name}://reader:s3cret%40x@127.0.0.1:{free_port()}/middleware", 0.5)
    with pytest.raises(OSError, match="the database refused: ") as caught:
        subject.rows(["SELECT 1"], {}, 1)
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "100% middleware?.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE account (name TEXT, seen INTEGER)")
        connection.executemany("INSERT INTO account VALUES (?, ?)", [("a", 10), ("b", 20), (":since", 30)])
    connection.close()
    return path


def test_values_go_where_the_query_names_them(file: Path) -> None:
    queries = [
        "SELECT name FROM account WHERE seen > :since ORDER BY 1",
        "SELECT name FROM account WHERE name LIKE '%' AND name = :service",
        "SELECT seen FROM account WHERE substr(name, 1) = ':' || 'since'",
    ]
    rows = database(f"sqlite:///{file}", 1).rows(queries, {"service": "b", "since": 10}, 5)
    assert rows == [[(":since",), ("b",)], [("b",)], [(30,)]]


def test_no_more_rows_are_fetched_than_asked_for(file: Path) -> None:
    assert database(f"sqlite:///{file}", 1).rows(["SELECT name FROM account"], {}, 2) == [[("a",), ("b",)]]


@pytest.mark.parametrize(
    ("query", "reason"),
    [("SELECT 1; SELECT 2", "one statement"), ("SELECT :other", "binding"), ("SELEC 1", "syntax error")],
)
def test_a_query_that_the_database_refuses(file: Path, query: str, reason: str) -> None:
    with pytest.raises(OSError, match=reason):
        database(f"sqlite:///{file}", 1).rows([query], {"since": 1}, 2)
