"""Single readings that cannot be the counter's, as devices and their agents give them, make no busy hour."""

import numpy as np
import pytest

from dashboards.busy_hour.measures.counters import counter_rates

STEP, RATE, BASE = 300.0, 1e8, 5e12
TIMES = np.arange(0, 6 * 3600, STEP)
COUNTER = BASE + RATE * TIMES


def rates(place: int, *wrong: float) -> tuple[float, int, list[str]]:
    """Return the highest rate, for how many minutes there is one, and what was told."""
    values = COUNTER.copy()
    values[place : place + len(wrong)] = wrong
    _, found, remarks = counter_rates(TIMES, values, 2 * STEP)
    return float(found.max()), len(found), [text for _, text in remarks]


ALL = len(counter_rates(TIMES, COUNTER, 2 * STEP)[1])


@pytest.mark.parametrize("wrong", [0.0, 123456.0, BASE / 2, COUNTER[19] - 1.25e12])
def test_a_reading_far_below_is_left_out(wrong: float) -> None:
    """A zero in /proc/net/dev (issue 6077 of netdata): the climb back would be the busiest hour of the year."""
    highest, minutes, told = rates(20, wrong)
    assert highest == pytest.approx(RATE)
    assert minutes == ALL
    assert len(told) == 1
    assert "steps back by" in told[0]


def test_two_readings_far_below_leave_a_gap() -> None:
    highest, minutes, told = rates(20, 0.0, 0.0)
    assert highest == pytest.approx(RATE)
    assert ALL - minutes == 15
    assert len(told) == 1


@pytest.mark.parametrize("wrong", [1e15, 2.0**64])
def test_a_reading_far_above_is_left_out(wrong: float) -> None:
    highest, minutes, told = rates(20, wrong)
    assert highest == pytest.approx(RATE)
    assert minutes == ALL
    assert told == [f"a single reading of {wrong:.15g} cannot be the counter's; left out"]


def test_a_counter_of_32_bits_on_a_line_that_is_idle_for_most_of_the_time_goes_on() -> None:
    rate = np.where((TIMES > 9000) & (TIMES < 14400), 1e6, 10.0)
    whole = np.concatenate(([0.0], np.cumsum(rate * STEP)))[:-1]
    _, found, remarks = counter_rates(TIMES, whole % 2**32, 2 * STEP)
    assert found.max() == pytest.approx(1e6)
    assert len(found) == ALL
    assert all("was full" in text for _, text in remarks)


def test_a_restart_is_one_also_where_the_counter_was_low() -> None:
    values = np.concatenate((RATE * TIMES[:3], RATE * TIMES))
    times = np.arange(0.0, STEP * len(values), STEP)
    _, found, remarks = counter_rates(times, values, 2 * STEP)
    assert found.max() == pytest.approx(RATE)
    assert [text.partition(" (")[0] for _, text in remarks] == ["the counter began again at zero"]
