"""What is counted of the events themselves; what they say is in the metrics `ott_qoe_…` (edge_log.quality.metrics)."""

from service.metric import Metric

EVENTS = Metric(
    "ott_player_events_total", "counter", "Events of players that were read.", ("service",), reader="ad hoc"
)
REFUSED = Metric(
    "ott_player_events_refused_total",
    "counter",
    "Requests and events that were not taken: unauthorized, too_large, rate, length, or the key of CMCD that is wrong; "
    "also events of which NaN or Infinity in place of a number was left out.",
    ("service", "reason"),
    reader="ad hoc",
)
ELSEWHERE = Metric(
    "ott_player_events_elsewhere_sessions_total",
    "counter",
    "Sessions left out because they ask one of our edges, whose log counts them.",
    ("service",),
    reader="ad hoc",
)
ALL = (EVENTS, REFUSED, ELSEWHERE)
