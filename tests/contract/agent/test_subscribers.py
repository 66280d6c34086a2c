"""Subscribers from real databases: the same figures, read-only connections, interrupted statements."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import urlsplit

import pytest

from agent.sources.database import database
from agent.sources.presets import load_preset
from agent.sources.subscribers.collect import Middleware, Queries, parse, read
from tests.conftest import ROOT
from tests.contract.agent.databases import execute, mariadb, postgresql

NOW = 1_790_000_000


@pytest.fixture(scope="module", params=[postgresql, mariadb], ids=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest) -> Iterator[str]:
    with request.param() as url:
        execute(
            url,
            "CREATE TABLE subscriber (id BIGINT PRIMARY KEY, service VARCHAR(20), status VARCHAR(20))",
            "CREATE TABLE keepalive (subscriber_id BIGINT, seen_at BIGINT)",
            "INSERT INTO subscriber VALUES (1,'ott','active'), (2,'ott','активен'), (3,'ott','closed')",
            "INSERT INTO subscriber VALUES (4,'iptv','active')",
            f"INSERT INTO keepalive VALUES (1,{NOW - 1}),(1,{NOW - 9}),(2,{NOW - 60}),(3,{NOW - 59}),(4,{NOW})",
        )
        yield url


def middleware(url: str, queries: Queries | None = None) -> Middleware:
    queries = queries or load_preset(Queries, "subscribers", "generic")
    return Middleware("ott", database(url, 0.5), queries, 60, lambda: NOW)


def figures(source: Middleware) -> dict[tuple[str, ...], object]:
    return {(sample.metric.name, *sample.labels): sample.value for sample in parse(read(source))}


def shut(ended: socket.socket) -> None:
    with suppress(OSError):  # the other side was quicker
        ended.shutdown(socket.SHUT_RDWR)


@contextmanager
def silent_after(words: bytes, address: tuple[str, int]) -> Iterator[int]:
    """Pass a connection on to the address until the client says the words; from then on swallow everything."""
    silent = threading.Event()

    def pour(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if words in data:
                    silent.set()
                if not silent.is_set():
                    sink.sendall(data)

    with ExitStack() as stack:
        door = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

        def serve() -> None:
            client, server = door.accept()[0], socket.create_connection(address)
            for source, sink in ((client, server), (server, client)):
                stack.callback(source.close)
                stack.callback(shut, source)
                threading.Thread(target=pour, args=[source, sink], daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield door.getsockname()[1]


def test_the_generic_schema(server: str) -> None:
    assert figures(middleware(server)) == {
        ("ott_subscribers", "ott", "active"): 1,
        ("ott_subscribers", "ott", "активен"): 1,
        ("ott_subscribers", "ott", "closed"): 1,
        ("ott_subscribers_online", "ott"): 2,
    }


@pytest.mark.parametrize("statement", ["DELETE FROM keepalive", "UPDATE subscriber SET status = 'x'"])
def test_the_session_cannot_write(server: str, statement: str) -> None:
    with pytest.raises(OSError, match=r"(?i)read.only transaction"):
        read(middleware(server, Queries(online_query=statement)))
    assert figures(middleware(server))["ott_subscribers_online", "ott"] == 2


def test_a_slow_statement_is_interrupted(server: str) -> None:
    slow = "SELECT pg_sleep(20)" if server.startswith("postgresql") else "SELECT SLEEP(20) FROM subscriber"
    began = time.monotonic()
    with pytest.raises(OSError, match=r"(?i)timeout|max_statement_time|interrupted"):
        read(middleware(server, Queries(online_query=slow)))
    assert time.monotonic() - began < 15  # left alone it takes 20 s and more


def test_a_server_that_falls_silent_is_given_up(server: str) -> None:
    """As after a failover, when the host that has the question is gone and nobody will ever answer."""
    real = urlsplit(server)
    with silent_after(b"FROM keepalive", (real.hostname or "", real.port or 0)) as port:
        address = server.replace(f":{real.port}/", f":{port}/")
        began = time.monotonic()
        with pytest.raises(OSError, match=r"the database refused: .*(within|timed out)"):
            read(middleware(address))
    assert time.monotonic() - began < 15


def test_a_refusal_names_no_password(server: str) -> None:
    wrong = re.sub(r"//\w+@", "//nobody:s3cret@", server)
    with pytest.raises(OSError, match="the database refused") as caught:
        read(middleware(f"{wrong}_that_is_not_there"))
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("server", [mariadb], indirect=True, ids=["mariadb"])
def test_ministra(server: str) -> None:
    execute(
        server,
        "CREATE TABLE users (id INT AUTO_INCREMENT PRIMARY KEY, mac VARCHAR(64), status TINYINT DEFAULT 0,"
        " keep_alive TIMESTAMP NULL DEFAULT NULL)",
        "INSERT INTO users (mac, status, keep_alive) VALUES"
        f" ('a', 0, FROM_UNIXTIME({NOW - 10})), ('b', 0, FROM_UNIXTIME({NOW - 239})),"
        f" ('c', 0, FROM_UNIXTIME({NOW - 240})), ('d', 1, NULL), ('e', 1, FROM_UNIXTIME({NOW - 90000}))",
    )
    queries = load_preset(Queries, "subscribers", "ministra")
    assert figures(Middleware("iptv", database(server, 2), queries, 240, lambda: NOW)) == {
        ("ott_subscribers", "iptv", "active"): 3,
        ("ott_subscribers", "iptv", "suspended"): 2,
        ("ott_subscribers_online", "iptv"): 2,
    }


def test_percent_signs_casts_and_names_in_words(server: str) -> None:
    query = (
        "SELECT CONCAT(status, '%', ' 12:since'), COUNT(*) FROM subscriber"
        " WHERE service LIKE CONCAT(:service, '%') AND id < :since AND id >= 1 % 2 GROUP BY status ORDER BY 1"
    )
    if server.startswith("postgresql"):
        query = query.replace("COUNT(*)", "COUNT(*)::bigint")
    assert figures(middleware(server, Queries(subscribers_query=query))) == {
        ("ott_subscribers", "ott", "active% 12:since"): 1,
        ("ott_subscribers", "ott", "активен% 12:since"): 1,
        ("ott_subscribers", "ott", "closed% 12:since"): 1,
    }


NO_ACCOUNT_YET = "DROP USER IF EXISTS 'ottwatch'@'127.0.0.1'"


def page_sql(name: str, kind: str = "") -> list[str]:
    """The statements of the page's first SQL behind `kind`."""
    text = (ROOT / f"docs/sources/{name}.md").read_text("utf-8")
    block = re.search(r"```sql\n(.*?)```", text[text.index(kind) :], re.DOTALL)
    assert block
    return [statement for statement in re.split(r";\s*\n", block[1]) if statement]


def as_the_account(server: str) -> str:
    return re.sub(r"//\w+@", "//ottwatch:SECRET@", server)


def test_the_account_of_the_page_can_read_what_it_must_and_no_more(server: str) -> None:
    kind = "PostgreSQL, `" if server.startswith("postgresql") else "MariaDB and MySQL, `"
    statements = page_sql("sql", kind)
    name = server.rpartition("/")[2]
    execute(server, *([] if server.startswith("postgresql") else [NO_ACCOUNT_YET]))
    execute(server, *(re.sub(r"DATABASE middleware", f"DATABASE {name}", one) for one in statements))
    account = as_the_account(server)
    assert figures(middleware(account))["ott_subscribers_online", "ott"] == 2
    execute(server, "CREATE TABLE secrets (pin INT)")
    with pytest.raises(OSError, match="denied"):
        read(middleware(account, Queries(online_query="SELECT COUNT(*) FROM secrets")))


@pytest.mark.parametrize("server", [mariadb], indirect=True, ids=["mariadb"])
def test_the_account_of_the_page_on_ministra_reads_two_columns(server: str) -> None:
    execute(
        server,
        NO_ACCOUNT_YET,
        "CREATE DATABASE stalker_db",
        "CREATE TABLE stalker_db.users (mac VARCHAR(64), status TINYINT, keep_alive TIMESTAMP NULL)",
        "INSERT INTO stalker_db.users VALUES ('a', 0, NULL)",
        *page_sql("ministra"),
    )
    account = database(as_the_account(server).replace("/middleware", "/stalker_db"), 2)
    queries = load_preset(Queries, "subscribers", "ministra")
    assert figures(Middleware("iptv", account, queries, 240, lambda: NOW))["ott_subscribers", "iptv", "active"] == 1
    with pytest.raises(OSError, match="denied"):
        read(Middleware("iptv", account, Queries(online_query="SELECT COUNT(mac) FROM users"), 240, lambda: NOW))


def test_texts_of_a_database_that_does_not_say_their_encoding(server: str) -> None:
    if not server.startswith("postgresql"):
        pytest.skip("MariaDB converts to the connection's encoding")
    # What the driver makes of SQL_ASCII, the encoding of an old cluster that was made with the locale C.
    with pytest.raises(OSError, match=r"not in the encoding of the connection; .* client_encoding=utf8"):
        figures(middleware(f"{server}?client_encoding=sql_ascii"))
    assert figures(middleware(f"{server}?client_encoding=utf8"))["ott_subscribers", "ott", "активен"] == 1


def test_a_date_that_only_the_database_knows(server: str) -> None:
    if not server.startswith("postgresql"):
        pytest.skip("MariaDB has no such date")
    with pytest.raises(OSError, match="that the database gave cannot be read: year 10000 is out of range; cast"):
        figures(middleware(server, Queries(online_query="SELECT DATE '10000-01-01'")))


def test_a_keep_alive_that_is_a_moment_of_the_database(server: str) -> None:
    # MariaDB finds every DATETIME greater than Unix seconds.
    newest = "SELECT CAST('2026-01-22 00:00:00' AS DATETIME)"
    if server.startswith("postgresql"):
        newest = newest.replace("DATETIME", "timestamp")
    queries = Queries(online_query="SELECT 5", newest_query=newest)
    with pytest.raises(ValueError, match="the time of a keep-alive is a moment; it must be Unix seconds"):
        figures(middleware(server, queries))
