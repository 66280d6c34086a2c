"""Every metric of the agent that ottwatch defines itself. Host metrics carry node_exporter's names: `catalogue_host`.

A name is typed here once; Python uses the constants, rules and boards use the names, and tests hold both together.
"""

from service.metric import Metric

# Edge: counted from the access log by the published definition (docs/sessions.md).
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
EDGE_CONNECTIONS = Metric(
    "ott_edge_connections", "gauge", "Client connections of the streaming server by state.", ("state",)
)

# Servers' own status pages; `sources/server/presets` says which server has which.
SERVER_ACCEPTED = Metric(
    "ott_server_connections_accepted_total", "counter", "Client connections accepted.", ("server",), reader="ad hoc"
)
SERVER_HANDLED = Metric(
    "ott_server_connections_handled_total",
    "counter",
    "Client connections handled; those accepted but not handled were dropped at a limit.",
    ("server",),
    reader="ad hoc",
)
SERVER_DROPPED = Metric(
    "ott_server_connections_dropped_total",
    "counter",
    "Client connections refused or dropped, where the server counts them.",
    ("server",),
    reader="ad hoc",
)
SERVER_REQUESTS = Metric(
    "ott_server_requests_total", "counter", "Requests by the server's own count.", ("server",), reader="ad hoc"
)
SERVER_RESPONSES = Metric(
    "ott_server_responses_total",
    "counter",
    "Responses by status class and the server's own count.",
    ("server", "code"),
    reader="ad hoc",
)
SERVER_RECEIVED = Metric(
    "ott_server_receive_bytes_total", "counter", "Bytes received by the server.", ("server",), reader="ad hoc"
)
SERVER_TRANSMITTED = Metric(
    "ott_server_transmit_bytes_total", "counter", "Bytes sent by the server.", ("server",), reader="ad hoc"
)
SERVER_RECEIVING = Metric(
    "ott_server_receive_bytes_per_second",
    "gauge",
    "Bytes received per second, where the server gives only a rate.",
    ("server",),
    reader="ad hoc",
)
SERVER_TRANSMITTING = Metric(
    "ott_server_transmit_bytes_per_second",
    "gauge",
    "Bytes sent per second, where the server gives only a rate.",
    ("server",),
    reader="ad hoc",
)
SERVER_CACHE_REQUESTS = Metric(
    "ott_server_cache_requests_total",
    "counter",
    "Requests by what the cache did: hit, miss or pass.",
    ("server", "result"),
    reader="ad hoc",
)
SERVER_WORKERS = Metric(
    "ott_server_workers", "gauge", "Workers of the server by state.", ("server", "state"), reader="ad hoc"
)
SERVER_STREAMS = Metric("ott_server_streams", "gauge", "Live streams that have a source.", ("server",), reader="ad hoc")
SERVER_CLIENTS = Metric(
    "ott_server_clients",
    "gauge",
    "Clients by protocol and the server's own count; not the sessions of docs/sessions.md.",
    ("server", "protocol"),
    reader="ad hoc",
)
SERVER_CHANNEL_CLIENTS = Metric(
    "ott_server_channel_clients",
    "gauge",
    "Clients of each stream by the server's own count.",
    ("server", "channel"),
    reader="ad hoc",
)
SERVER_CHANNEL_RECEIVED = Metric(
    "ott_server_channel_receive_bytes_total",
    "counter",
    "Bytes received for each stream.",
    ("server", "channel"),
    reader="ad hoc",
)
SERVER_CHANNEL_TRANSMITTED = Metric(
    "ott_server_channel_transmit_bytes_total",
    "counter",
    "Bytes sent for each stream.",
    ("server", "channel"),
    reader="ad hoc",
)

# Middleware.
SUBSCRIBERS = Metric("ott_subscribers", "gauge", "Accounts in the middleware by status.", ("service", "status"))
SUBSCRIBERS_ONLINE = Metric(
    "ott_subscribers_online", "gauge", "Subscribers served now by the middleware's own keep-alive.", ("service",)
)

# Streams, probed as a player would. A channel that could not be read has `up` 0 and none of the other gauges.
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
STREAM_NOT_JUDGED = Metric(
    "ott_stream_not_judged",
    "gauge",
    "1 for what of the channel this agent cannot judge, though players may play it; docs/streams.md lists the reasons.",
    ("channel", "reason"),
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

# TLS certificates of named endpoints. One that could not be read fails its collector, certificate_<endpoint>.
CERTIFICATE_NOT_AFTER = Metric(
    "ott_certificate_not_after_timestamp_seconds",
    "gauge",
    "When the certificate that the endpoint presents expires.",
    ("endpoint",),
)
CERTIFICATE_TRUSTED = Metric(
    "ott_certificate_trusted",
    "gauge",
    "Whether a client accepts the certificate: its chain, its dates and its host name.",
    ("endpoint",),
)

# The agent itself.
COLLECTOR_SUCCESS = Metric(
    "ott_collector_success", "gauge", "Whether the collector's last run gave its complete result.", ("collector",)
)
COLLECTOR_DURATION = Metric(
    "ott_collector_duration_seconds", "gauge", "Duration of the collector's last run.", ("collector",), reader="ad hoc"
)
COLLECTOR_LAST_SUCCESS = Metric(
    "ott_collector_last_success_timestamp_seconds",
    "gauge",
    "Time of the collector's last complete result.",
    ("collector",),
)
COLLECTOR_BUGS = Metric(
    "ott_collector_bugs_total", "counter", "Runs that ended in an error nobody foresaw.", ("collector",)
)
AGENT_BUILD_INFO = Metric(
    "ott_agent_build_info", "gauge", "1, labelled with the agent's version.", ("version",), reader="ad hoc"
)
