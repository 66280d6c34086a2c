"""What Grafana, the capacity rules and the console read of the planning figures."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time

from dashboards.busy_hour.measures.capacity import ACT
from dashboards.busy_hour.report.report import Report
from service.metric import Metric, Sample

_SERIES = ("scope", "quantity")

VALUE = Metric(
    "ott_busy_hour_value",
    "gauge",
    "Busy-hour value in the quantity's own unit: last_day is the latest recorded day's, other measures cover 30 days.",
    (*_SERIES, "measure"),
)
START = Metric(
    "ott_busy_hour_start_timestamp_seconds", "gauge", "Start of the latest recorded day's busy hour.", _SERIES
)
COVERAGE = Metric(
    "ott_busy_hour_coverage_ratio", "gauge", "Share of the latest recorded day's quarters that have data.", _SERIES
)
PEAK_RATIO = Metric(
    "ott_busy_hour_peak_ratio",
    "gauge",
    "ADPQH over TCBH of the last 30 days; above 1.1 no clock hour stands for all days.",
    _SERIES,
)
CAPACITY = Metric(
    "ott_capacity_surviving",
    "gauge",
    "Capacity left when the largest node is lost, in the quantity's own unit.",
    _SERIES,
)
UTILISATION = Metric(
    "ott_capacity_utilisation_ratio", "gauge", "ADPQH of the last 30 days over the surviving capacity.", _SERIES
)
EXHAUSTION = Metric(
    "ott_capacity_exhaustion_timestamp_seconds",
    "gauge",
    "When 70 % of the surviving capacity is reached: likely, earliest, latest. Absent while no date can be given.",
    (*_SERIES, "bound"),
)
RECORDED = Metric(
    "ott_busy_hour_recorded_timestamp_seconds", "gauge", "Start of the latest day recorded for any series."
)
LAST_RUN = Metric(
    "ott_busy_hour_last_success_timestamp_seconds", "gauge", "When recording last succeeded for every day it tried."
)
FAILURES = Metric("ott_busy_hour_failures_total", "counter", "Runs of the recorder or of the mail that failed.")
BUILD_INFO = Metric(
    "ott_busy_hour_build_info", "gauge", "1, labelled with the version of the program.", ("version",), reader="ad hoc"
)


def samples(report: Report) -> Iterator[Sample]:
    """Yield the figures of one report over the last 30 days."""
    series = (report.scope, report.quantity)
    latest = report.days[-1]
    yield COVERAGE.sample(latest.coverage, *series)
    if latest.quarter is not None:
        yield VALUE.sample(latest.quarter.value, *series, "last_day")
        yield START.sample(latest.quarter.start, *series)
    for name, entry in report.measures.named.items():
        yield VALUE.sample(entry.value, *series, name)
    if report.stability is not None:
        yield PEAK_RATIO.sample(report.stability.ratio, *series)
    if report.surviving is not None:
        yield CAPACITY.sample(report.surviving.surviving, *series)
        if "adpqh" in report.measures.named:
            yield UTILISATION.sample(report.measures.named["adpqh"].value / report.surviving.surviving, *series)
    yield from _exhaustion(report)


def _exhaustion(report: Report) -> Iterable[Sample]:
    act = [entry for entry in (report.forecast.exhaustion if report.forecast else ()) if entry.threshold == ACT]
    for entry in act:
        for bound, day in (("likely", entry.likely), ("earliest", entry.earliest), ("latest", entry.latest)):
            if day is not None:
                moment = datetime.combine(day, time(0), UTC).timestamp()
                yield EXHAUSTION.sample(moment, report.scope, report.quantity, bound)
