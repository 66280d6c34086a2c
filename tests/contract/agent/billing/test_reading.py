"""How a billing is asked: read-only, absent views switched off for all to see, errors cut, replicas."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from agent.runtime.collector import Runner
from agent.sources.billing.checks.check import Check
from agent.sources.billing.checks.overdue import Overdue
from agent.sources.billing.checks.source import Source
from agent.sources.billing.job import jobs, run
from agent.sources.billing.preset import Query
from agent.sources.billing.reading import Billing
from agent.sources.kind import Context
from agent.sources.media import Media
from tests.contract.agent.billing.asked import billing, found, settings
from tests.contract.agent.billing.schema import Store, moment, tables_of
from tests.contract.agent.databases import mariadb, postgresql

NOW = moment("2026-03-05 00:40")
SECRET = "77011234567"


@pytest.fixture(scope="module", params=[postgresql, mariadb], ids=["postgresql", "mariadb"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with request.param() as url:
        result = Store(url)
        result.create()
        yield result


def asking(store: Store, sql: str) -> Billing:
    source = billing(settings("ott", store.url), NOW)
    source.queries = {**source.queries, "recent": Query(sql)}
    return source


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT CAST('{SECRET}x' AS INTEGER) FROM billing_source WHERE 1 = '{SECRET}y'::int",
        f"SELECT column_{SECRET} FROM billing_charge",
        f"INSERT INTO billing_source SELECT '{SECRET}'",
    ],
)
def test_an_error_of_the_driver_is_cut(store: Store, sql: str) -> None:
    source = asking(store, sql)
    with source.session(source.quick, 5.0) as session, pytest.raises(OSError, match="the database refused") as caught:
        session.rows("recent")
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_value_of_another_type_is_not_repeated(store: Store) -> None:
    of = settings("ott", store.url)
    source = asking(store, f"SELECT 'T', '{SECRET}'")
    with (
        source.session(source.quick, 5.0) as session,
        pytest.raises(ValueError, match="text came where a moment") as caught,
    ):
        list(Overdue(of).collect(session))
    assert SECRET not in str(caught.value)


def test_the_session_cannot_write(store: Store) -> None:
    source = asking(store, "DELETE FROM billing_charge")
    store.insert(tables_of("kept", {"subscriptions": [["s", "T", 1, 1, "active", "", ""]]}))
    with source.session(source.quick, 5.0) as session, pytest.raises(OSError, match="refused"):
        session.rows("recent")


def test_a_missing_view_is_told_and_no_figure_is(store: Store) -> None:
    source = asking(store, "SELECT tariff, 1 FROM billing_of_another_name")
    check = Check("overdue", Overdue(settings("ott", store.url)).collect)
    assert [(sample.metric.name, sample.labels) for sample in run(source, check, 5.0)] == [
        ("ott_billing_check", ("ott", "overdue", "view_missing"))
    ]


def test_a_replica_that_lags_raises_only_its_lag(store: Store) -> None:
    """Twenty minutes behind, fees due since then are neither charged nor overdue: nothing is known of them."""
    store.execute("DELETE FROM billing_source")
    store.insert({"source": [(NOW - timedelta(minutes=20),)]})
    store.insert(tables_of("lag", {"subscriptions": [["s[30]", "T", 500, 5, "active", "2026-03-05 00:00", ""]]}))
    of = settings("lag", store.url)
    source = billing(of, NOW)
    overdue = Check("overdue", Overdue(of).collect)
    assert found(run(source, overdue, 5.0)) == {"overdue": 30, "stopped": 30}
    source.with_source = True
    assert found(run(source, overdue, 5.0)) == {"stopped": 30}  # due at 00:00, known until 00:20, grace until 00:30
    lag = {s.metric.name: s.value for s in run(source, Check("source", Source(of).collect), 5.0)}
    assert lag["ott_billing_source_lag_seconds"] == 1200
    assert lag["ott_billing_subscriptions"] == 30


def test_every_check_is_a_collector_and_small_tariffs_have_no_name(store: Store) -> None:
    store.execute("DELETE FROM billing_source")
    store.insert({"source": [(NOW,)]})
    rows = {
        "subscriptions": [
            ["s[30]", "large", 500, 5, "active", "2026-03-05 00:00", ""],
            ["t[4]", "small", 500, 5, "active", "2026-03-05 00:00", ""],
        ]
    }
    store.insert(tables_of("whole", rows))
    of = replace(settings("whole", store.url), smallest_cell=10, without=["runs"])
    runner = Runner(jobs([of], None, Context(Path("agent.toml"), Path("/nonexistent"), NOW.timestamp, Media())))
    runner.run_all()
    samples = runner.samples()
    assert runner.failures() == {}
    states = {sample.labels[1]: sample.labels[2] for sample in samples if sample.metric.name == "ott_billing_check"}
    off = {"runs", "bucket", "cases", "free_months"}
    assert {name for name, state in states.items() if state == "declared_off"} == off
    assert {state for name, state in states.items() if name not in off} == {"on"}
    overdue = {s.labels[1]: s.value for s in samples if s.metric.name == "ott_billing_overdue"}
    assert overdue == {"large": 30, "other": 4}
    assert not [sample for sample in samples if "small" in sample.labels]
