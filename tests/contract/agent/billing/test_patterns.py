"""Patterns of billing faults and their healthy twins, on PostgreSQL and MariaDB: each finds what it names, no more."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.agent.billing.asked import found, samples, settings
from tests.contract.agent.billing.schema import Store, moment, tables_of
from tests.contract.agent.databases import mariadb, postgresql

TABLE: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_name("patterns.toml").read_text("utf-8"))
# This needs what no generic view has: documents and their lines.
NOT_DONE = {"B37"}


@pytest.fixture(scope="module", params=[postgresql, mariadb], ids=["postgresql", "mariadb"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with request.param() as url:
        result = Store(url)
        result.create()
        yield result


def test_every_pattern_is_in_the_table_with_its_twin() -> None:
    assert set(TABLE) | NOT_DONE == {f"B{number:02}" for number in range(1, 42)}
    for name, pattern in TABLE.items():
        assert pattern["finds"], name
        assert pattern["twin"]["why"], name


@pytest.mark.parametrize("name", TABLE)
def test_a_pattern_is_found_and_nothing_else(store: Store, name: str) -> None:
    assert asked(store, name, TABLE[name]) == TABLE[name]["finds"]


@pytest.mark.parametrize("name", TABLE)
def test_a_healthy_twin_is_silent(store: Store, name: str) -> None:
    assert asked(store, f"{name}-twin", TABLE[name] | TABLE[name]["twin"]) == {}


def asked(store: Store, service: str, case: dict[str, Any]) -> dict[str, float]:
    store.execute("DELETE FROM billing_balance")  # its view knows no service
    store.insert(tables_of(service, case))
    return found(samples(settings(service, store.url, **case.get("settings", {})), moment(case["now"])))
