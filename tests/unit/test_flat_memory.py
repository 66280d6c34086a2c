"""What the benches over hours take for memory that grows."""

import pytest

from bench.flat_memory import FLAT, grown

LOOKS = 480  # four a minute for two hours


def saw(look: int, phase: float) -> float:
    """Return mebibytes of caches whose older half is dropped every half hour."""
    return 400.0 + 300.0 * ((look / 120 + phase) % 1.0)


@pytest.mark.parametrize("phase", [0.0, 0.25, 0.5, 0.75])
def test_caches_that_are_emptied_every_half_hour_are_flat(phase: float) -> None:
    assert grown([saw(look, phase) for look in range(LOOKS)]) < FLAT


@pytest.mark.parametrize("phase", [0.0, 0.25, 0.5, 0.75])
def test_a_leak_beneath_such_caches_is_told(phase: float) -> None:
    assert grown([saw(look, phase) * (1 + 0.2 * look / LOOKS) for look in range(LOOKS)]) > FLAT


def test_a_steady_program_that_grows_by_an_eighth_is_told_and_one_that_starts_large_is_not() -> None:
    assert grown([100.0 + 12.5 * look / LOOKS for look in range(LOOKS)]) > FLAT
    assert grown([200.0] * 40 + [100.0] * (LOOKS - 40)) == 1.0


def test_of_fewer_than_ten_values_nothing_is_said() -> None:
    assert grown([1.0, 2.0, 3.0]) == 1.0
