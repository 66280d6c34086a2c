"""What probes find. A channel that could not be read has `up` 0 and none of the other gauges."""

from service.metric import Metric

STREAM_UP = Metric(
    "ott_stream_up",
    "gauge",
    "Whether the last probe got a live playlist and, where one was fetched, its newest segment.",
    ("channel",),
)
STREAM_LIVE_EDGE = Metric(
    "ott_stream_live_edge_timestamp_seconds",
    "gauge",
    "When the newest segment ends by the stream's own clock; the oldest of the renditions probed.",
    ("channel",),
)
STREAM_ADVANCED = Metric(
    "ott_stream_advanced_timestamp_seconds",
    "gauge",
    "When a new segment was last seen to appear; the rendition that waits longest. Also for streams without a clock.",
    ("channel",),
)
STREAM_TARGET_DURATION = Metric(
    "ott_stream_target_duration_seconds",
    "gauge",
    "Longest segment duration that the playlist promises; a new segment is due within 1.5 times it.",
    ("channel",),
)
STREAM_SEGMENT_DOWNLOAD = Metric(
    "ott_stream_segment_download_seconds",
    "gauge",
    "Time from the request for the newest segment to its last byte; the slowest rendition against its duration.",
    ("channel",),
)
STREAM_SEGMENT_DURATION = Metric(
    "ott_stream_segment_duration_seconds",
    "gauge",
    "Playing time of the segment whose download was measured.",
    ("channel",),
)
# Of each rendition, where all are probed (`renditions = "all"`): the page of a channel has them side by side.
_RENDITION = ("channel", "rendition")
RENDITION_UP = Metric(
    "ott_stream_rendition_up",
    "gauge",
    "Whether the last probe could play the rendition; only where all renditions are probed.",
    _RENDITION,
    reader="ad hoc",
)
RENDITION_ADVANCED = Metric(
    "ott_stream_rendition_advanced_timestamp_seconds",
    "gauge",
    "When a new segment of the rendition was last seen to appear.",
    _RENDITION,
    reader="ad hoc",
)
RENDITION_DOWNLOAD = Metric(
    "ott_stream_rendition_segment_download_seconds",
    "gauge",
    "Time from the request for the rendition's newest segment to its last byte.",
    _RENDITION,
    reader="ad hoc",
)
RENDITION_DURATION = Metric(
    "ott_stream_rendition_segment_duration_seconds",
    "gauge",
    "Playing time of that segment.",
    _RENDITION,
    reader="ad hoc",
)
STREAM_NOT_JUDGED = Metric(
    "ott_stream_not_judged",
    "gauge",
    "1 for what of the channel this agent cannot judge, though players may play it; docs/streams.md lists the reasons.",
    ("channel", "reason"),
    reader="ad hoc",
)
STREAM_PROBED = Metric(
    "ott_stream_probed_timestamp_seconds",
    "gauge",
    "When the channel's last probe ended; the other figures are as of then.",
    ("channel",),
    reader="ad hoc",
)
STREAM_ERRORS = Metric(
    "ott_stream_errors_total",
    "counter",
    "Faults found by probes, each at most once a probe and rendition; docs/streams.md lists the reasons.",
    ("channel", "reason"),
)

ALL = tuple(value for value in list(vars().values()) if isinstance(value, Metric))
