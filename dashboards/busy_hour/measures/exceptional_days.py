"""Days that do not speak for the others: finals, New Year, outages.

The mathematics only proposes; a calendar in the settings confirms. For OTT the big event is real demand, so every
report gives its figures with and without the confirmed days.
"""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import numpy as np

THRESHOLD = 3.5  # project rule, after Iglewicz and Hoaglin


class Proposal(NamedTuple):
    """A day whose busy hour lies far from the median."""

    day: date
    value: float
    z: float


def robust_z(values: Mapping[date, float]) -> dict[date, float]:
    """Return 0.6745·(x − median)/MAD for each day; nothing where more than half of the values are equal."""
    numbers = np.fromiter(values.values(), dtype=np.float64, count=len(values))
    if not len(numbers):
        return {}
    centre = float(np.median(numbers))
    deviation = float(np.median(np.abs(numbers - centre)))
    if deviation == 0:
        return {}
    return {day: 0.6745 * (value - centre) / deviation for day, value in values.items()}


def propose(values: Mapping[date, float]) -> list[Proposal]:
    """Return the days beyond the threshold on either side, in order of date."""
    scores = robust_z(values)
    return [Proposal(day, values[day], z) for day, z in sorted(scores.items()) if abs(z) > THRESHOLD]
