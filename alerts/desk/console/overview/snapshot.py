"""What the overview and the wall ask Prometheus: one round every few seconds, another for the charts each minute.

The readers share both, so Prometheus does not notice how many they are. The queries of a round run side by side. One
that fails leaves its part without data; only when none is answered has the round failed.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from math import isfinite
from typing import TypeVar

from alerts.desk.console.shared import Known, Shared
from alerts.desk.tickets.runtime import Runtime
from service.http_clients import inside
from service.prometheus import PrometheusError, Sample, Series, Window, finite

T = TypeVar("T")
NOW_PERIOD = 5.0  # as often as the rules are evaluated
COURSE_PERIOD = 60.0
KEEP = 120.0  # seconds after which an old answer is no longer shown, not even with its age
STEP = 600.0  # seconds between the points of a day's chart
DAY, WEEK = timedelta(days=1), timedelta(days=7)
HOUR, QUARTER = 3600.0, 900.0

_FIGURES = (
    r'{__name__=~"platform:ott_(subscribers|subscribers_online|edge_sessions|edge_viewers):sum'
    r"|platform:ott_edge_egress_bytes:rate1m|platform:ott_qoe_stall:ratio_rate5m"
    r'|platform:node_(cpu|memory|disk_io)_utilisation:(avg|max)"}'
)
_COURSES = (
    r'sum by (__name__) ({__name__=~"platform:ott_(subscribers|subscribers_online|edge_sessions|edge_viewers):sum'
    r"|platform:ott_subscribers_online:avg1h|platform:ott_edge_egress_bytes:rate1m"
    r'|platform:ott_qoe_stall:ratio_rate5m|platform:node_(cpu|memory|disk_io)_utilisation:max"})'
)
_BUSY_HOUR = (
    '{__name__=~"ott_busy_hour_value|ott_busy_hour_start_timestamp_seconds",'
    'scope="platform",quantity="subscribers_online",measure=~"last_day|"}'
)
_ONLINE = "sum(platform:ott_subscribers_online:sum)"
_HOURS = "sum(platform:ott_subscribers_online:avg1h)"
QUERIES = {
    "figures": _FIGURES,
    "busy_hour": _BUSY_HOUR,
    "nodes": 'up{job="ott-agent"}',
    "load": (
        r'{__name__=~"node:node_(cpu|disk_io)_utilisation:ratio_rate1m|node:node_(memory|filesystem)_utilisation:ratio'
        r'|node:ott_edge_sessions:sum"}'
    ),
    "channels": "channel:ott_edge_channel_sessions:sum",
    "probes": "count by (channel) (ott_stream_up)",
    "down": "count by (channel) (ott_stream_up == 0)",
    # As the alert StreamStale has it.
    "stands": (
        "count by (channel) ("
        "(time() - ott_stream_advanced_timestamp_seconds) / (ott_stream_target_duration_seconds > 0)"
        ' > on (site) group_left () site:ott_threshold:effective{threshold="stream_stale_durations"})'
    ),
}


@dataclass(frozen=True, slots=True)
class Present:
    """One round: the answers by query; None where Prometheus gave none."""

    at: datetime
    answers: Mapping[str, Sequence[Sample] | None]

    def of(self, query: str, name: str) -> list[Sample] | None:
        """Return the series of one name among a query's answer."""
        answer = self.answers[query]
        return None if answer is None else [each for each in answer if each.labels.get("__name__") == name]


@dataclass(frozen=True, slots=True)
class Day:
    """Subscribers served on one local day: the course, and the mean of the hour that ends at each quarter."""

    midnight: datetime
    online: Sequence[tuple[float, float]]
    hours: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Past:
    """The charts: the last 24 hours and the same a week before, by name; today, and the same day a week ago."""

    at: datetime
    day: Mapping[str, Sequence[tuple[float, float]]]
    week: Mapping[str, Sequence[tuple[float, float]]]
    today: Day
    week_ago: Day
    recorded_week_ago: Day  # a week before the day of the recorded busy hour


class Platform:
    """Prometheus as the overview and the wall see it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._client = inside()
        self._now = Shared(self._ask_now, NOW_PERIOD, KEEP)
        self._past = Shared(self._ask_past, COURSE_PERIOD, KEEP)

    async def look(self) -> tuple[Known[Present], Known[Past]]:
        """Return what is known now."""
        present = await self._now.latest()
        # Where the one has no answer the other will have none, too: then nobody waits a second time.
        return present, await self._past.latest(0 if present.failing or present.value is None else 1)

    def _ask_now(self) -> Present:
        now = self._runtime.now()
        asked = {name: partial(self._values, query) for name, query in QUERIES.items()}
        return Present(now, together(asked))

    def _ask_past(self) -> Past:
        now, zone = self._runtime.now(), self._runtime.settings.zone
        midnight = datetime.combine(now.astimezone(zone).date(), time(), zone)
        starts = [each.value for each in self._values(_BUSY_HOUR) if "start" in each.labels.get("__name__", "")]
        recorded = datetime.fromtimestamp(max(starts), zone) if starts else midnight - DAY
        recorded_day = datetime.combine(recorded.date(), time(), zone)

        days = {"today": midnight, "week_ago": midnight - WEEK, "recorded": recorded_day - WEEK}
        asked: dict[str, Callable[[], list[Series]]] = {
            "day": partial(self._course, _COURSES, now - DAY, now, STEP),
            "week": partial(self._course, _COURSES, now - WEEK - DAY, now - WEEK, STEP),
        }
        for name, start in days.items():
            end = min(start + DAY, now)
            asked[f"{name} online"] = partial(self._course, _ONLINE, start, end, HOUR / 12)
            first = start + timedelta(seconds=HOUR)  # the first hour of the day ends there
            asked[f"{name} hours"] = partial(self._course, _HOURS, first, end, QUARTER)
        found = together(asked)

        def points(name: str) -> Sequence[tuple[float, float]]:
            return next((course.points for course in found[name] or ()), ())

        made = {name: Day(start, points(f"{name} online"), points(f"{name} hours")) for name, start in days.items()}
        return Past(now, _named(found["day"]), _named(found["week"]), made["today"], made["week_ago"], made["recorded"])

    def _values(self, query: str) -> list[Sample]:
        return [each for each in self._runtime.prometheus(self._client).query(query) if isfinite(each.value)]

    def _course(self, query: str, start: datetime, end: datetime, step: float) -> list[Series]:
        if end <= start:
            return []  # the first hour of today has not ended
        window = Window(start.timestamp(), end.timestamp(), step)
        return [finite(each) for each in self._runtime.prometheus(self._client).query_range(query, window)]


def together(asked: Mapping[str, Callable[[], T]]) -> dict[str, T | None]:
    """Return what each returns, asked side by side, and None for each that fails; raise OSError when all do."""
    with ThreadPoolExecutor(len(asked)) as pool:
        futures = {name: pool.submit(each) for name, each in asked.items()}
    failures = {name: future.exception() for name, future in futures.items()}
    for failure in failures.values():
        if failure is not None and not isinstance(failure, (OSError, PrometheusError)):
            raise failure
    if all(failures.values()):
        raise OSError(str(next(iter(failures.values()))))
    return {name: None if failures[name] else future.result() for name, future in futures.items()}


def _named(courses: Sequence[Series] | None) -> dict[str, Sequence[tuple[float, float]]]:
    return {course.labels.get("__name__", ""): course.points for course in courses or ()}
