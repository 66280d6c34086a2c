"""Which rows a rule counts when: new ones each minute, and again what was counted before, but not all of it at once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.sources.billing.calendar import Calendar
from agent.sources.billing.checks.rows import RULES, Rows
from agent.sources.billing.settings import BillingSettings

ALMATY = ZoneInfo("Asia/Almaty")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
EXTRA = next(rule for rule in RULES if rule.query == "extra")


class Billing:
    """Rows as the moments at which they are broken; what was asked, in order."""

    def __init__(self, now: datetime) -> None:
        self.now, self.calendar = now, Calendar(ALMATY)
        self.broken: list[datetime] = []
        self.asked: list[tuple[datetime, datetime]] = []

    def rows(self, _name: str, **values: Any) -> list[tuple[str, str, int, int]]:
        first, last = values["from"], values["until"]
        self.asked.append((first, last))
        count = sum(first <= at < last for at in self.broken)
        return [("T", "fee", count, 500 * count)] if count else []


@pytest.fixture
def billing() -> Billing:
    return Billing(datetime(2026, 3, 5, 15, 30, tzinfo=ALMATY).astimezone(UTC))


@pytest.fixture
def rule() -> Rows:
    return Rows(BillingSettings("ott", "postgresql://h/d", smallest_cell=1), EXTRA)


def found(rule: Rows, billing: Any) -> float:
    return sum(float(str(sample.value)) for sample in rule.collect(billing) if sample.metric is EXTRA.count)


def minutes(rule: Rows, billing: Any, count: int) -> Iterator[float]:
    for _ in range(count):
        billing.now += MINUTE
        yield found(rule, billing)


def test_the_first_round_counts_every_moment_of_the_history_once(rule: Rows, billing: Billing) -> None:
    found(rule, billing)
    spans = sorted(billing.asked)
    assert spans[0][0] == datetime(2026, 2, 27, tzinfo=ALMATY)
    assert spans[-1][1] == billing.now
    assert all(one[1] == other[0] for one, other in pairwise(spans))


def test_a_minute_asks_for_the_latest_minutes_only(rule: Rows, billing: Billing) -> None:
    found(rule, billing)
    billing.asked.clear()
    list(minutes(rule, billing, 9))
    assert len(billing.asked) == 9
    assert all(last - first <= 12 * MINUTE for first, last in billing.asked)


def test_ten_minutes_count_the_last_hours_and_one_other_block_again(rule: Rows, billing: Billing) -> None:
    found(rule, billing)
    billing.asked.clear()
    list(minutes(rule, billing, 12))
    again = [span for span in billing.asked if span[1] - span[0] >= 12 * MINUTE]
    assert [last - first for first, last in again if first >= billing.now - 4 * HOUR]
    assert len([span for span in again if span[1] <= billing.now - 3 * HOUR]) == 1
    assert len(again) <= 5


def test_what_is_broken_is_counted_every_ten_minutes_until_it_is_not(rule: Rows, billing: Billing) -> None:
    billing.broken = [billing.now - timedelta(days=3), billing.now - 30 * HOUR, billing.now - 9 * HOUR]
    assert found(rule, billing) == 3
    billing.broken = billing.broken[:1]
    assert set(minutes(rule, billing, 9)) == {3}
    assert list(minutes(rule, billing, 2))[-1] == 1


def test_a_row_that_appears_late_is_found_in_its_turn_and_soon_within_two_hours(rule: Rows, billing: Billing) -> None:
    found(rule, billing)
    billing.broken = [billing.now - timedelta(minutes=100)]
    assert list(minutes(rule, billing, 11))[-1] == 1
    billing.broken.append(billing.now - 20 * HOUR)
    # Some seventy blocks, one each ten minutes.
    assert 2 in minutes(rule, billing, 12 * 60)


def test_days_pass_without_a_row_being_lost_or_counted_twice(rule: Rows, billing: Billing) -> None:
    for _ in range(4 * 24):
        billing.now += timedelta(minutes=59)
        billing.broken.append(billing.now - timedelta(minutes=20))
        since = datetime.combine(
            billing.calendar.day(billing.now) - timedelta(days=6), datetime.min.time(), ALMATY
        ).astimezone(UTC)
        assert found(rule, billing) == sum(at >= since for at in billing.broken)
    assert max(last - first for first, last in billing.asked) == 6 * HOUR


def test_a_new_day_makes_quarters_of_hours_without_counting_them(rule: Rows, billing: Billing) -> None:
    found(rule, billing)
    list(minutes(rule, billing, 510))  # until after midnight
    billing.asked.clear()
    list(minutes(rule, billing, 30))
    assert len([span for span in billing.asked if span[1] - span[0] == 6 * HOUR]) <= 3
