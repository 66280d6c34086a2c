"""Mass appeals in a cell: chance alone hardly ever makes one, ten customers always do, and one customer never does."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from alerts.desk.appeals.mass import DAYS, FALSE, WINDOW, Cell, Usual, Word, bound, found
from tests.unit.desk.appeals.clock_cases import MONDAY

CELL = Cell("playback", "Astana", "ott")
QUARTERS = DAYS * 96
CELLS = 20


@pytest.mark.parametrize(
    ("cells", "usual", "least"),
    [
        (340, Usual(0.08, 1e6), 6),
        (340, Usual(0.08, 5.0), 6),
        (340, Usual(0.08, 2.0), 7),
        (340, Usual(0.08, 1.0), 8),
        (1, Usual(10.0, 1e6), 30),
        (1, Usual(0.001, 1.0), 5),
    ],
)
def test_bound_of_a_cell(cells: int, usual: Usual, least: int) -> None:
    assert bound(usual, cells) == least


def false_alarms(dispersion: float, seed: int) -> int:
    """Count how often a sliding window of ninety quiet days reaches the bound in any of the cells."""
    usual = Usual(0.08, dispersion)
    least = bound(usual, CELLS)
    chance = np.random.default_rng(seed)
    rates = chance.gamma(dispersion, usual.mean / dispersion, (CELLS, QUARTERS))
    counts = chance.poisson(rates)
    alarms = 0
    for cell in counts:
        quarters = np.repeat(np.arange(QUARTERS), cell)
        moments = np.sort((quarters + chance.random(len(quarters))) * WINDOW.total_seconds())
        # Each arrival ends a window in which the bound may just have been reached.
        first = np.searchsorted(moments, moments - WINDOW.total_seconds(), side="right")
        reached = (np.arange(len(moments)) - first + 1) >= least
        alarms += int(np.count_nonzero(reached & ~np.concatenate(([False], reached[:-1]))))
    return alarms


@pytest.mark.parametrize("dispersion", [1.0, 2.0, 5.0])
def test_chance_alone_makes_hardly_any(dispersion: float) -> None:
    assert sum(false_alarms(dispersion, seed) for seed in range(5)) <= 5 * FALSE


def calls(number: int, cell: Cell = CELL, start: datetime = MONDAY) -> list[Word]:
    return [Word(start + timedelta(minutes=each), f"customer {each}", cell) for each in range(number)]


@pytest.mark.parametrize("dispersion", [1.0, 2.0, 5.0])
def test_ten_customers_in_a_quarter_of_an_hour_are_found_at_once(dispersion: float) -> None:
    usual = {Cell("playback", f"region {number}", "ott"): Usual(0.08, dispersion) for number in range(340)}
    (mass,) = found(calls(10), usual, Usual(0.08, dispersion), MONDAY + timedelta(minutes=10))
    assert (mass.cell, mass.customers) == (CELL, 10)


def test_one_customer_who_calls_thirty_times_is_silent() -> None:
    words = [Word(MONDAY + timedelta(seconds=20 * each), "one", CELL) for each in range(30)]
    assert found(words, {}, Usual(0.08, 1.0), MONDAY + timedelta(minutes=10)) == []


def test_cells_are_counted_apart_and_old_calls_not() -> None:
    other = Cell("playback", "Almaty", "ott")
    spread = [*calls(4), *calls(4, other), *calls(12, Cell("quality", "Almaty", "ott"), MONDAY - timedelta(minutes=40))]
    assert found(spread, {}, Usual(0.08, 1.0), MONDAY + timedelta(minutes=10)) == []
