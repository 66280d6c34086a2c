"""The moments that a replay answers for."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Protocol

_MOST_STEPS = 10_000_000


class TimeSteps(Protocol):
    """The moments that are asked for; cell n holds what came after moment n-1, up to moment n."""

    def index(self, moment: float) -> int:
        """Return the first moment's number that is not before `moment`."""

    def between(self, first: float, last: float) -> Iterator[tuple[int, float]]:
        """Yield number and time of the moments, for a log from `first` to `last`."""


class GivenTimes:
    """Single moments."""

    def __init__(self, moments: Iterable[float]) -> None:
        self._moments = sorted(set(moments))

    def index(self, moment: float) -> int:
        """Return the first moment's number that is not before `moment`."""
        return bisect_left(self._moments, moment)

    def between(self, first: float, last: float) -> Iterator[tuple[int, float]]:
        """Yield all, whatever the log covers."""
        del first, last
        return iter(enumerate(self._moments))


class RegularSteps:
    """The whole multiples of an interval."""

    def __init__(self, every: float) -> None:
        self._every = every

    def index(self, moment: float) -> int:
        """Return the first moment's number that is not before `moment`."""
        return -int(-moment // self._every)

    def between(self, first: float, last: float) -> Iterator[tuple[int, float]]:
        """Yield the steps from the first request until every session has ended."""
        if last < first:
            return
        begin, end = self.index(first), self.index(last)
        if end - begin > _MOST_STEPS:
            raise ValueError(f"the log spans {end - begin} steps, from {iso(first)} to {iso(last)}; take longer steps")
        for number in range(begin, end + 1):
            yield number, number * self._every


def iso(moment_: float | None) -> str | None:
    """Return a Unix time as UTC, to the millisecond where it has a fraction."""
    if moment_ is None:
        return None
    text = datetime.fromtimestamp(moment_, UTC).isoformat(timespec="seconds" if moment_ % 1 == 0 else "milliseconds")
    return text.replace("+00:00", "Z")
