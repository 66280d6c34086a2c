"""What is counted of a service's requests and only grows."""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

from agent.sources.edge_log.formats.batch import Fraction
from agent.sources.edge_log.formats.times import MOST_CACHED

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


@dataclass(slots=True)
class Counters:
    """What only grows; with the positions and the session table it is what a checkpoint holds."""

    lines: int = 0
    requests: Counter[str] = field(default_factory=Counter)  # by status class
    egress: Counter[str] = field(default_factory=Counter)  # bytes by protocol
    identity_sources: Counter[str] = field(default_factory=Counter)
    rejects: Counter[str] = field(default_factory=Counter)
    untracked: int = 0  # media requests of viewers beyond the limit of sessions
    durations: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))  # by bucket, not cumulative
    duration_sum: float = 0.0
    newest: float | None = None  # time of the newest request
    started: int = 0  # as last exported: neither may fall when a late line joins two sessions
    ended: int = 0


NO_BUCKET = -1
NO_TIME = (b"-", b"", "-", "")
# Seconds that no request takes: another unit, or a moment in the place of a duration.
_ABSURD = 1e9


class SecondsCache(dict[Fraction, float]):
    """Request time as logged to seconds, 0 where there is none; times to the millisecond repeat a lot."""

    def __missing__(self, text: Fraction) -> float:
        if len(self) > MOST_CACHED:
            self.clear()
        seconds = 0.0 if text in NO_TIME else float(text)
        seconds = self[text] = seconds if seconds < _ABSURD else 0.0
        return seconds


class BucketCache(dict[Fraction, int]):
    """Request time as logged to its bucket."""

    def __missing__(self, text: Fraction) -> int:
        if len(self) > MOST_CACHED:
            self.clear()
        there_is_none = text in NO_TIME or float(text) >= _ABSURD
        bucket = self[text] = NO_BUCKET if there_is_none else bisect_left(BUCKETS, float(text))
        return bucket
