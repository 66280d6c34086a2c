"""What a history leaves open: the range around a forecast holds what each explanation that fits expects."""

from datetime import date, timedelta

import numpy as np
import pytest

from dashboards.busy_hour.forecast.explanations import Coming, alike_neighbours, half, wanders, weigh
from dashboards.busy_hour.forecast.forecast import forecast
from dashboards.busy_hour.forecast.levels import Days, Levels, weekly
from dashboards.busy_hour.forecast.pattern import MONTH, Pattern
from dashboards.busy_hour.forecast.search import Parts, find, least_squares
from dashboards.busy_hour.measures.series import Floats

YEAR_AHEAD = 12 * MONTH


def seen(log: Floats) -> tuple[Levels, Pattern, list[Parts]]:
    """Return the weekly levels of daily logarithms with what is found in them."""
    at = np.arange(float(len(log)))
    days = Days(date(2025, 1, 6), at, np.exp(log), ())
    levels = weekly(days)
    return (levels, *find(days, levels))


def noise(days: int, seed: int = 1) -> Floats:
    """Return 2 % of noise from day to day."""
    found: Floats = np.random.default_rng(seed).normal(0.0, 0.02, days)
    return found


def width(log: Floats, ahead: float = YEAR_AHEAD, mix: float = 0.0) -> float:
    """Return half the range a year ahead around what the pattern expects."""
    levels, pattern, tried = seen(log)
    at = np.array([pattern.end + ahead])
    central = pattern.level + pattern.grown(at) + pattern.seasonal(at)
    return float(half(weigh(levels, tried, Coming(at, 4.0, mix)), central)[0])


def straight(days: int, growth: float = 0.03) -> Floats:
    """Return a straight line's logarithms."""
    found: Floats = np.log(1.0 + growth * np.arange(float(days)) / MONTH)
    return found


def test_eight_months_of_growth_leave_a_line_and_a_rate_open() -> None:
    days = int(8 * MONTH)
    levels, pattern, tried = seen(0.02 * np.arange(float(days)) / MONTH + noise(days))
    at = np.array([pattern.end + YEAR_AHEAD])
    central = pattern.level + pattern.grown(at)
    reach = float(half(weigh(levels, tried, Coming(at, 4.0, 0.0)), central)[0])
    line, rate = np.log(1.0 + 0.02 * 12), 0.02 * 12
    assert reach > 0.9 * (rate - line)


def test_a_longer_history_leaves_less_open() -> None:
    widths = [width(straight(int(months * MONTH), 0.02) + noise(int(months * MONTH))) for months in (8, 16, 36)]
    assert widths[0] > 2 * widths[1] > 2 * widths[2]


def test_a_range_is_not_narrower_than_the_noise_of_a_month() -> None:
    days = int(48 * MONTH)
    assert width(noise(days), ahead=15.0) >= 1.9 * 0.02 / np.sqrt(28.0)


def test_the_weekdays_of_a_month_widen_its_range() -> None:
    log = noise(int(24 * MONTH))
    assert width(log, mix=0.01) > width(log) + 0.005


def test_a_level_that_wanders_is_known_less_with_every_week() -> None:
    chance = np.random.default_rng(3)
    weeks = np.cumsum(chance.normal(0.0, 0.02, 104))
    log = np.repeat(weeks, 7) + noise(728)
    near, far = width(log, ahead=15.0), width(log, ahead=YEAR_AHEAD)
    assert far == pytest.approx(1.96 * 0.02 * np.sqrt(51.0), rel=0.35)
    assert near < far / 3


@pytest.mark.parametrize("seed", range(5))
def test_a_level_that_wanders_is_told_from_a_trend(seed: int) -> None:
    chance = np.random.default_rng(seed)
    weeks = np.repeat(np.cumsum(chance.normal(0.0, 0.02, 60)), 7)
    months = np.arange(420.0) / MONTH
    for log, expected in ((weeks, True), (0.01 * months, False), (np.zeros(420), False)):
        levels, _, tried = seen(log + noise(420, seed))
        assert wanders(weigh(levels, tried, Coming(np.array([450.0]), 4.0, 0.0))) == expected


def test_a_level_that_wanders_has_no_growth_and_no_date() -> None:
    chance = np.random.default_rng(6)
    weeks = np.exp(np.repeat(np.cumsum(chance.normal(0.004, 0.02, 104)), 7) + noise(728))
    days = {date(2024, 1, 1) + timedelta(days=number): value for number, value in enumerate(weeks.tolist())}
    made = forecast(days, [(0.7, 1.2 * float(np.mean(weeks[-28:])))])
    assert made is not None
    assert made.growth_per_month == 0.0
    assert made.exhaustion[0].answer == "none"


def test_a_straight_line_of_fifteen_months_is_no_season() -> None:
    for seed in range(20):
        days = int(15 * MONTH)
        _, pattern, _ = seen(straight(days) + noise(days, seed))
        assert not len(pattern.season)


def test_a_straight_line_is_found_with_its_growth() -> None:
    days = int(48 * MONTH)
    _, pattern, _ = seen(straight(days) + noise(days))
    last = 1.0 + 0.03 * (days - 4) / MONTH
    assert pattern.shape == pytest.approx(0.03 / last, rel=0.03)
    assert pattern.growth == pytest.approx(0.03 / last, rel=0.03)


@pytest.mark.parametrize("months", [24, 36, 52])
def test_a_straight_line_that_ends_has_one_bend_and_a_level_after_it(months: int) -> None:
    days = int(months * MONTH)
    at = np.arange(float(days))
    end = 0.6 * days
    log = np.log(1.0 + 0.03 * np.minimum(at, end) / MONTH) + noise(days)
    levels, pattern, tried = seen(log)
    assert [bend.at for bend in pattern.bends] == pytest.approx([end], abs=21.0)
    assert pattern.growth == pytest.approx(0.0, abs=0.002)
    assert pattern.bends[0].change == pytest.approx(0.03 / (1.0 + 0.03 * end / MONTH), rel=0.1)
    assert not wanders(weigh(levels, tried, Coming(np.array([days + 30.0]), 4.0, 0.0)))
    assert width(log) < 0.02


def test_what_a_regression_leaves_is_taken_for_more_alike_than_it_looks() -> None:
    """Of weeks with an autocorrelation of 0.5 a line of 50 shows less on average; the range counts with the truth."""
    chance = np.random.default_rng(8)
    found = []
    table = np.column_stack([np.ones(50), np.arange(50.0)])
    for _ in range(300):
        weeks = np.zeros(150)
        for place, value in enumerate(chance.normal(0.0, 0.02, 149).tolist(), 1):
            weeks[place] = 0.5 * weeks[place - 1] + value
        rest = weeks[100:] - table @ least_squares(table, weeks[100:])
        if (alike := alike_neighbours(rest, 2, 50)) > 0:
            found.append(alike)
    assert float(np.mean(found)) == pytest.approx(0.5, abs=0.05)


def test_weeks_alike_by_chance_count_as_independent() -> None:
    rest = np.random.default_rng(9).normal(0.0, 0.02, 60)
    assert alike_neighbours(rest, 2, 60) == 0.0


def test_a_season_of_twenty_months_is_one() -> None:
    days = int(20 * MONTH)
    at = np.arange(float(days))
    _, pattern, _ = seen(straight(days) + 0.15 * np.cos(2 * np.pi * at / 365.2425) + noise(days))
    assert len(pattern.season)
    assert pattern.depth() == pytest.approx(0.16, abs=0.02)
