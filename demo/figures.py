"""The seven figures and the stalls as Prometheus has them, beside what the demo's platform really did."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from demo.apis import Point, Prometheus
from demo.configuration import IDLE_TIMEOUT, ONLINE_WITHIN, RECORD_AFTER
from demo.layout import EDGES, NODES, Layout
from demo.platform import ledger
from demo.platform.ledger import Received, Stalled
from demo.platform.middleware import ACCOUNTS
from demo.table import Row

INACTIVE = ("suspended", "trial_closed", "closed", "deleted")
EGRESS_TOLERANCE = 0.02
# A rule that is evaluated while a scrape is under way lacks it, and then rate() leaves half an interval or more out.
RATE_TOLERANCE = 0.10
BUSY_HOUR_TOLERANCE = 0.001
# Players report their buffer in tenths of a second.
STALL_TOLERANCE = 0.03
# How many of the newest scrapes of each edge are compared.
COMPARED_SCRAPES = 3
_LOADS = {
    "CPU": "node:node_cpu_utilisation:ratio_rate1m",
    "RAM": "node:node_memory_utilisation:ratio",
    "disk space": "node:node_filesystem_utilisation:ratio",
    "disk I/O": "node:node_disk_io_utilisation:ratio_rate1m",
}


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happened: the viewers' ledger, the middleware's database, the history that was written."""

    entries: list[Received]
    accounts: dict[str, int]
    online: dict[str, int]
    busy_hour: dict[str, Any]
    stalls: list[Stalled]

    @classmethod
    def at(cls, layout: Layout, history: dict[str, Any], now: float) -> "Truth":
        """Read it."""
        return cls(
            list(ledger.read(layout.ledger)),
            accounts(layout.database),
            online(layout.database, now),
            history["subscribers_online"]["platform"][last_recorded(history, now)],
            list(ledger.read_stalls(layout.stalls)),
        )

    def of_edge(self, node: str) -> list[Received]:
        """Return what one edge sent."""
        return [entry for entry in self.entries if entry.edge == node]


def last_recorded(history: dict[str, Any], now: float) -> str:
    """Return the newest day whose busy hour has been computed: a few minutes after midnight not yet the last one."""
    today = datetime.fromtimestamp(now - RECORD_AFTER, ZoneInfo(history["zone"])).date()
    return min(str(history["last_day"]), (today - timedelta(days=1)).isoformat())


def accounts(database: Path) -> dict[str, int]:
    """Return the active accounts by service."""
    marks = ", ".join("?" * len(INACTIVE))
    query = f"SELECT service, COUNT(*) FROM subscriber WHERE status NOT IN ({marks}) GROUP BY service"  # noqa: S608
    with closing(sqlite3.connect(database)) as connection:
        return dict(connection.execute(query, INACTIVE).fetchall())


def online(database: Path, now: float) -> dict[str, int]:
    """Return the subscribers whose keep-alive came within the window, by service."""
    query = (
        "SELECT service, COUNT(*) FROM keepalive JOIN subscriber ON id = subscriber_id "
        "WHERE seen_at > ? GROUP BY service"
    )
    with closing(sqlite3.connect(database)) as connection:
        return dict(connection.execute(query, (now - ONLINE_WITHIN,)).fetchall())


def compare(prometheus: Prometheus, truth: Truth, since: float, now: float) -> list[Row]:
    """Compare all seven at `now`; the audience has been steady from `since` on."""
    return [
        *_subscribers(prometheus, truth, now),
        _busy_hour(prometheus, truth, now),
        *_load(prometheus, now),
        *_audience(prometheus, truth, now),
        *_egress(prometheus, truth, since, now),
        *_stalls(prometheus, truth, now),
    ]


def _subscribers(prometheus: Prometheus, truth: Truth, now: float) -> Iterator[Row]:
    for figure, metric, known in (
        ("1 subscribers", "platform:ott_subscribers:sum", truth.accounts),
        ("3 served now", "platform:ott_subscribers_online:sum", truth.online),
    ):
        for service in ACCOUNTS:
            value = prometheus.value(f'{metric}{{service="{service}"}}', now)
            expected = known.get(service)
            yield Row(f"{figure}, {service}", _number(value), _number(expected), "equal", value == expected)


def _busy_hour(prometheus: Prometheus, truth: Truth, now: float) -> Row:
    labels = 'scope="platform",quantity="subscribers_online",measure="last_day"'
    value = prometheus.value(f"ott_busy_hour_value{{{labels}}}", now)
    expected = float(truth.busy_hour["value"])
    fine = value is not None and abs(value - expected) <= BUSY_HOUR_TOLERANCE * expected
    return Row("2 most served, last busy hour", _number(value), _number(expected), "within 0.1 %", fine)


def _load(prometheus: Prometheus, now: float) -> Iterator[Row]:
    for name, metric in _LOADS.items():
        found = {labels["node"]: value for labels, value in prometheus.values(metric, now)}
        fine = set(found) == {node.name for node in NODES} and all(0 <= value <= 1 for value in found.values())
        highest = f"{max(found.values()):.1%}" if found else "nothing"
        yield Row(f"4 load of the busiest node, {name}", highest, "", "every node, 0 to 100 %", fine)


def _audience(prometheus: Prometheus, truth: Truth, now: float) -> Iterator[Row]:
    for figure, name in (("5 sessions", "sessions"), ("6 viewers", "viewers")):
        expected = 0
        for node in EDGES:
            points = _scrapes(prometheus, f"ott_edge_{name}", node.name, now)[-COMPARED_SCRAPES:]
            entries = truth.of_edge(node.name)
            really = [getattr(ledger.audience(entries, point.time, IDLE_TIMEOUT), name) for point in points]
            expected += really[-1] if really else 0
            fine = len(points) == COMPARED_SCRAPES and [point.value for point in points] == really
            yield Row(f"{figure}, {node.name}", _list(points), " ".join(map(str, really)), "equal at each scrape", fine)
        total = prometheus.value(f'platform:ott_edge_{name}:sum{{service="ott"}}', now)
        yield Row(f"{figure}, platform", _number(total), _number(expected), "equal", total == expected)


def _egress(prometheus: Prometheus, truth: Truth, since: float, now: float) -> Iterator[Row]:
    measured = really = 0.0
    for node in EDGES:
        inside = [
            point
            for point in _scrapes(prometheus, "ott_edge_egress_bytes_total", node.name, now)
            if point.time >= since
        ]
        if len(inside) < 2:
            yield Row(f"7 egress, {node.name}", "nothing", "", "two scrapes", fine=False)
            return
        first, last = inside[0], inside[-1]
        measured += last.value - first.value
        really += ledger.bytes_received(truth.of_edge(node.name), first.time, last.time)
    yield _row(f"7 bytes sent in {now - since:.0f} s", measured / 1e6, really / 1e6, "MB", EGRESS_TOLERANCE)
    rate = prometheus.points('platform:ott_edge_egress_bytes:rate1m{service="ott"}[1m]', now)[-1:]
    recent = sum(_rate_received(prometheus, truth, node.name, at) for at, _ in rate for node in EDGES)
    measured_rate = rate[0].value * 8 / 1e6 if rate else None
    yield _row("7 outbound traffic, last minute", measured_rate, recent * 8 / 1e6, "Mbit/s", RATE_TOLERANCE)


def _stalls(prometheus: Prometheus, truth: Truth, now: float) -> Iterator[Row]:
    """Compare all stalls since the start: in a steady audience none is under way."""
    known = [stalled for stalled in truth.stalls if stalled.reported]
    count = prometheus.value('sum(ott_qoe_stalls_total{service="ott"})', now)
    yield Row("8 stalls", _number(count), _number(len(known)), "equal", bool(known) and count == len(known))
    measured = prometheus.value('sum(ott_qoe_stall_seconds_total{service="ott"})', now)
    yield _row("8 pictures stood still", measured, sum(stalled.seconds for stalled in known), "s", STALL_TOLERANCE)


def _rate_received(prometheus: Prometheus, truth: Truth, node: str, at: float) -> float:
    """Return what viewers received per second between the first and the last scrape of the minute before `at`."""
    minute = [
        point.time for point in _scrapes(prometheus, "ott_edge_egress_bytes_total", node, at) if point.time > at - 60
    ]
    if len(minute) < 2:
        return 0.0
    return ledger.bytes_received(truth.of_edge(node), minute[0], minute[-1]) / (minute[-1] - minute[0])


def _row(figure: str, measured: float | None, really: float, unit: str, tolerance: float) -> Row:
    if measured is None or not really:
        return Row(figure, "nothing", f"{really:.2f} {unit}", "", fine=False)
    difference = measured / really - 1
    wanted = f"within {tolerance:.0%} ({difference:+.2%})"
    return Row(figure, f"{measured:.2f} {unit}", f"{really:.2f} {unit}", wanted, abs(difference) <= tolerance)


def _scrapes(prometheus: Prometheus, metric: str, node: str, now: float) -> list[Point]:
    return prometheus.points(f'{metric}{{node="{node}",service="ott"}}[5m]', now)


def _number(value: float | None) -> str:
    if value is None:
        return "nothing"
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _list(points: Sequence[Point]) -> str:
    return " ".join(f"{point.value:.0f}" for point in points) or "nothing"
