"""When charges have stopped: not where a run is slow, or few fees of a small tariff wait for their turn."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agent.sources.billing.calendar import Calendar
from agent.sources.billing.checks.overdue import Overdue
from agent.sources.billing.settings import BillingSettings
from tests.contract.agent.billing.schema import ALMATY

START = datetime(2026, 3, 1, tzinfo=ALMATY).astimezone(UTC)
MINUTE = timedelta(minutes=1)


class Billing:
    """Fees that fall due at moments, and those that are charged; nothing has a reason."""

    def __init__(self, **due: list[float]) -> None:
        self.calendar = Calendar(ALMATY)
        self.now = START
        self.due = due  # minutes after midnight, by tariff
        self.charged: list[tuple[str, float, float]] = []  # tariff, due, at

    def charge(self, tariff: str, due: float, at: float) -> None:
        self.charged.append((tariff, due, at))

    def moment(self, value: datetime) -> datetime:
        return value

    def rows(self, name: str, **values: Any) -> list[tuple[Any, ...]]:
        if name == "recent":
            found = [(t, START + at * MINUTE) for t, _, at in self.charged]
            inside = [(t, at) for t, at in found if values["from"] <= at <= values["until"]]
            return [(t, max(at for each, at in inside if each == t)) for t in {t for t, _ in inside}]
        open_ = [
            (tariff, START + due * MINUTE)
            for tariff, moments in self.due.items()
            for due in moments
            if not any(t == tariff and d == due and START + at * MINUTE <= self.now for t, d, at in self.charged)
        ]
        waiting = [(tariff, due) for tariff, due in open_ if due < values["waiting"]]
        if name == "waiting_since":
            return [(sum(t == values["tariff"] and due > values["since"] for t, due in waiting),)]
        return [
            (tariff, len(own), sum(due < values["graced"] for due in own), 0, min(own))
            for tariff in self.due
            if (own := [due for t, due in waiting if t == tariff])
        ]


@pytest.fixture
def check() -> Overdue:
    return Overdue(BillingSettings("ott", "postgresql://h/d", smallest_cell=1))


def stopped(check: Overdue, billing: Billing, minute: float) -> dict[str, float]:
    billing.now = START + minute * MINUTE
    found = [s for s in check.collect(billing) if s.metric.name == "ott_billing_stopped"]  # type: ignore[arg-type]
    return {s.labels[1]: float(s.value) for s in found if s.value}  # type: ignore[arg-type]


def spread(count: int, offset: float = 0.0) -> list[float]:
    return [offset + 60 * n / count for n in range(count)]


def test_a_slow_run_of_few_fees_has_not_stopped(check: Overdue) -> None:
    due = {f"t{n}": spread(8, n * 0.7) for n in range(10)}
    billing = Billing(**due)
    for tariff, moments in due.items():
        for moment in moments:
            billing.charge(tariff, moment, moment * 1.4 + 1)
    assert all(stopped(check, billing, minute) == {} for minute in range(100))


def test_a_tariff_that_is_left_out_is_told_once_enough_is_due(check: Overdue) -> None:
    billing = Billing(left=spread(300), charged=spread(300))
    for moment in spread(300):
        billing.charge("charged", moment, moment + 0.1)
    assert stopped(check, billing, 5) == {}  # 15 fell due two minutes ago and before
    assert stopped(check, billing, 7) == {"left": 25.0}
    # One of a handful waits while others are charged.
    billing.due["small"] = [1.0, 2.0]
    assert stopped(check, billing, 8) == {"left": 30.0}


def test_all_tariffs_together_are_told_where_nothing_is_charged(check: Overdue) -> None:
    billing = Billing(**{f"t{n}": spread(60, n * 0.1) for n in range(10)})
    assert sum(stopped(check, billing, 5).values()) == 30


def test_a_run_that_dies_behind_its_plan_counts_what_fell_due_since(check: Overdue) -> None:
    billing = Billing(t=spread(600))
    for moment in spread(600):
        if moment * 1.4 + 1 < 40:
            billing.charge("t", moment, moment * 1.4 + 1)
    assert stopped(check, billing, 41) == {}
    last = max(at for _, _, at in billing.charged)
    assert stopped(check, billing, 46) == {"t": float(sum(last < due < 44 for due in spread(600)))}
    # After a start the same: the last hour's charges are looked for.
    again = Overdue(BillingSettings("ott", "postgresql://h/d", smallest_cell=1))
    assert stopped(again, billing, 46) == stopped(check, billing, 46)
