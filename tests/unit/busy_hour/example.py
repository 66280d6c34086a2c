"""Days built by hand, small enough to work out on paper."""

from collections.abc import Callable
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np

from dashboards.busy_hour.measures.series import Calendar, DaySeries, LocalDay
from dashboards.busy_hour.measures.traffic import Day

ALMATY = ZoneInfo("Asia/Almaty")


def quarters(at: dict[str, float], other: float = 100.0) -> Callable[[int], float]:
    """Return the value by quarter of the clock: `at` names some by HH:MM."""
    named = {int(clock[:2]) * 4 + int(clock[3:]) // 15: value for clock, value in at.items()}
    return lambda quarter: named.get(quarter, other)


def day(when: date, value: Callable[[int], float], zone: ZoneInfo = ALMATY) -> Day:
    """Return a day whose quarters follow the clock, whatever the clocks did."""
    span = Calendar(zone).day(when)
    made = Day(series(span, np.zeros((span.end - span.start) // 900)), zone)
    return Day(series(span, np.array([value(int(clock) // 900) for clock in made.clock])), zone)


def series(span: LocalDay, slots: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> DaySeries:
    return DaySeries(span, 900, slots, 900, slots)
