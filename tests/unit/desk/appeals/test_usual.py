"""What is usual is learned from all hours and all cells: few appeals of a cell make no low bound."""

import numpy as np
import pytest

from alerts.desk.appeals.mass import Cell, bound
from alerts.desk.appeals.usual import NOTHING_KNOWN, History, Hour, Moments
from bench import mass_detection

HOURS: list[Hour] = [(free, hour) for free in (False, True) for hour in range(24)]
EIGHT_WEEKS = {hour: 64 if hour[0] else 160 for hour in HOURS}
NOON: Hour = (False, 12)


def cell(number: int) -> Cell:
    return Cell("playback", f"region {number}", "ott")


def simulated(dispersion: float, seed: int, cells: int = 340, mean: float = 0.08) -> History:
    chance = np.random.default_rng(seed)
    counts: dict[Cell, dict[Hour, Moments]] = {cell(number): {} for number in range(cells)}
    for hour, windows in EIGHT_WEEKS.items():
        seen = chance.poisson(chance.gamma(dispersion, mean / dispersion, (cells, windows)))
        for number, row in enumerate(seen):
            if row.any():
                counts[cell(number)][hour] = Moments(int(row.sum()), int((row * row).sum()))
    return History(counts, EIGHT_WEEKS)


@pytest.mark.parametrize("dispersion", [1.0, 2.0, 5.0])
def test_mean_and_dispersion_are_found_again(dispersion: float) -> None:
    history = simulated(dispersion, 1)
    usual = history.usual(NOON)
    assert len(usual) == 340
    means = [each.mean for each in usual.values()]
    # A cell that happened to have few customers in this hour is not taken to be quiet.
    assert min(means) > 0.06
    assert np.mean(means) == pytest.approx(0.085, rel=0.1)
    assert usual[cell(0)].dispersion == pytest.approx(dispersion, rel=0.25)


def test_a_cell_that_has_its_own_hour_is_believed() -> None:
    counts = {cell(number): {hour: Moments(13, 14) for hour in HOURS} for number in range(50)}
    counts[cell(0)][NOON] = Moments(160, 400)
    usual = History(counts, EIGHT_WEEKS).usual(NOON)
    assert usual[cell(0)].mean == 1.0
    assert usual[cell(1)].mean < 0.15


def test_a_desk_of_one_week_does_not_take_everything_for_unusual() -> None:
    one_week = {hour: 8 if hour[0] else 20 for hour in HOURS}
    counts = {cell(number): {NOON: Moments(2, 2)} for number in range(20)}
    usual = History(counts, one_week).usual(NOON)
    assert min(each.mean for each in usual.values()) > 2 / 20
    # Nobody has called at three in the morning yet.
    night = History(counts, one_week).usual((False, 3))
    assert 0 < night[cell(0)].mean < NOTHING_KNOWN.mean
    assert bound(night[cell(0)], 20) >= 5


def test_an_hour_that_was_never_watched_is_not_known() -> None:
    assert History({cell(0): {NOON: Moments(3, 3)}}, {NOON: 20}).usual((True, 12)) == {}
    assert History({}, EIGHT_WEEKS).usual(NOON) == {}


@pytest.mark.parametrize("seed", range(2))
def test_what_was_learned_makes_hardly_any_false_alarm(seed: int) -> None:
    """Bounds from each cell's own few customers would make one in every other ninety days."""
    chance = np.random.default_rng((seed, 1))
    known = mass_detection.traffic(340, 0.08, 1.0, chance)
    assert list(mass_detection.alarms(known, chance)) == []
