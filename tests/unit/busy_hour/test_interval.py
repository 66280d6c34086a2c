"""The range of 95 %: as wide as the errors on the past were, and growing only as they did."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from dashboards.busy_hour.forecast.interval import USUAL, interval
from dashboards.busy_hour.forecast.pattern import MONTH, Bend, Pattern

FLAT = Pattern(
    first=date(2025, 1, 1),
    end=720.0,
    level=5.0,
    growth=0.0,
    steps=(),
    bends=(),
    season=np.empty(0),
    noise=0.002,
    wander=0.0,
    shape=0.0,
)
GROWING = replace(FLAT, growth=0.02)
ENDS = np.arange(9.0) * 2 * MONTH + 100.0


def test_a_range_that_errors_do_not_widen_hardly_grows_without_growth() -> None:
    errors = np.full((9, 6), 0.01)
    assert interval(errors, ENDS, FLAT, 4).growth == 0.0
    assert 0.0 < interval(errors, ENDS, GROWING, 4).growth < USUAL


def test_errors_that_grow_with_the_distance_widen_the_range() -> None:
    errors = np.tile(0.01 * np.arange(1.0, 7.0), (9, 1))
    assert interval(errors, ENDS, GROWING, 4).growth > USUAL


def test_the_range_holds_the_errors_it_was_made_from() -> None:
    errors = np.random.default_rng(4).normal(0.0, 0.02, (9, 6))
    found = interval(errors, ENDS, GROWING, 4)
    inside = np.abs(errors) <= found.half(np.arange(1.0, 7.0))[None, :]
    assert inside.mean() >= 0.95


def test_fewer_origins_make_a_wider_range() -> None:
    widths = [interval(np.full((count, 6), 0.01), ENDS[:count], GROWING, 4).width for count in (3, 5, 9)]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 1.3 * widths[2]


def test_errors_from_before_the_last_change_of_growth_count_only_where_the_level_wanders() -> None:
    errors = np.concatenate([np.full((5, 6), 0.2), np.full((4, 6), 0.01)])
    bent = replace(FLAT, bends=(Bend(ENDS[4] - MONTH + 1.0, 0.03),))
    assert interval(errors, ENDS, bent, 4).width < 0.03
    assert interval(errors, ENDS, replace(bent, wander=0.8), 4).width > 0.2
    late = replace(FLAT, bends=(Bend(ENDS[7], 0.03),))  # too few origins after it to be judged by
    assert interval(errors, ENDS, late, 4).width > 0.15


def test_a_wandering_level_widens_at_the_usual_rate() -> None:
    errors = np.full((9, 6), 0.01)
    assert interval(errors, ENDS, replace(FLAT, wander=0.9), 4).growth == pytest.approx(USUAL)


@pytest.mark.parametrize("errors", [np.empty((0, 6)), np.full((4, 6), np.nan)])
def test_without_a_back_test_the_range_comes_from_the_noise(
    errors: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> None:
    assert interval(errors, ENDS[: len(errors)], FLAT, 4).width == pytest.approx(8 * 0.002 / 2)
