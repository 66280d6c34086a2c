"""December 2017 again: ten tariffs, of which four are not charged for two days; found in time, exact, and only that."""

from collections.abc import Iterable, Iterator

import pytest

from agent.sources.billing.job import checks
from service.metric import Sample
from tests.contract.agent.billing.asked import PRESET, found, samples, settings
from tests.contract.agent.billing.december import TARIFFS, December
from tests.contract.agent.billing.schema import Store, moment
from tests.contract.agent.databases import postgresql

SILENT = TARIFFS[:4]


@pytest.fixture(scope="module")
def december() -> Iterator[tuple[Store, December]]:
    with postgresql() as url:
        store = Store(url)
        truth = December(store, accounts=100_000, silent=SILENT)
        truth.fill()
        yield store, truth


def test_the_fault_is_found_in_time_and_to_the_account_and_tiyn(december: tuple[Store, December]) -> None:
    store, truth = december
    of = settings("mobile", store.url)
    quick = [check for check in checks(of, PRESET) if check.name in ("overdue", "completeness", "extra")]
    # Before midnight nothing is wrong.
    assert found(samples(of, moment("2017-11-30 23:50"), quick)) == {}
    # Five minutes after the first fee was due, charges have stopped for four tariffs; the others are charged.
    truth.charge_until("2017-12-01 00:04")
    seen = list(samples(of, moment("2017-12-01 00:04"), quick))
    stopped = {s.labels[1] for s in seen if s.metric.name == "ott_billing_stopped" and s.value}
    assert stopped == set(SILENT)
    assert found(seen)["stopped"] > 20
    assert "overdue" not in found(seen)
    # After the grace time of thirty minutes the scope grows with what is due, exactly.
    truth.charge_until("2017-12-01 00:35")
    assert overdue_of(samples(of, moment("2017-12-01 00:35"), quick)) == truth.overdue("2017-12-01 00:05")
    # At containment everything due is known: accounts and money by tariff.
    truth.charge_until("2017-12-01 06:01")
    seen = list(samples(of, moment("2017-12-01 06:01"), checks(of, PRESET)))
    everything = truth.overdue("2017-12-01 05:31")
    assert overdue_of(seen) == everything
    assert set(everything) == set(SILENT)
    assert found(seen) == {
        name: sum(count for count, _ in everything.values())
        for name in ("overdue", "unexplained", "left over", "stopped")
    }


def overdue_of(seen: Iterable[Sample]) -> dict[str, tuple[object, object]]:
    figures = {(s.metric.name, s.labels[1]): s.value for s in seen if s.metric.name.startswith("ott_billing_overdue")}
    return {
        tariff: (count, figures["ott_billing_overdue_amount_minor", tariff])
        for (name, tariff), count in figures.items()
        if name == "ott_billing_overdue" and count
    }
