"""The quality of one service as samples."""

from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Protocol

from agent.sources.edge_log.quality import metrics
from agent.sources.edge_log.quality.quality import Quality
from agent.sources.edge_log.quality.tally import Histogram, Tally
from service.metric import Distribution, Metric, Sample

_BY_CHANNEL = (
    (metrics.QOE_SESSIONS, "sessions"),
    (metrics.QOE_STALLED_SESSIONS, "stalled_sessions"),
    (metrics.QOE_ABANDONED, "abandoned"),
    (metrics.QOE_STALLS, "stalls"),
    (metrics.QOE_STALL_SECONDS, "stall_seconds"),
    (metrics.QOE_WATCHED_SECONDS, "watched_seconds"),
    (metrics.QOE_REFUSED_SECONDS, "refused_seconds"),
    (metrics.QOE_PLAYED_SECONDS, "played_seconds"),
    (metrics.QOE_PLAYED_BITS, "played_bits"),
    (metrics.QOE_SWITCHES, "switches"),
)


def figures(service: str, quality: Quality) -> Iterator[Sample]:
    """Yield what was added up so far."""
    yield metrics.QOE_MEDIA_REQUESTS.sample(quality.media_requests, service)
    for version in sorted({1, 2, *quality.requests}):
        yield metrics.QOE_REQUESTS.sample(quality.requests[version], service, str(version))
    for reason, count in sorted(quality.malformed.items()):
        yield metrics.QOE_MALFORMED.sample(count, service, reason)
    yield from playing(service, quality)


class Figures(Protocol):
    """What is added up of sessions, whatever they report by."""

    tallies: dict[str, Tally]  # by channel
    buffer: Histogram
    throughput: Histogram
    untracked: int


def playing(service: str, quality: Figures) -> Iterator[Sample]:
    """Yield what the sessions of a service add up to."""
    yield metrics.QOE_UNTRACKED.sample(quality.untracked, service)
    for channel, tally in quality.tallies.items():
        for metric, name in _BY_CHANNEL:
            yield metric.sample(getattr(tally, name), service, channel)
    starts = [tally.startup for tally in quality.tallies.values()]
    yield _histogram(metrics.QOE_STARTUP, service, starts or [Tally().startup])
    yield _histogram(metrics.QOE_BUFFER, service, [quality.buffer])
    yield _histogram(metrics.QOE_THROUGHPUT, service, [quality.throughput])


def _histogram(metric: Metric, service: str, histograms: Iterable[Histogram]) -> Sample:
    known = list(histograms)
    counts = accumulate(map(sum, zip(*(one.counts for one in known), strict=True)))
    bounds = (*(format(bound, "g") for bound in known[0].bounds), "+Inf")
    buckets = tuple(zip(bounds, map(float, counts), strict=True))
    return Sample(metric, (service,), Distribution(buckets, sum(one.total for one in known)))


def summary(quality: Quality) -> dict[str, object]:
    """Return the same for people and programs, as `replay` prints it."""
    channels = {
        channel: {
            "sessions": tally.sessions,
            "stalled_sessions": tally.stalled_sessions,
            "stalls": tally.stalls,
            "stall_seconds": round(tally.stall_seconds, 3),
            "watched_seconds": round(tally.watched_seconds, 3),
            "startups": sum(tally.startup.counts),
            "startup_seconds": round(tally.startup.total, 3),
        }
        for channel, tally in sorted(quality.tallies.items())
    }
    return {
        "media_requests": quality.media_requests,
        "requests_with_cmcd": quality.requests.total(),
        "malformed": dict(sorted(quality.malformed.items())),
        "channels": channels,
    }
