"""The comparison of two snapshots while the later one is still being written, a batch at a time."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from agent.sources.billing.checks.balances import Conservation
from agent.sources.billing.settings import BillingSettings

if TYPE_CHECKING:
    from agent.sources.billing.reading import Asking

FIRST, SECOND = (datetime(2026, 3, day, 19, tzinfo=UTC) for day in (4, 5))


class Database:
    """Two snapshots of so many accounts; the later one has as many balances as `written`."""

    def __init__(self, accounts: int, queries: tuple[str, ...] = ("snapshot_size",)) -> None:
        self.accounts, self.written, self.now = accounts, accounts, SECOND
        self.billing = SimpleNamespace(queries=queries)

    def moment(self, value: datetime) -> datetime:
        return value

    def rows(self, name: str, **values: Any) -> list[tuple[Any, ...]]:
        asked: Mapping[str, list[tuple[Any, ...]]] = {
            "snapshots": [(SECOND,), (FIRST,)],
            "snapshot_size": [(self.written,)],
            "conservation": [("T", "main", lost, -500 * lost)] if (lost := self._lost(values)) else [],
        }
        return asked[name]

    def _lost(self, values: Mapping[str, Any]) -> int:
        missing = range(self.written, self.accounts)
        return sum(account % values["slices"] == values["slice"] for account in missing) if "slices" in values else 0


def rounds(check: Conservation, database: Database, number: int) -> list[float]:
    """Return the number of accounts that do not add up after each of some rounds, -1 where none is told."""
    told = []
    for _ in range(number):
        database.now += timedelta(minutes=1)
        found = [sample.value for sample in check.collect(cast("Asking", database)) if len(sample.labels) == 1]
        told.append(float(cast("float", found[0])) if found else -1.0)
    return told


def test_balances_that_are_not_written_yet_are_not_lost() -> None:
    database, check = Database(100), Conservation(BillingSettings("ott", "mysql://x", slices=4, smallest_cell=1))
    database.written = 40
    assert rounds(check, database, 3) == [-1, -1, -1]
    database.written = 100
    assert rounds(check, database, 1) == [-1]  # the fourth slice: the snapshot grew since the first
    assert rounds(check, database, 4) == [-1, -1, -1, 0]


def test_balances_that_stay_away_are_lost() -> None:
    database, check = Database(100), Conservation(BillingSettings("ott", "mysql://x", slices=4, smallest_cell=1))
    database.written = 90
    assert rounds(check, database, 4) == [-1, -1, -1, 10]


def test_a_preset_without_the_size_compares_as_before() -> None:
    database = Database(100, ())
    check = Conservation(BillingSettings("ott", "mysql://x", slices=2, smallest_cell=1))
    database.written = 90
    assert rounds(check, database, 2) == [-1, 10]
