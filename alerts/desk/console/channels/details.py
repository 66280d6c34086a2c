"""What Prometheus knows of one channel: figures now, and the courses of the last hours."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from math import isfinite

from alerts.desk.console.overview.snapshot import KEEP, NOW_PERIOD, together
from alerts.desk.console.shared import Known, Shared
from alerts.desk.tickets.runtime import Runtime
from service.cache import Cache
from service.http_clients import inside
from service.prometheus import Sample, Series, Window, finite
from service.promql import quoted

HOURS = 3
STEP = 60.0  # seconds between the points of a course
COURSE_PERIOD = 30.0
KEPT = 64  # channels

_STREAM = "up|live_edge_timestamp_seconds|advanced_timestamp_seconds|segment_download_seconds|segment_duration_seconds"
_RENDITION = "up|advanced_timestamp_seconds|segment_download_seconds|segment_duration_seconds"
_MULTICAST = "up|bit_rate_bits_per_second|pcr_interval_seconds|pcr_accuracy_seconds|rtp_jitter_seconds"
_PACKET_BITS = 188 * 8
NOW = {
    "stream": f'{{__name__=~"ott_stream_({_STREAM})",CHANNEL}}',
    "renditions": f'{{__name__=~"ott_stream_rendition_({_RENDITION})",CHANNEL}}',
    "multicast": f'{{__name__=~"ott_ts_({_MULTICAST})",CHANNEL}}',
    "picture": (
        '{__name__=~"ott_picture_(info|not_judged|(seen|lit|changed)_timestamp_seconds)'
        '|ott_audio_(info|(decoded|heard)_timestamp_seconds|loudness_short_term_lufs)",CHANNEL}'
    ),
    "stream errors": "sum by (node, reason) (increase(ott_stream_errors_total{CHANNEL}[1h])) > 0",
    "multicast errors": "sum by (node, priority, indicator) (increase(ott_ts_errors_total{CHANNEL}[1h])) > 0",
    "format changes": "sum by (node, delivery, property) (increase(ott_picture_format_changes_total{CHANNEL}[1d])) > 0",
    "sound changes": "sum by (node, delivery, property) (increase(ott_audio_format_changes_total{CHANNEL}[1d])) > 0",
    "pids": "ott_ts_pid_info{CHANNEL}",
    "pid rates": f"rate(ott_ts_pid_packets_total{{CHANNEL}}[1m]) * {_PACKET_BITS}",
    "watched": "sum(node_channel:ott_qoe_watched:rate5m{CHANNEL})",
    "stalled": "sum(node_channel:ott_qoe_stalled:rate5m{CHANNEL})",
    "played": (
        "sum(rate(ott_qoe_played_bits_total{CHANNEL}[5m])) / (sum(rate(ott_qoe_played_seconds_total{CHANNEL}[5m])) > 0)"
    ),
}
COURSES = {
    "errors": "sum by (priority) (increase(ott_ts_errors_total{CHANNEL}[1m]))",
    "segments": "sum(increase(ott_stream_errors_total{CHANNEL}[1m]))",
    "rate": "max(ott_ts_bit_rate_bits_per_second{CHANNEL})",
    "stalls": (
        "sum(node_channel:ott_qoe_stalled:rate5m{CHANNEL}) / (sum(node_channel:ott_qoe_watched:rate5m{CHANNEL}) > 0)"
    ),
    "sessions": "sum(channel:ott_edge_channel_sessions:sum{CHANNEL})",
}


@dataclass(frozen=True, slots=True)
class Details:
    """One channel's figures; None where Prometheus gave none."""

    at: datetime
    now: Mapping[str, Sequence[Sample] | None]

    def of(self, query: str) -> Sequence[Sample]:
        """Return a query's answer."""
        return self.now[query] or ()

    def value(self, query: str) -> float | None:
        """Return the one value of a query; None where there is none."""
        return next((sample.value for sample in self.of(query)), None)


@dataclass(frozen=True, slots=True)
class Courses:
    """One channel's courses over the last hours."""

    start: float
    end: float
    lines: Mapping[str, Sequence[Series] | None]


class AllDetails:
    """Details by channel, shared by all who look at it; those of the channels that were looked at last are kept."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._client = inside()
        self._known: Cache[str, tuple[Shared[Details], Shared[Courses]]] = Cache(KEPT)

    async def latest(self, channel: str) -> tuple[Known[Details], Known[Courses]]:
        """Return what is known of a channel now."""
        details, courses = self._known.get(channel, lambda: self._asked(channel))
        present = await details.latest()
        # Where the one has no answer the other will have none, too: then nobody waits a second time.
        return present, await courses.latest(0 if present.failing or present.value is None else 2)

    def _asked(self, channel: str) -> tuple[Shared[Details], Shared[Courses]]:
        now, courses = partial(self._now, channel), partial(self._courses, channel)
        return Shared(now, NOW_PERIOD, KEEP), Shared(courses, COURSE_PERIOD, KEEP)

    def _now(self, channel: str) -> Details:
        asked = {name: partial(self._values, narrowed(query, channel)) for name, query in NOW.items()}
        return Details(self._runtime.now(), together(asked))

    def _courses(self, channel: str) -> Courses:
        end = self._runtime.now().timestamp()
        window = Window(end - HOURS * 3600, end, STEP)
        asked: dict[str, Callable[[], list[Series]]] = {
            name: partial(self._course, narrowed(query, channel), window) for name, query in COURSES.items()
        }
        return Courses(window.start, window.end, together(asked))

    def _values(self, query: str) -> list[Sample]:
        return [each for each in self._runtime.prometheus(self._client).query(query) if isfinite(each.value)]

    def _course(self, query: str, window: Window) -> list[Series]:
        return [finite(each) for each in self._runtime.prometheus(self._client).query_range(query, window)]


def narrowed(query: str, channel: str) -> str:
    """Return a query for one channel; a name from a label is quoted as PromQL, like Go, quotes text."""
    return query.replace("CHANNEL", f"channel={quoted(channel)}")
