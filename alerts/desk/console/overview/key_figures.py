"""The seven figures of the job: now, by service, over the last day, and against the same time last week."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.desk.console.overview.snapshot import DAY, STEP, WEEK, Past, Present
from alerts.desk.console.overview.snapshot import Day as Online
from alerts.desk.core.figures import Unit, figure
from alerts.desk.core.words import Words
from service.prometheus import Sample

Points = Sequence[tuple[float, float]]
HOUR = timedelta(hours=1)
ALIKE = 0.005  # a smaller difference is none
TENFOLD = 10.0

BUSY = "busy"
_BITS = 8.0
_SUMS: tuple[tuple[str, str, Unit, float], ...] = (
    ("subscribers", "platform:ott_subscribers:sum", "count", 1.0),
    (BUSY, "", "count", 1.0),
    ("online", "platform:ott_subscribers_online:sum", "count", 1.0),
    ("sessions", "platform:ott_edge_sessions:sum", "count", 1.0),
    ("viewers", "platform:ott_edge_viewers:sum", "count", 1.0),
    ("egress", "platform:ott_edge_egress_bytes:rate1m", "bits", _BITS),
)
_LOADS = (
    ("cpu", "platform:node_cpu_utilisation:max", "node:node_cpu_utilisation:ratio_rate1m"),
    ("memory", "platform:node_memory_utilisation:max", "node:node_memory_utilisation:ratio"),
    ("disk", "platform:node_disk_io_utilisation:max", "node:node_disk_io_utilisation:ratio_rate1m"),
)
_STALLS = ("stalls", "platform:ott_qoe_stall:ratio_rate5m")
_CARRIED = "platform:ott_subscribers_online:avg1h"
_SPACE = "node:node_filesystem_utilisation:ratio"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure; what is None or empty is not known."""

    name: str
    unit: Unit
    value: float | None
    before: float | None
    services: Sequence[tuple[str, float]] = ()
    day: Points = ()
    week: Points = ()
    node: str = ""  # whose load it is
    start: datetime | None = None  # of the busy hour


@dataclass(frozen=True, slots=True)
class Seven:
    """All of them: the load is one figure in three parts, with the fullest file system beside the disk's work."""

    figures: Sequence[Figure]
    load: Sequence[Figure]
    fullest: tuple[str, float] | None
    stalls: Figure | None  # as a share of the time watched; None where no player reports


def seven(present: Present | None, past: Past | None) -> Seven:
    """Return the seven figures as far as they are known."""
    figures = [
        _busy_hour(present, past) if name == BUSY else _sum(present, past, (name, metric, unit, scale))
        for name, metric, unit, scale in _SUMS
    ]
    load = [_load(present, past, names) for names in _LOADS]
    stalls = _sum(present, past, (*_STALLS, "ratio", 1.0))
    known = stalls if stalls.value is not None or stalls.day else None
    return Seven(figures, load, _highest((present and present.of("load", _SPACE)) or ()), known)


def _sum(present: Present | None, past: Past | None, names: tuple[str, str, Unit, float]) -> Figure:
    name, metric, unit, scale = names
    found = (present and present.of("figures", metric)) or []
    services = sorted((each.labels.get("service", ""), each.value * scale) for each in found)
    return Figure(
        name,
        unit,
        sum(value for _, value in services) if services else None,
        _before(past, metric, scale),
        services if len(services) > 1 else (),
        _scaled(past.day if past else {}, metric, scale),
        _scaled(past.week if past else {}, metric, scale),
    )


def _busy_hour(present: Present | None, past: Past | None) -> Figure:
    recorded = (present and present.of("busy_hour", "ott_busy_hour_value")) or []
    starts = (present and present.of("busy_hour", "ott_busy_hour_start_timestamp_seconds")) or []
    start = (
        datetime.fromtimestamp(max(each.value for each in starts), present.at.tzinfo) if present and starts else None
    )
    return Figure(
        BUSY,
        "count",
        max((each.value for each in recorded), default=None),
        max((value for _, value in past.recorded_week_ago.hours), default=None) if past else None,
        day=_scaled(past.day if past else {}, _CARRIED),
        week=_scaled(past.week if past else {}, _CARRIED),
        start=start,
    )


def _load(present: Present | None, past: Past | None, names: tuple[str, str, str]) -> Figure:
    name, metric, of_node = names
    total = (present and present.of("figures", metric)) or []
    highest = _highest((present and present.of("load", of_node)) or ())
    return Figure(
        name,
        "ratio",
        max((each.value for each in total), default=None),
        _before(past, metric),
        day=_scaled(past.day if past else {}, metric),
        week=_scaled(past.week if past else {}, metric),
        node=highest[0] if highest else "",
    )


def _highest(values: Iterable[Sample]) -> tuple[str, float] | None:
    return max(((each.labels.get("node", ""), each.value) for each in values), key=lambda each: each[1], default=None)


def _scaled(courses: Mapping[str, Points], metric: str, scale: float = 1.0) -> Points:
    return [(at, value * scale) for at, value in courses.get(metric, ())]


def _before(past: Past | None, metric: str, scale: float = 1.0) -> float | None:
    """Return the value at the same time last week: the course's last point, unless that is missing."""
    points = past.week.get(metric, ()) if past else ()
    if not past or not points or points[-1][0] < (past.at - WEEK).timestamp() - STEP:
        return None
    return points[-1][1] * scale


def change(words: Words, each: Figure) -> str:
    """Say how a figure differs from the same time last week."""
    if each.value is None:
        return ""
    if each.before is None:
        return words("overview.week.unknown")
    if each.unit == "ratio":
        points = each.value - each.before
        return _more_or_less(words, points, "points", figure(words, abs(points) * 100, "count"))
    if each.before == 0:
        return words("overview.week.same" if each.value == 0 else "overview.week.none")
    share = each.value / each.before - 1
    if share >= TENFOLD:
        return words("overview.week.times", times=figure(words, each.value / each.before, "count"))
    return _more_or_less(words, share, "percent", figure(words, abs(share), "ratio"))


def _more_or_less(words: Words, difference: float, kind: str, written: str) -> str:
    if abs(difference) < ALIKE:
        return words("overview.week.same")
    return words(f"overview.week.{'more' if difference > 0 else 'less'}.{kind}", value=written)


def signed(words: Words, value: float | None, before: float | None) -> str:
    """Return a difference in per cent with its sign; nothing where it is not known."""
    if value is None or not before:
        return ""
    share = value / before - 1
    return ("+" if share >= 0 else "") + figure(words, share, "ratio")


@dataclass(frozen=True, slots=True)
class Busiest:
    """A busy hour: its start and the mean of the subscribers served in it."""

    start: datetime
    value: float


def busiest(day: Online) -> Busiest | None:
    """Return a day's busiest hour so far; each point is the mean of the hour that ends there."""
    best = max(day.hours, key=lambda point: point[1], default=None)
    if best is None:
        return None
    return Busiest(datetime.fromtimestamp(best[0], day.midnight.tzinfo) - HOUR, best[1])


def day_end(day: Online) -> datetime:
    """Return the midnight that ends a day."""
    return day.midnight + DAY
