"""The samples of one edge log."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import accumulate

from agent.sources.edge_log import metrics as catalogue
from agent.sources.edge_log.formats.batch import Reason
from agent.sources.edge_log.input.losses import Loss, Losses
from agent.sources.edge_log.sessions.counters import BUCKETS, Counters
from agent.sources.edge_log.sessions.identity import IDENTITY_SOURCES
from agent.sources.edge_log.sessions.table import Activity
from agent.sources.edge_log.sessions.targets import OTHER
from agent.sources.edge_log.settings import EdgeLogSettings
from service.metric import Distribution, Sample

CODES = ("2xx", "3xx", "4xx", "5xx")


def figures(
    settings: EdgeLogSettings, counters: Counters, activity: Activity, protocols: Iterable[str]
) -> Iterator[Sample]:
    """Yield the samples of one service."""
    service = settings.service
    by_protocol: Counter[str] = Counter(dict.fromkeys(protocols, 0))
    by_channel: Counter[str] = Counter()
    for (channel, protocol), count in activity.sessions.items():
        by_protocol[protocol] += count
        by_channel[channel] += count
    for protocol, count in by_protocol.items():
        yield catalogue.EDGE_SESSIONS.sample(count, service, protocol)
        yield catalogue.EDGE_EGRESS_BYTES.sample(counters.egress[protocol], service, protocol)
    yield catalogue.EDGE_VIEWERS.sample(activity.viewers, service)
    largest = by_channel.most_common(settings.top_channels)
    for channel, count in largest:
        if channel != OTHER:
            yield catalogue.EDGE_CHANNEL_SESSIONS.sample(count, channel)
    shown = sum(count for channel, count in largest if channel != OTHER)
    yield catalogue.EDGE_CHANNEL_SESSIONS.sample(activity.total - shown, OTHER)
    yield catalogue.EDGE_SESSIONS_STARTED.sample(counters.started, service)
    yield catalogue.EDGE_SESSIONS_ENDED.sample(counters.ended, service)
    for code in dict.fromkeys((*CODES, *sorted(counters.requests))):
        yield catalogue.EDGE_REQUESTS.sample(counters.requests[code], service, code)
    for rung in IDENTITY_SOURCES:
        yield catalogue.EDGE_IDENTITY_REQUESTS.sample(counters.identity_sources[rung], service, rung)
    yield catalogue.EDGE_UNTRACKED_REQUESTS.sample(counters.untracked, service)
    yield catalogue.EDGE_LOG_LINES.sample(counters.lines, service)
    for reason in Reason:
        yield catalogue.EDGE_LOG_REJECTED.sample(counters.rejects[reason], service, reason)
    if counters.newest is not None:
        yield catalogue.EDGE_LOG_LAST_REQUEST.sample(counters.newest, service)


def losses(service: str, seen: Losses) -> Iterator[Sample]:
    """Yield how often lines may have been lost or counted twice, and when that was last."""
    for reason in Loss:
        yield catalogue.EDGE_LOG_LOSSES.sample(seen.counts[reason], service, reason)
        if reason in seen.last:
            yield catalogue.EDGE_LOG_LAST_LOSS.sample(seen.last[reason], service, reason)


def durations(service: str, counters: Counters) -> Sample:
    """Return the histogram of request times."""
    bounds = (*map(str, BUCKETS), "+Inf")
    counts = map(float, accumulate(counters.durations))
    distribution = Distribution(tuple(zip(bounds, counts, strict=True)), counters.duration_sum)
    return Sample(catalogue.EDGE_REQUEST_DURATION, (service,), distribution)
