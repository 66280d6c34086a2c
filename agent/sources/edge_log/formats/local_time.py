"""Logs in local time: which of two times a line means in the hour that is repeated when the clocks go back.

Nothing in such a line says it, but the order of the lines does: where the time steps back by about an hour, the clocks
went back. A line is taken for the time that is nearer to the newest line of its file. Where no line before it is near,
nothing can tell: the first of the two times is taken, and the line is counted as ambiguous.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

from agent.sources.edge_log.formats.batch import Batch, LineFormat, Parser
from agent.sources.edge_log.formats.wrapped import Wrapped

_DAY = 86_400
# After a silence of so many seconds the next line may as well be of the second pass.
SILENCE = 300.0
# Between the parser's own state and the newest line.
_SEPARATOR = "\x1e"


class Repeat(NamedTuple):
    """The first pass of a time that is repeated: from `begin` until before `end`, when the clocks go back."""

    begin: float
    end: float

    @property
    def shift(self) -> float:
        """Seconds by which the clocks go back."""
        return self.end - self.begin


class Repeats:
    """The repeated times of a zone."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._days: dict[int, Repeat | None] = {}

    def between(self, first: float, last: float) -> Iterator[Repeat]:
        """Yield what is repeated within a span of time."""
        # The clocks may go back shortly after the end of the day on which the repeated time begins.
        for day in range(int(first // _DAY), int(last // _DAY) + 2):
            if day not in self._days:
                self._days[day] = self._on(day)
            repeat = self._days[day]
            if repeat is not None and repeat.begin <= last and first < repeat.end:
                yield repeat

    def _on(self, day: int) -> Repeat | None:
        low, high = day * _DAY, (day + 1) * _DAY
        before, after = self._offset(low), self._offset(high)
        if after >= before:
            return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._offset(middle) == before else (low, middle)
        return Repeat(high - (before - after), high)

    def _offset(self, moment: int) -> float:
        offset = datetime.fromtimestamp(moment, UTC).astimezone(self._zone).utcoffset()
        return offset.total_seconds() if offset is not None else 0.0


class LocalTimeFormat(Wrapped):
    """A format whose times are in local time; each file is put in order by a parser of its own."""

    def __init__(self, inner: LineFormat, zone: tzinfo) -> None:
        super().__init__(inner)
        self._repeats = Repeats(zone)
        # The newest line of all files, or what is known from before: a file may begin within the repeated hour.
        self.newest: float | None = None

    def parser(self, state: str = "") -> "LocalTimeParser":
        """Return a parser at the start of a file, or at the place where `state` was taken."""
        inner, _, newest = state.rpartition(_SEPARATOR) if _SEPARATOR in state else (state, "", "")
        return LocalTimeParser(self, self._inner.parser(inner), float(newest) if newest else None)

    def repeats(self, times: Sequence[float]) -> list[Repeat]:
        """Return the repeated hours that some times lie in."""
        return list(self._repeats.between(min(times), max(times)))

    def note(self, newest: float) -> None:
        """Note the newest line of a file."""
        self.newest = newest if self.newest is None else max(newest, self.newest)


class LocalTimeParser:
    """Reads one file."""

    def __init__(self, log_format: LocalTimeFormat, inner: Parser, newest: float | None) -> None:
        self._format = log_format
        self._inner = inner
        self._newest = newest

    @property
    def state(self) -> str:
        """What must be remembered: the newest line, too."""
        newest = "" if self._newest is None else f"{_SEPARATOR}{self._newest:.3f}"
        return self._inner.state + newest

    def parse(self, chunk: bytes) -> Batch:
        """Parse whole lines."""
        batch = self._inner.parse(chunk)
        if not batch.times:
            return batch
        repeats = self._format.repeats(batch.times)
        if repeats:
            batch = self._in_order(batch, repeats)
        newest = max(batch.times)
        self._newest = newest if self._newest is None else max(newest, self._newest)
        self._format.note(self._newest)
        return batch

    def _in_order(self, batch: Batch, repeats: Sequence[Repeat]) -> Batch:
        newest = self._newest if self._newest is not None else self._format.newest
        times, ambiguous = [], 0
        for time in batch.times:
            taken = time
            repeat = next((one for one in repeats if one.begin <= time < one.end), None)
            if repeat is not None:
                if newest is None or time - newest > SILENCE:
                    ambiguous += 1
                elif newest - time > repeat.shift / 2:
                    taken = time + repeat.shift
            times.append(taken)
            newest = taken if newest is None else max(newest, taken)
        return replace(batch, times=times, ambiguous=ambiguous)


def changes(zone: tzinfo) -> bool:
    """Return whether a zone's clocks are ever changed."""
    days = (datetime(year, month, 1, tzinfo=UTC) for year in _YEARS for month in _MONTHS)
    return zone is not UTC and len({day.astimezone(zone).utcoffset() for day in days}) > 1


_YEARS, _MONTHS = range(2000, 2061, 3), (1, 4, 7, 10)
