"""What is added up for one channel; everything only grows."""

from bisect import bisect_left
from dataclasses import dataclass, field

STARTUP_BUCKETS = (0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0)  # seconds
BUFFER_BUCKETS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)  # seconds
THROUGHPUT_BUCKETS = (1e6, 2e6, 4e6, 8e6, 16e6, 32e6, 64e6, 128e6)  # bit/s


@dataclass(slots=True)
class Histogram:
    """Observations by upper bound, not cumulative; the last count is beyond all bounds."""

    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=list)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def add(self, value: float, times: int = 1) -> None:
        """Count an observation, or several that are the same."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.total += value * times


@dataclass(slots=True)
class Tally:
    """Of all sessions of one channel."""

    sessions: int = 0
    stalled_sessions: int = 0
    abandoned: int = 0  # sessions that ended before anything played
    stalls: int = 0
    stall_seconds: float = 0.0
    watched_seconds: float = 0.0  # played and stalled together
    refused_seconds: float = 0.0  # time of which it cannot be said whether it played
    played_seconds: float = 0.0  # of segments with a bit rate
    played_bits: float = 0.0
    switches: int = 0
    startup: Histogram = field(default_factory=lambda: Histogram(STARTUP_BUCKETS))
