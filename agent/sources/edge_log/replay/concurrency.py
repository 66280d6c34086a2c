"""How many sessions, or viewers, were active at a moment: from their first and last requests."""

from bisect import bisect_right
from collections.abc import Iterable

from agent.sources.edge_log.sessions.table import Interval


class Concurrency:
    """How many intervals are active at a moment: the last request's own idle timeout still counts."""

    def __init__(self, intervals: Iterable[Interval], idle_timeout: float) -> None:
        pairs = list(intervals)
        self._begins = sorted(one.first for one in pairs)
        self._ends = sorted(one.last + idle_timeout for one in pairs)

    def at(self, moment: float) -> int:
        """Return the number at a moment."""
        return bisect_right(self._begins, moment) - bisect_right(self._ends, moment)

    def maximum(self) -> tuple[int, float | None]:
        """Return the largest number ever, and when it was first reached."""
        most, when, ended = 0, None, 0
        for begun, begin in enumerate(self._begins, 1):
            while self._ends[ended] <= begin:
                ended += 1
            if begun - ended > most:
                most, when = begun - ended, begin
        return most, when


def join(intervals: Iterable[tuple[float, float]], idle_timeout: float) -> list[Interval]:
    """Return the intervals with those made one that touch within the idle timeout."""
    result: list[Interval] = []
    for first, last in sorted(intervals):
        if result and first <= result[-1].last + idle_timeout:
            result[-1] = Interval(result[-1].first, max(result[-1].last, last))
        else:
            result.append(Interval(first, last))
    return result
