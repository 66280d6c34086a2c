"""Round values for an axis."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.ticks import ticks


@pytest.mark.parametrize(
    ("highest", "most", "whole", "values"),
    [
        (9.0, 4, False, [0, 2.5, 5, 7.5, 10]),
        (1.0, 5, False, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (2.0, 4, True, [0, 1, 2]),
        (7.0, 3, True, [0, 5, 10]),
        (0.0, 4, False, [0, 1]),
        (1e-9, 1, True, [0, 1]),
        (1.000000001, 2, False, [0, 0.5, 1]),
        (math.nan, 4, False, [0, 1]),
    ],
)
def test_values_are_round(highest: float, most: int, whole: bool, values: list[float]) -> None:
    assert ticks(highest, most, whole=whole) == pytest.approx(values)


@given(st.floats(1e-9, 1e15), st.integers(1, 8), st.booleans())
def test_they_reach_the_highest_and_are_not_too_many(highest: float, most: int, whole: bool) -> None:
    found = ticks(highest, most, whole=whole)
    assert found[0] == 0
    assert found[-1] >= highest * (1 - 1e-8)
    assert len(found) <= most + 1
    assert not whole or all(value.is_integer() for value in found)
