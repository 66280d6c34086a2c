"""How long requests took where a log says it in another unit: Envoy in ms, Apache's %D in µs, Traefik in ns."""

from dataclasses import replace

from agent.sources.edge_log.formats.batch import Batch, Fraction, LineFormat, Parser
from agent.sources.edge_log.formats.stated_unit import Stated
from agent.sources.edge_log.formats.times import MOST_CACHED
from agent.sources.edge_log.formats.wrapped import Wrapped

UNITS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
"""How many of a unit are a second."""


class InUnit(Wrapped):
    """A format whose durations are in another unit."""

    def __init__(self, inner: LineFormat, unit: str) -> None:
        super().__init__(inner)
        self._per_second = UNITS[unit]

    def parser(self, state: str = "") -> "InUnitParser":
        """Return a parser at the start of a file, or at the place where `state` was taken."""
        return InUnitParser(self._inner.parser(state), self._per_second)


class InUnitParser:
    """Reads one file."""

    def __init__(self, inner: Parser, per_second: float) -> None:
        self._inner = inner
        self._seconds = _Seconds(per_second)

    @property
    def state(self) -> str:
        """What must be remembered."""
        return self._inner.state

    def parse(self, chunk: bytes) -> Batch:
        """Parse whole lines."""
        batch = self._inner.parse(chunk)
        if batch.durations is None:
            return batch
        seconds = self._seconds
        taken = [one if type(one) is Stated else seconds[one] for one in batch.durations]
        return replace(batch, durations=taken)


class _Seconds(dict[Fraction, Fraction]):
    """A duration as logged to seconds; where there is none it stays as it is."""

    def __init__(self, per_second: float) -> None:
        super().__init__()
        self._per_second = per_second

    def __missing__(self, value: Fraction) -> Fraction:
        if len(self) >= MOST_CACHED:
            self.clear()
        try:
            taken: Fraction = float(value) / self._per_second
        except ValueError:
            taken = value
        self[value] = taken
        return taken
