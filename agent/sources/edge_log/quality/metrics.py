"""What players report of themselves, added up (docs/qoe.md). Sessions without CMCD are in none of it but the first."""

from service.metric import Metric

CHANNEL = ("service", "channel")

QOE_MEDIA_REQUESTS = Metric(
    "ott_qoe_media_requests_total",
    "counter",
    "Media requests, with CMCD or without: what the share of those with it is taken of.",
    ("service",),
)
QOE_REQUESTS = Metric(
    "ott_qoe_requests_total",
    "counter",
    "Media requests with CMCD that could be read, by its version.",
    ("service", "version"),
)
QOE_MALFORMED = Metric(
    "ott_qoe_malformed_total",
    "counter",
    "Media requests whose CMCD could not be read, or had NaN or Infinity for a number, by the key that is wrong.",
    ("service", "reason"),
)
QOE_UNTRACKED = Metric(
    "ott_qoe_untracked_requests_total",
    "counter",
    "Requests of sessions beyond max_sessions.",
    ("service",),
)
QOE_SESSIONS = Metric("ott_qoe_sessions_total", "counter", "Playback sessions that began.", CHANNEL)
QOE_STALLED_SESSIONS = Metric(
    "ott_qoe_stalled_sessions_total",
    "counter",
    "Playback sessions that stalled at least once.",
    CHANNEL,
)
QOE_ABANDONED = Metric(
    "ott_qoe_abandoned_sessions_total",
    "counter",
    "Playback sessions that ended before anything played.",
    CHANNEL,
)
QOE_STALLS = Metric(
    "ott_qoe_stalls_total", "counter", "Times that a player ran out of buffer.", CHANNEL, reader="ad hoc"
)
QOE_STALL_SECONDS = Metric("ott_qoe_stall_seconds_total", "counter", "Time for which players stood still.", CHANNEL)
QOE_WATCHED_SECONDS = Metric(
    "ott_qoe_watched_seconds_total",
    "counter",
    "Time for which players played or stood still: what the stall ratio is taken of.",
    CHANNEL,
)
QOE_REFUSED_SECONDS = Metric(
    "ott_qoe_refused_seconds_total",
    "counter",
    "Time of which the reports do not say whether players played: pauses, seeks, missing reports.",
    CHANNEL,
)
QOE_PLAYED_SECONDS = Metric(
    "ott_qoe_played_seconds_total",
    "counter",
    "Duration of the segments requested whose bit rate is known.",
    CHANNEL,
)
QOE_PLAYED_BITS = Metric(
    "ott_qoe_played_bits_total",
    "counter",
    "Their bit rate times their duration: divided by their duration it is the mean bit rate played.",
    CHANNEL,
)
QOE_SWITCHES = Metric("ott_qoe_switches_total", "counter", "Changes of the bit rate.", CHANNEL)
QOE_STARTUP = Metric(
    "ott_qoe_startup_seconds",
    "histogram",
    "Time from a session's first request to the last segment that it needed to begin.",
    ("service",),
)
QOE_BUFFER = Metric(
    "ott_qoe_buffer_seconds",
    "histogram",
    "What players had buffered at each segment request.",
    ("service",),
)
QOE_THROUGHPUT = Metric(
    "ott_qoe_throughput_bits_per_second",
    "histogram",
    "Throughput that players measured themselves, at each segment request.",
    ("service",),
)

ALL = tuple(value for value in list(vars().values()) if isinstance(value, Metric))
