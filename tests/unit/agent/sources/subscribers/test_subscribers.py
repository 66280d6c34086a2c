import re
import sqlite3
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.sources.database import database
from agent.sources.presets import load_preset
from agent.sources.subscribers import collect as subscribers
from agent.sources.subscribers.collect import Middleware, Queries, Read, parse, read
from service.metric import Sample

NOW = 1_790_000_000.0


@pytest.fixture
def middleware(tmp_path: Path) -> Path:
    """A database of the generic schema: two services, one keep-alive exactly at the edge of "now"."""
    file = tmp_path / "middle ware.db"
    connection = sqlite3.connect(file)
    connection.executescript(
        """
        CREATE TABLE subscriber (id INTEGER PRIMARY KEY, service TEXT, status TEXT);
        CREATE TABLE keepalive (subscriber_id INTEGER, seen_at INTEGER);
        INSERT INTO subscriber VALUES (1,'ott','active'),(2,'ott','active'),(3,'ott','suspended'),(4,'iptv','active');
        """
    )
    connection.executemany(
        "INSERT INTO keepalive VALUES (?, ?)",
        [(1, NOW - 5), (1, NOW - 1), (2, NOW - 60), (3, NOW - 59), (4, NOW), (99, NOW)],
    )
    connection.commit()
    connection.close()
    return file


def generic(service: str, file: Path) -> Middleware:
    queries = load_preset(Queries, "subscribers", "generic")
    return Middleware(service, database(f"sqlite:///{file}", 2), queries, 60, lambda: NOW)


def figures(samples: Iterator[Sample]) -> dict[tuple[str, ...], Any]:
    return {(sample.metric.name, *sample.labels): sample.value for sample in samples}


def test_accounts_by_status_and_subscribers_online(middleware: Path) -> None:
    assert figures(parse(read(generic("ott", middleware)))) == {
        ("ott_subscribers", "ott", "active"): 2,
        ("ott_subscribers", "ott", "suspended"): 1,
        ("ott_subscribers_online", "ott"): 2,
    }
    assert figures(parse(read(generic("iptv", middleware))))[("ott_subscribers_online", "iptv")] == 1


def own(file: Path, subscribers_query: str = "", online_query: str = "") -> Middleware:
    return Middleware(
        "ott", database(f"sqlite:///{file}", 0.3), Queries(subscribers_query, online_query), 60, lambda: NOW
    )


def test_the_connection_cannot_write(middleware: Path) -> None:
    with pytest.raises(OSError, match="readonly database"):
        read(own(middleware, online_query="DELETE FROM subscriber"))


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="unable to open"):
        read(generic("ott", tmp_path / "none.db"))
    assert list(tmp_path.iterdir()) == []


def test_an_endless_query_is_interrupted(middleware: Path) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
    with pytest.raises(OSError, match="interrupted"):
        read(own(middleware, online_query=endless))


def test_a_reason_holds_no_parameter(middleware: Path) -> None:
    with pytest.raises(OSError, match="no such table") as caught:
        read(own(middleware, online_query="SELECT COUNT(*) FROM account WHERE service = :service AND x > :since"))
    assert str(int(NOW) - 60) not in str(caught.value)


def test_statuses_that_differ_in_their_padding_alone_are_one() -> None:
    rows = [("active", 5), ("active   ", 2), (b"active\t", 1), ("closed", 1)]
    counted = {sample.labels[-1]: sample.value for sample in parse(Read("ott", rows, None))}
    assert counted == {"active": 8, "closed": 1}


@pytest.mark.parametrize(
    ("rows", "online", "reason"),
    [
        ([("active",)], None, "gives 1 column;"),
        ([("active", "many")], None, "is not a count"),
        ([("active", -1)], None, "is not a count"),
        ([("active", None)], None, "NULL is not a count"),
        ([(None, 1)], None, "a status is NULL; name it in the query: COALESCE(status, 'unknown')"),
        ([(b"\xff", 1)], None, "is not UTF-8; cast it to text"),
        ([(1.5, 1)], None, "a status is a number; cast it to text"),
        ([("active  ", 1), ("active  ", 2)], None, "comes twice"),
        ([("a", 1), ("a", 2)], None, "comes twice"),
        ([("x" * 65, 1)], None, "is no status"),
        ([(f"account-{number}", 1) for number in range(51)], None, "more than 50 rows"),
        (None, [], "must give one number"),
        (None, [(1, 2)], "must give one number"),
        (None, [(None,)], "NULL is not a count"),
        (None, [(float("nan"),)], "is not a count"),
        (None, [(10**400,)], "is not a count"),
    ],
)
def test_rows_that_make_no_sense(
    rows: Sequence[Sequence[Any]] | None, online: Sequence[Sequence[Any]] | None, reason: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        list(parse(Read("ott", rows, online)))


CELL = st.one_of(st.none(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=5), st.booleans())


@given(st.one_of(st.none(), st.lists(st.lists(CELL, max_size=3))), st.one_of(st.none(), st.lists(st.lists(CELL))))
def test_any_rows_give_samples_or_a_value_error(rows: list[list[Any]] | None, online: list[list[Any]] | None) -> None:
    try:
        assert all(isinstance(sample.value, float) for sample in parse(Read("ott", rows, online)))
    except ValueError:
        return


def test_the_collector_emits_the_catalogued_metrics() -> None:
    assert [metric.name for metric in subscribers.COLLECTOR.emits] == ["ott_subscribers", "ott_subscribers_online"]


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (b"\0", "0"),
        (b"\1", "1"),
        (b"active", "active"),
        (memoryview(b"active"), "active"),
        ("active    ", "active"),
        (True, "true"),
        (2, "2"),
    ],
    ids=["bit 0", "bit 1", "bytes", "memoryview", "padded", "boolean", "number"],
)
def test_a_status_is_text_whatever_the_driver_gives(value: object, status: str) -> None:
    (sample,) = parse(Read("iptv", [(value, 3)], None))
    assert (sample.labels, sample.value) == (("iptv", status), 3)


@pytest.mark.parametrize(
    ("seen_at", "reason"),
    [
        (int(NOW) * 1000, "lies more than an hour ahead of the clock; it must be Unix seconds"),
        (int(NOW) + 5 * 3600, "lies more than an hour ahead of the clock; it must be Unix seconds"),
        ("2026-09-21 14:13:20", "the time of a keep-alive is text; it must be Unix seconds"),
    ],
)
def test_a_keep_alive_in_another_unit_makes_nobody_online(middleware: Path, seen_at: Any, reason: str) -> None:
    # SQLite and MariaDB compare text and moments with a number without a word, and everybody is newer.
    with sqlite3.connect(middleware) as connection:
        connection.execute("UPDATE keepalive SET seen_at = ? WHERE subscriber_id = 1", [seen_at])
    with pytest.raises(ValueError, match=reason):
        read(generic("ott", middleware))


def test_a_middleware_that_nobody_has_used_yet(middleware: Path) -> None:
    with sqlite3.connect(middleware) as connection:
        connection.execute("DELETE FROM keepalive")
    assert figures(parse(read(generic("ott", middleware))))["ott_subscribers_online", "ott"] == 0


def test_a_service_without_any_status_is_a_name_that_the_middleware_does_not_know(middleware: Path) -> None:
    with pytest.raises(ValueError, match="subscribers_query gives no status at all for the service 'OTT'"):
        list(parse(read(generic("OTT", middleware))))
    nobody = Read("ott", [("active", 0)], None)
    assert figures(parse(nobody)) == {("ott_subscribers", "ott", "active"): 0}


@pytest.mark.parametrize("count", [3.7, "2.5", Decimal("0.1"), True])
def test_part_of_a_subscriber_is_no_count(count: Any) -> None:
    with pytest.raises(ValueError, match=r"online_path: .* is not a count"):
        list(parse(Read("ott", None, [(count,)], ("subscribers_path", "online_path"))))


def test_a_status_of_another_encoding_is_told_by_its_key() -> None:
    status = "активен".encode("cp1251").decode("utf-8", "surrogateescape")
    with pytest.raises(ValueError, match="subscribers_path: a status is not UTF-8"):
        list(parse(Read("ott", [(status, 5)], None, ("subscribers_path", "online_path"))))
