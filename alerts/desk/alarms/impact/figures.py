"""The impact of a ticket in numbers: a pure function of recorded series.

The level just before is compared with what is served since. What other nodes serve more than before counts as having
reappeared there. A node that reports nothing may still serve: then only an upper bound is known, and no exact figure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alerts.desk.tickets.impact import Figure

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Course:
    """One quantity: before, and since then in and outside of the scope."""

    before: float
    sources: float  # how many series reported before
    reported: Mapping[float, float]  # by moment, the sum of the scope
    reporting: Mapping[float, float]  # by moment, how many series of the scope report
    other_before: float | None  # None: there are no others
    other: Mapping[float, float]


def figure(course: Course, moments: Sequence[float]) -> Figure:
    """Return the figures at the last of the moments, with the minutes from the first to it."""
    steps = [_missing(course, moment) for moment in moments]
    total = sum(
        (first[0] + second[0]) / 2 * (later - earlier) / 60
        for first, second, earlier, later in zip(steps, steps[1:], moments, moments[1:], strict=False)
    )
    lost, elsewhere, exact = steps[-1]
    return Figure(
        course.before,
        course.reported.get(moments[-1], 0.0),
        elsewhere,
        lost if exact else None,
        lost,
        total if all(each[2] for each in steps) else None,
        total,
    )


def _missing(course: Course, moment: float) -> tuple[float, float | None, bool]:
    """Return how many are missed at a moment at most, how many reappeared elsewhere, and whether that is exact."""
    lost = max(0.0, course.before - course.reported.get(moment, 0.0))
    exact = course.reporting.get(moment, 0.0) >= course.sources
    if course.other_before is None:
        return lost, 0.0, exact
    others = course.other.get(moment)
    if others is None:
        return lost, None, False
    elsewhere = min(lost, max(0.0, others - course.other_before))
    return lost - elsewhere, elsewhere, exact
