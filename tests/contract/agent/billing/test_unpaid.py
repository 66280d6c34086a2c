"""An account that did not pay last month holds its cursor back: its next fee is late by its time of day, no earlier."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.agent.billing.asked import found, samples, settings
from tests.contract.agent.billing.cases import Counted, scope_in
from tests.contract.agent.billing.schema import Store, moment, tables_of
from tests.contract.agent.databases import mariadb, postgresql

PRICE, CASE = 150000, "unpaid"
ROWS = {
    # Due at 00:20 each first of the month; neither February nor, so far, March is charged.
    "subscriptions": [["s", "T", PRICE, 1, "active", "2026-02-01 00:20", ""]],
    "charges": [["c", "s", "recurringCharge", "2026-01-01", "2026-01-31", PRICE, "2026-01-01 00:20", "", ""]],
    "outcomes": [["s", "2026-02-01", "insufficient", "2026-02-01 00:21"]],
}


@pytest.fixture(scope="module", params=[postgresql, mariadb], ids=["postgresql", "mariadb"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    with request.param() as url:
        result = Store(url)
        result.create()
        result.insert(tables_of(CASE, ROWS))
        yield result


def test_the_next_fee_is_late_after_its_own_grace_time(store: Store) -> None:
    of = settings(CASE, store.url)
    for clock in ("00:00", "00:19", "00:50"):
        assert found(samples(of, moment(f"2026-03-01 {clock}"))) == {}, clock
    assert found(samples(of, moment("2026-03-01 00:51"))) == {"unexplained": 1}
    # A reason for the new period explains it.
    row = f"('{CASE}-s', '{CASE}', 'T', '2026-03-01', 'insufficient', '2026-02-28 19:21:00')"
    store.execute(f"INSERT INTO billing_outcome VALUES {row}")
    assert found(samples(of, moment("2026-03-01 07:00"))) == {}
    store.execute("DELETE FROM billing_outcome WHERE period_start = '2026-03-01'")


def test_a_case_has_it_in_its_set_from_then_on(store: Store, tmp_path: Path) -> None:
    counted = Counted(store, tmp_path / "cases.json", service=CASE, opened="2026-03-01T00:30:00+05:00")
    since = "2026-03-01T00:00:00+05:00"
    accounts = {
        clock: scope_in(counted.at(moment(f"2026-03-01 {clock}"), since=since)).accounts
        for clock in ("00:10", "00:49", "00:51")
    }
    assert accounts == {"00:10": {}, "00:49": {}, "00:51": {"T": 1}}
