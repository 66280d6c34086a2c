"""What is counted from an access log, by the published definition (docs/sessions.md)."""

from service.metric import Metric

EDGE_SESSIONS = Metric(
    "ott_edge_sessions", "gauge", "Sessions active now: one viewer identity on one channel.", ("service", "protocol")
)
EDGE_VIEWERS = Metric(
    "ott_edge_viewers", "gauge", "Distinct viewer identities active now, over all channels.", ("service",)
)
EDGE_CHANNEL_SESSIONS = Metric(
    "ott_edge_channel_sessions",
    "gauge",
    "Sessions active now on the largest channels; the rest together are channel other.",
    ("channel",),
)
EDGE_SESSIONS_STARTED = Metric("ott_edge_sessions_started_total", "counter", "Sessions that began.", ("service",))
EDGE_SESSIONS_ENDED = Metric(
    "ott_edge_sessions_ended_total", "counter", "Sessions that ended: idle for longer than the timeout.", ("service",)
)
EDGE_EGRESS_BYTES = Metric(
    "ott_edge_egress_bytes_total",
    "counter",
    "Bytes sent for all requests, whatever their status.",
    ("service", "protocol"),
)
EDGE_REQUESTS = Metric("ott_edge_requests_total", "counter", "Requests by status class.", ("service", "code"))
EDGE_REQUEST_DURATION = Metric(
    "ott_edge_request_duration_seconds",
    "histogram",
    "Time from the first byte read to the last byte sent.",
    ("service",),
)
EDGE_IDENTITY_REQUESTS = Metric(
    "ott_edge_identity_requests_total",
    "counter",
    "Media requests by the rung that identified their viewer: token, session, address, or none.",
    ("service", "rung"),
)
EDGE_UNTRACKED_REQUESTS = Metric(
    "ott_edge_untracked_requests_total",
    "counter",
    "Media requests of viewers beyond the limit of sessions: while it grows, sessions and viewers are too low.",
    ("service",),
    reader="ad hoc",
)
EDGE_LOG_LINES = Metric("ott_edge_log_lines_total", "counter", "Lines read from the access log.", ("service",))
EDGE_LOG_REJECTED = Metric(
    "ott_edge_log_rejected_lines_total", "counter", "Lines that could not be used, by reason.", ("service", "reason")
)
EDGE_LOG_DROPPED = Metric(
    "ott_edge_log_dropped_datagrams_total",
    "counter",
    "Syslog datagrams that the kernel dropped before they were read.",
    ("service",),
    reader="ad hoc",
)
EDGE_LOG_LAST_REQUEST = Metric(
    "ott_edge_log_last_request_timestamp_seconds", "gauge", "Time of the newest request in the log.", ("service",)
)
EDGE_LOG_LOSSES = Metric(
    "ott_edge_log_losses_total",
    "counter",
    "Events after which lines of the access log may be missing or counted twice, by reason.",
    ("service", "reason"),
    reader="ad hoc",
)
EDGE_LOG_LAST_LOSS = Metric(
    "ott_edge_log_last_loss_timestamp_seconds",
    "gauge",
    "Time of the last such event; there is no series before the first.",
    ("service", "reason"),
)

ALL = tuple(value for value in list(vars().values()) if isinstance(value, Metric))
