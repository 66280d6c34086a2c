"""How often playback stalled within a scope, and for how long: the sums of recorded rates over the time."""

from typing import Protocol

from alerts.desk.alarms.impact.scope import Scope
from alerts.desk.tickets.impact import Stalls
from service.prometheus import Series, Window

RATES = {
    "seconds": "node_channel:ott_qoe_stalled:rate5m",
    "stalls": "node_channel:ott_qoe_stalls:rate5m",
    "sessions": "node_channel:ott_qoe_stalled_sessions:rate5m",
}


class Prometheus(Protocol):
    """What is asked of Prometheus."""

    def query_range(self, expression: str, window: Window) -> list[Series]:
        """Return the series of a range query."""


def stalls(prometheus: Prometheus, scope: Scope, window: Window) -> Stalls | None:
    """Return seconds, stalls, and sessions that stalled for the first time; None without reports or without a stall."""
    matchers = ",".join(filter(None, (f'__name__=~"{"|".join(RATES.values())}"', scope.inside[1:-1])))
    answer = prometheus.query_range(f"sum by (__name__) ({{{matchers}}})", window)
    found = {series.labels.get("__name__", ""): series.points for series in answer}
    if not found.keys() >= set(RATES.values()):
        return None
    total = {part: window.step * sum(value for _, value in found[metric]) for part, metric in RATES.items()}
    result = Stalls(seconds=total["seconds"], stalls=total["stalls"], sessions=total["sessions"])
    return result if result.stalls >= 1 else None
