"""What Prometheus would have told, for tests of the overview and the wall."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.desk.console.overview.snapshot import QUERIES, Day, Past, Present
from alerts.desk.console.shared import Known, Rendered
from alerts.desk.core.settings import Url
from service.prometheus import Sample
from tests.unit.desk.console_desk import NOON, Hall

ALMATY = ZoneInfo("Asia/Almaty")
WEEK = timedelta(days=7)


def series(name: str, value: float, **labels: str) -> Sample:
    return Sample({"__name__": name} | labels, value)


def node(name: str, up: float = 1, site: str = "almaty", role: str = "edge") -> Sample:
    return Sample({"job": "ott-agent", "node": name, "site": site, "role": role}, up)


def channel(name: str, value: float) -> Sample:
    return Sample({"channel": name}, value)


FIGURES = (
    series("platform:ott_subscribers:sum", 3340, service="ott"),
    series("platform:ott_subscribers:sum", 5235, service="iptv"),
    series("platform:ott_subscribers_online:sum", 47, service="ott"),
    series("platform:ott_subscribers_online:sum", 861, service="iptv"),
    series("platform:ott_edge_sessions:sum", 68, service="ott"),
    series("platform:ott_edge_viewers:sum", 51, service="ott"),
    series("platform:ott_edge_egress_bytes:rate1m", 4_237_500, service="ott"),
    series("platform:node_cpu_utilisation:max", 0.91),
    series("platform:node_memory_utilisation:max", 0.31),
    series("platform:node_disk_io_utilisation:max", 0.024),
)
LOAD = (
    series("node:node_cpu_utilisation:ratio_rate1m", 0.91, node="edge-1", site="almaty"),
    series("node:node_cpu_utilisation:ratio_rate1m", 0.2, node="edge-2", site="astana"),
    series("node:node_filesystem_utilisation:ratio", 0.73, node="edge-2", site="astana"),
    series("node:ott_edge_sessions:sum", 68, node="edge-1", site="almaty", service="ott"),
)


def busy_hour(value: float, start: datetime) -> Sequence[Sample]:
    return (
        series("ott_busy_hour_value", value, measure="last_day"),
        series("ott_busy_hour_start_timestamp_seconds", start.timestamp()),
    )


def present(at: datetime = NOON, **answers: Sequence[Sample] | None) -> Present:
    return Present(at, {name: answers.get(name, ()) for name in QUERIES})


def day(midnight: datetime, hours: Mapping[str, float] | None = None, *, until: int = 24) -> Day:
    """Return a day with these hour means by their ends, and a flat course of 100."""
    start = midnight.timestamp()
    ends = {f"{hour:02}:{minute:02}": hour * 3600 + minute * 60 for hour in range(24) for minute in (0, 15, 30, 45)}
    online = [(start + hour * 3600, 100.0) for hour in range(until)]
    return Day(midnight, online, [(start + ends[end], value) for end, value in (hours or {}).items()])


def past(at: datetime = NOON, week: Mapping[str, float] | None = None, **days: Day) -> Past:
    """Return charts whose week ago ends with these values by metric."""
    midnight = at.astimezone(ALMATY).replace(hour=0, minute=0, second=0, microsecond=0)
    ended = (at - WEEK).timestamp()
    return Past(
        at,
        {},
        {name: [(ended, value)] for name, value in (week or {}).items()},
        days.get("today", day(midnight, until=12)),
        days.get("week_ago", day(midnight - WEEK)),
        days.get("recorded_week_ago", day(midnight - WEEK)),
    )


@dataclass
class StandIn:
    """Takes the place of the application's view of Prometheus."""

    present: Known[Present] = field(default_factory=lambda: Known(None, 0.0, failing=True))
    past: Known[Past] = field(default_factory=lambda: Known(None, 0.0, failing=True))

    async def look(self) -> tuple[Known[Present], Known[Past]]:
        return self.present, self.past

    def tell(self, now: Present, then: Past | None = None, *, age: float = 1.0, failing: bool = False) -> None:
        self.present = Known(now, age, failing)
        self.past = Known(then, age, failing)


def stand_in(hall: Hall) -> StandIn:
    """Put a stand-in without any answer into a desk; its parts are rendered again for each reader."""
    result = StandIn()
    hall.runtime.settings = replace(hall.runtime.settings, prometheus=Url("http://prometheus:9090"))
    hall.machine.app.state.platform = result
    hall.machine.app.state.rendered = Rendered(1, 0.0)
    return result
