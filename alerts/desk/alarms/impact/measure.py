"""Asks Prometheus for the impact of a ticket. Recorded series serve, so it works after the node is dead."""

from collections.abc import Mapping
from datetime import datetime
from math import isfinite
from typing import Protocol

from alerts.desk.alarms.impact.figures import Course, figure
from alerts.desk.alarms.impact.scope import Scope
from alerts.desk.alarms.impact.stalls import stalls
from alerts.desk.tickets.impact import Impact
from service.prometheus import Sample, Series, Window

STEP, MOST_POINTS = 15.0, 500  # seconds between points; a long outage has them further apart
VIEWERS, SESSIONS = "node:ott_edge_viewers:sum", "node:ott_edge_sessions:sum"
CHANNEL_SESSIONS = "ott_edge_channel_sessions"
SUBSCRIBERS = "platform:ott_subscribers_online:sum"


class Prometheus(Protocol):
    """What is asked of Prometheus."""

    def query(self, expression: str, at: datetime | None = None) -> list[Sample]:
        """Return the series of an instant query."""

    def query_range(self, expression: str, window: Window) -> list[Series]:
        """Return the series of a range query."""


def impact(prometheus: Prometheus, scope: Scope, until: datetime) -> Impact | None:
    """Return what is known of the impact; None where nothing is. Raises as the client does."""
    quantities = {"viewers": VIEWERS, "sessions": SESSIONS}
    if scope.channels:
        quantities = {"sessions": CHANNEL_SESSIONS}
    if scope.everywhere:
        quantities["subscribers"] = SUBSCRIBERS
    start, end = scope.before.timestamp(), max(until, scope.before).timestamp()
    step = max(STEP, (end - start) / MOST_POINTS)
    count = int((end - start) / step)
    window = Window(end - count * step, end, step)
    moments = [window.start + window.step * place for place in range(count + 1)]
    courses = {name: _course(prometheus, metric, scope, window) for name, metric in quantities.items()}
    figures = {name: figure(course, moments) if course is not None else None for name, course in courses.items()}
    known = Impact(
        scope.before,
        until,
        viewers=figures.get("viewers"),
        sessions=figures.get("sessions"),
        subscribers=figures.get("subscribers"),
        stalls=stalls(prometheus, scope, window),
    )
    return known or None


def _course(prometheus: Prometheus, metric: str, scope: Scope, window: Window) -> Course | None:
    inside, outside = f"{metric}{scope.inside}", f"{metric}{scope.outside}" if scope.outside else ""
    before = _one(prometheus.query(f"sum({inside})", scope.before))
    if before is None:
        return None
    return Course(
        before,
        _one(prometheus.query(f"count({inside})", scope.before)) or 0.0,
        _points(prometheus.query_range(f"sum({inside})", window), window),
        _points(prometheus.query_range(f"count({inside})", window), window),
        _one(prometheus.query(f"sum({outside})", scope.before)) if outside else None,
        _points(prometheus.query_range(f"sum({outside})", window), window) if outside else {},
    )


def _one(samples: list[Sample]) -> float | None:
    """Return the only value; None where there is none, or where it is no number."""
    values = [sample.value for sample in samples if isfinite(sample.value)]
    return values[0] if len(values) == 1 else None


def _points(series: list[Series], window: Window) -> Mapping[float, float]:
    """Return the values by the window's moments, which the server rounds to milliseconds."""
    found = {}
    for moment, value in series[0].points if series else ():
        found[window.start + window.step * round((moment - window.start) / window.step)] = value
    return found


def rank(known: Impact | None) -> float | None:
    """Return what the queue sorts by: how many are without service at most."""
    for each in known.figures().values() if known else ():
        return each.at_most
    return None
