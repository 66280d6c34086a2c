"""What the agent says of itself."""

from service.metric import Metric

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
    "ott_collector_bugs_total", "counter", "Runs that ended with an unexpected error.", ("collector",)
)
AGENT_BUILD_INFO = Metric(
    "ott_agent_build_info", "gauge", "1, labelled with the agent's version.", ("version",), reader="ad hoc"
)

ALL = tuple(value for value in list(vars().values()) if isinstance(value, Metric))
