"""The same alarms in another order end in the same tickets, on both databases; nothing of them is lost."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.desk.core.database import Database
from bench.cause_orders import Found, ends, history, shuffled
from tests.support.migrated import sqlite_database


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Database]:
    result = sqlite_database(tmp_path / "other.db")
    yield result
    result.dispose()


@pytest.mark.parametrize("seed", [27, 53, 61, 63, 74, 197, 1648])
def test_no_order_of_arrival_has_a_part_in_the_grouping(database: Database, other: Database, seed: int) -> None:
    dice = random.Random(seed)
    alerts = history(dice)
    wanted: Found = ends(other, [(alerts, 1.0)])
    assert ends(database, shuffled(dice, alerts)) == wanted
    assert len(wanted[1]) == len(alerts)
