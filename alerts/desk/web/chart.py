"""A line chart as SVG, drawn on the server: it needs no script and passes a policy that forbids inline styles."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from markupsafe import Markup

from alerts.desk.core.figures import Unit, figure
from alerts.desk.core.words import Words
from alerts.desk.web.render import fragment
from service.ticks import ticks

LEFT, RIGHT, TOP, BOTTOM = 62, 8, 8, 20  # pixels round the drawing
HOUR = 3600
_TIME_STEPS = (60, 120, 300, 600, 900, 1800, HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, 6 * HOUR, 12 * HOUR)
_DAY_STEPS = (1, 2, 7, 14, 28, 56)
_MOST_TIMES, _TIME_WIDTH = 8, 45  # labels on an axis, and the pixels that each needs
_MOST_VALUES, _VALUE_HEIGHT = 4, 24


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its name in the reader's language and its points, (Unix seconds, value), oldest first.

    `kind` is its look: "main", "before" (an earlier time, fainter), "bound" (a limit, dashed), "other".
    """

    name: str
    points: Sequence[tuple[float, float]]
    kind: str = "main"


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment worth a vertical line."""

    name: str
    at: float


@dataclass(frozen=True, slots=True)
class Frame:
    """What a chart shows: a time from `start` to `end` (Unix seconds), values in `unit`, on so many pixels."""

    start: float
    end: float
    unit: Unit
    width: int = 640
    height: int = 180

    @property
    def times(self) -> int:
        """How many times its axis has room for."""
        return max(1, min(_MOST_TIMES, (self.width - LEFT - RIGHT) // _TIME_WIDTH))

    @property
    def values(self) -> int:
        """How many values its axis has room for."""
        return max(1, min(_MOST_VALUES, (self.height - TOP - BOTTOM) // _VALUE_HEIGHT))

    def x(self, at: float) -> float:
        """Return a time's place."""
        return LEFT + (at - self.start) / (self.end - self.start) * (self.width - LEFT - RIGHT)

    def y(self, value: float, top: float) -> float:
        """Return a value's place between nothing and `top`."""
        return self.height - BOTTOM - value / top * (self.height - TOP - BOTTOM)


def line_chart(
    words: Words, title: str, lines: Sequence[Line], frame: Frame, marks: Sequence[Mark] = (), gap: float = math.inf
) -> Markup:
    """Draw lines over time, from nothing up; a line is broken where its points are more than `gap` seconds apart.

    Without any finite point the chart says that there is no data.
    """
    kept = [Line(line.name, _within(line.points, frame), line.kind) for line in lines]
    values = [value for line in kept for _, value in line.points]
    steps = ticks(max(values, default=0.0), frame.values, whole=frame.unit == "count")
    top = steps[-1]
    return fragment(
        "web/chart.html",
        words,
        title=title,
        frame=frame,
        edges={"left": LEFT, "right": frame.width - RIGHT, "top": TOP, "bottom": frame.height - BOTTOM},
        values=[(f"{frame.y(value, top):.1f}", figure(words, value, frame.unit)) for value in steps],
        times=[(f"{frame.x(at):.1f}", text) for at, text in _times(words, frame)],
        lines=[
            (line.name, line.kind, list(_paths(line, frame, top, gap)), figure(words, line.points[-1][1], frame.unit))
            for line in kept
            if line.points
        ],
        marks=[(mark.name, f"{frame.x(mark.at):.1f}") for mark in marks if frame.start <= mark.at <= frame.end],
    )


def _within(points: Sequence[tuple[float, float]], frame: Frame) -> list[tuple[float, float]]:
    return [(at, max(value, 0.0)) for at, value in points if frame.start <= at <= frame.end and math.isfinite(value)]


def _paths(line: Line, frame: Frame, top: float, gap: float) -> Iterator[str]:
    piece = [line.points[0]]
    for before, after in pairwise(line.points):
        if after[0] - before[0] > gap:
            yield _path(piece, frame, top)
            piece = []
        piece.append(after)
    yield _path(piece, frame, top)


def _path(piece: Sequence[tuple[float, float]], frame: Frame, top: float) -> str:
    places = [f"{frame.x(at):.1f} {frame.y(value, top):.1f}" for at, value in piece]
    # A lone point is a line of no length; round ends make it a dot.
    return "M" + "L".join(places if len(places) > 1 else places * 2)


def _times(words: Words, frame: Frame) -> Iterator[tuple[float, str]]:
    """Yield round local times: hours of the day, or days where the chart is longer than two."""
    first = datetime.fromtimestamp(frame.start, UTC).astimezone(words.zone)
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    length = frame.end - frame.start
    if length <= 2 * 24 * HOUR:
        step = next((step for step in _TIME_STEPS if length / step <= frame.times), _TIME_STEPS[-1])
        moments = (midnight + timedelta(seconds=step * number) for number in range(3 * 24 * HOUR // step))
    else:
        days = length / 24 / HOUR
        whole = next((step for step in _DAY_STEPS if days / step <= frame.times), math.ceil(days / frame.times))
        moments = (midnight + timedelta(days=whole * number) for number in range(math.ceil(days / whole) + 2))
    for moment in moments:
        # Through the wall clock, so that a day of 23 or 25 hours keeps its midnights.
        at = moment.timestamp()
        if frame.start <= at <= frame.end:
            plain = moment.hour == 0 and moment.minute == 0
            yield at, f"{moment.day} {words(f'month.{moment.month}')}" if plain else f"{moment:%H:%M}"
