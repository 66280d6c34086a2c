"""Patterns of billing faults and their healthy twins: each finds what it names, no more.

On PostgreSQL, on MariaDB, and through views that a billing offers over HTTP.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.agent.billing.asked import found, samples, settings
from tests.contract.agent.billing.offered import Offered, offered
from tests.contract.agent.billing.schema import Store, moment, tables_of
from tests.contract.agent.databases import mariadb, postgresql

TABLE: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_name("patterns.toml").read_text("utf-8"))


@pytest.fixture(scope="module", params=[postgresql, mariadb], ids=["postgresql", "mariadb"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with request.param() as url:
        result = Store(url)
        result.create()
        yield result


def test_every_pattern_is_in_the_table_with_its_twin() -> None:
    assert set(TABLE) == {f"B{number:02}" for number in range(1, 45)}
    for name, pattern in TABLE.items():
        assert pattern["finds"], name
        assert pattern["twin"]["why"], name


@pytest.fixture(scope="module")
def billing() -> Iterator[Offered]:
    with offered() as result:
        yield result


@pytest.mark.parametrize("name", TABLE)
def test_a_pattern_is_found_and_nothing_else(store: Store, name: str) -> None:
    assert asked(store, name, TABLE[name]) == TABLE[name]["finds"]


@pytest.mark.parametrize("name", TABLE)
def test_a_healthy_twin_is_silent(store: Store, name: str) -> None:
    assert asked(store, f"{name}-twin", TABLE[name] | TABLE[name]["twin"]) == {}


@pytest.mark.parametrize("name", TABLE)
def test_a_pattern_is_found_over_http_and_its_twin_is_silent(billing: Offered, name: str) -> None:
    assert over_http(billing, name, TABLE[name]) == TABLE[name]["finds"]
    assert over_http(billing, f"{name}-twin", TABLE[name] | TABLE[name]["twin"]) == {}


def over_http(billing: Offered, service: str, case: dict[str, Any]) -> dict[str, float]:
    billing.rows = tables_of(service, case)
    of = settings(service, billing.url, charge_days=120, **case.get("settings", {}))
    return found(samples(of, moment(case["now"])))


def asked(store: Store, service: str, case: dict[str, Any]) -> dict[str, float]:
    store.execute("DELETE FROM billing_balance")  # its view knows no service
    store.insert(tables_of(service, case))
    return found(samples(settings(service, store.url, **case.get("settings", {})), moment(case["now"])))
