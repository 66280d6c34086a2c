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
ENDS = (np.arange(9.0) * 2 * MONTH + 100.0).tolist()


def then(pattern: Pattern, count: int = 9) -> list[Pattern]:
    """Return the pattern as every origin saw it, with what lay behind it."""
    return [
        replace(
            pattern,
            end=end,
            steps=tuple(step for step in pattern.steps if step[0] <= end),
            bends=tuple(bend for bend in pattern.bends if bend.at <= end),
        )
        for end in ENDS[:count]
    ]


def test_a_range_that_errors_do_not_widen_hardly_grows_without_growth() -> None:
    errors = np.full((9, 6), 0.01)
    assert interval(errors, then(FLAT), FLAT, 4).growth == 0.0
    assert 0.0 < interval(errors, then(GROWING), GROWING, 4).growth < USUAL


def test_errors_that_grow_with_the_distance_widen_the_range() -> None:
    errors = np.tile(0.01 * np.arange(1.0, 7.0), (9, 1))
    assert interval(errors, then(GROWING), GROWING, 4).growth > USUAL


def test_the_range_holds_the_errors_it_was_made_from() -> None:
    errors = np.random.default_rng(4).normal(0.0, 0.02, (9, 6))
    found = interval(errors, then(GROWING), GROWING, 4)
    inside = np.abs(errors) <= found.half(np.arange(1.0, 7.0))[None, :]
    assert inside.mean() >= 0.95


def test_fewer_origins_make_a_wider_range() -> None:
    widths = [interval(np.full((count, 6), 0.01), then(GROWING, count), GROWING, 4).width for count in (3, 5, 9)]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 1.3 * widths[2]


def test_errors_that_are_alike_within_an_origin_count_as_fewer() -> None:
    signs = np.where(np.arange(6) % 2, 0.01, -0.01)
    alike, apart = np.full((4, 6), 0.01), np.tile(signs, (4, 1))
    widths = [interval(errors, then(FLAT, 4), FLAT, 4).width for errors in (alike, apart)]
    assert widths[0] > 1.3 * widths[1]
    assert widths[1] == pytest.approx(0.01, rel=0.06)  # errors whose mean is nothing say nothing of one another


def test_origins_that_did_not_know_of_the_last_change_of_growth_count_only_where_the_level_wanders() -> None:
    errors = np.concatenate([np.full((5, 6), 0.2), np.full((4, 6), 0.01)])
    bent = replace(FLAT, bends=(Bend(ENDS[4] - MONTH + 1.0, 0.03),))
    seen = [replace(known, bends=bent.bends if place > 4 else ()) for place, known in enumerate(then(bent))]
    assert interval(errors, seen, bent, 4).width < 0.03
    assert interval(errors, seen, replace(bent, wander=0.8), 4).width > 0.2
    unseen = [replace(known, bends=()) for known in seen]  # nobody saw it; the origins after it count
    assert interval(errors, unseen, bent, 4).width < 0.25
    late = replace(FLAT, bends=(Bend(ENDS[7], 0.03),))  # too few origins after it to be judged by
    assert interval(errors, then(late), late, 4).width > 0.15


def test_an_origin_that_did_not_see_a_step_behind_it_does_not_count() -> None:
    errors = np.full((9, 6), 0.01)
    errors[4] = 0.3
    stepped = replace(FLAT, steps=((ENDS[4] - 10.0, 0.25),))
    known = then(stepped)
    known[4] = replace(known[4], steps=())
    assert interval(errors, known, stepped, 4).width < 0.02
    assert interval(errors, then(stepped), stepped, 4).width > 0.2
    known = [replace(each, steps=()) for each in then(stepped)]  # most were before it: they knew all there was
    assert interval(errors, known, stepped, 4).width < 0.02
    without = [replace(each, steps=((50.0, 0.1),)) for each in then(stepped)]  # none knew what is known today
    assert interval(errors, without, stepped, 4).width > 0.2


def test_a_wandering_level_widens_at_the_usual_rate() -> None:
    errors = np.full((9, 6), 0.01)
    assert interval(errors, then(FLAT), replace(FLAT, wander=0.9), 4).growth == pytest.approx(USUAL)


@pytest.mark.parametrize("errors", [np.empty((0, 6)), np.full((4, 6), np.nan)])
def test_without_a_back_test_the_range_comes_from_the_noise(
    errors: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> None:
    assert interval(errors, then(FLAT, len(errors)), FLAT, 4).width == pytest.approx(8 * 0.002 / 2)
