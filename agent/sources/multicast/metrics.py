"""What the multicast probe measures (docs/multicast.md). A channel that does not come has `up` 0 and no other gauge."""

from service.metric import Metric

TS_UP = Metric(
    "ott_ts_up",
    "gauge",
    "Whether a transport stream is received and in synchronisation.",
    ("channel",),
)
TS_JOINED = Metric(
    "ott_ts_joined",
    "gauge",
    "Whether the channel's socket is open and its group joined; of one that is pulled, whether this machine can try.",
    ("channel",),
)
TS_RECEIVED = Metric(
    "ott_ts_received_timestamp_seconds",
    "gauge",
    "When the last datagram of the channel came.",
    ("channel",),
    reader="ad hoc",
)
TS_DATAGRAMS = Metric(
    "ott_ts_datagrams_total",
    "counter",
    "Datagrams received.",
    ("channel",),
    reader="ad hoc",
)
TS_MALFORMED = Metric(
    "ott_ts_datagrams_malformed_total",
    "counter",
    "Datagrams that do not hold whole packets of 188 or 204 bytes, bare or behind an RTP header, "
    "also where the channel can be read over their borders.",
    ("channel",),
    reader="ad hoc",
)
TS_DROPPED = Metric(
    "ott_ts_datagrams_dropped_total",
    "counter",
    "Datagrams that this machine's kernel had no room for: a loss of the probe, not of the network.",
    ("channel",),
)
TS_BYTES = Metric(
    "ott_ts_bytes_total",
    "counter",
    "Bytes of the transport stream received, null packets included.",
    ("channel",),
    reader="ad hoc",
)
TS_PID_PACKETS = Metric(
    "ott_ts_pid_packets_total",
    "counter",
    "Packets of each PID that can be judged.",
    ("channel", "pid"),
    reader="ad hoc",
)
TS_PID_INFO = Metric(
    "ott_ts_pid_info",
    "gauge",
    "1 for each elementary stream that a PMT names, with what it is.",
    ("channel", "pid", "program", "kind", "codec", "language"),
    reader="ad hoc",
)
TS_BIT_RATE = Metric(
    "ott_ts_bit_rate_bits_per_second",
    "gauge",
    "Rate of the transport stream by its own clock, over the last second of it.",
    ("channel",),
    reader="ad hoc",
)
TS_ERRORS = Metric(
    "ott_ts_errors_total",
    "counter",
    "Times that an indicator of TR 101 290 was raised; one that lasts counts once.",
    ("channel", "priority", "indicator"),
)
TS_ERROR_ACTIVE = Metric(
    "ott_ts_error_active",
    "gauge",
    "Whether an indicator that can last is raised now.",
    ("channel", "priority", "indicator"),
)
TS_MISSING = Metric(
    "ott_ts_packets_missing_total",
    "counter",
    "Packets missing by the continuity counters, each gap modulo 16: at least so many.",
    ("channel",),
    reader="ad hoc",
)
TS_PCR_INTERVAL = Metric(
    "ott_ts_pcr_interval_seconds",
    "gauge",
    "Longest time between two clock references since the last scrape but one.",
    ("channel",),
    reader="ad hoc",
)
TS_PCR_ACCURACY = Metric(
    "ott_ts_pcr_accuracy_seconds",
    "gauge",
    "Largest deviation of a clock reference from its byte position; of channels of constant bit rate only.",
    ("channel",),
    reader="ad hoc",
)
TS_DELAY_FACTOR = Metric(
    "ott_ts_delay_factor_seconds",
    "gauge",
    "Delay factor of RFC 4445 over the last second; of channels of constant bit rate only.",
    ("channel",),
    reader="ad hoc",
)
TS_RTP_LOST = Metric(
    "ott_ts_rtp_lost_total",
    "counter",
    "RTP datagrams that did not come.",
    ("channel",),
    reader="ad hoc",
)
TS_RTP_REORDERED = Metric(
    "ott_ts_rtp_reordered_total",
    "counter",
    "RTP datagrams that came after a later one.",
    ("channel",),
    reader="ad hoc",
)
TS_RTP_DUPLICATES = Metric(
    "ott_ts_rtp_duplicates_total",
    "counter",
    "RTP datagrams that came again.",
    ("channel",),
    reader="ad hoc",
)
TS_RTP_JITTER = Metric(
    "ott_ts_rtp_jitter_seconds",
    "gauge",
    "Interarrival jitter of RFC 3550.",
    ("channel",),
    reader="ad hoc",
)
TS_SECONDS = Metric(
    "ott_ts_seconds_total",
    "counter",
    "Seconds judged since the channel first came.",
    ("channel",),
    reader="ad hoc",
)
TS_ERRORED_SECONDS = Metric(
    "ott_ts_errored_seconds_total",
    "counter",
    "Seconds with a missing or damaged packet or without synchronisation (TR 101 290, 5.4).",
    ("channel",),
)
TS_SEVERE_SECONDS = Metric(
    "ott_ts_severely_errored_seconds_total",
    "counter",
    "Seconds without packets or synchronisation, or with at least 1 % of their packets missing or damaged.",
    ("channel",),
    reader="ad hoc",
)
TS_UNAVAILABLE_SECONDS = Metric(
    "ott_ts_unavailable_seconds_total",
    "counter",
    "Seconds of unavailable time: from ten severely errored seconds in a row to ten others in a row.",
    ("channel",),
    reader="ad hoc",
)
TS_SPLICES = Metric(
    "ott_ts_splice_commands_total",
    "counter",
    "Splice commands of SCTE 35 by kind.",
    ("channel", "command"),
    reader="ad hoc",
)
TS_NOT_JUDGED = Metric(
    "ott_ts_not_judged",
    "gauge",
    "1 for what of the channel cannot be judged; docs/multicast.md lists the reasons.",
    ("channel", "reason"),
    reader="ad hoc",
)

ALL = tuple(value for value in list(vars().values()) if isinstance(value, Metric))
