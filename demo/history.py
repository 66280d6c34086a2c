"""Eight weeks of plausible history for the demo's Prometheus, written as TSDB blocks by promtool.

Only recorded series are written: they carry the labels that the live rules give them, so history and present are one
line. Raw series carry `instance` and `job` of a running target; history under other labels would be counted twice
for as long as Prometheus looks back.

The shape is an evening peak that wanders by a quarter of an hour, grows, rises at weekends, has one match night and
one hole of forty minutes. `write` returns the daily busy hours it built, found by plain search over the same minutes.
"""

import math
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from demo.platform.middleware import ACCOUNTS
from demo.processes import ENDS_WITH_PARENT

ZONE = ZoneInfo("Asia/Almaty")
WEEKS = 8
MINUTE = 60
MATCH_DAYS_AGO = 19
HOLE_DAYS_AGO = 16
HOLE_MINUTES = (190, 230)  # 03:10 to 03:50: Prometheus itself was down
SERVICE = "ott"
# As in the live audience: one household in six has a second screen on, and not everybody who is on is in one place.
VIEWERS_OF_SESSIONS = 0.8
BOXES = 900.0  # of the service iptv at the first day's peak; they watch over multicast and make no session
# Pictures stand still more often the more is watched.
STALLED_AT_NIGHT, STALLED_BY_LOAD = 0.004, 0.018
INACTIVE = ("suspended", "trial_closed", "closed", "deleted")
BYTES_PER_SESSION = 90_000.0  # per second, the middle rendition and a little
PLATFORM_GROWTH = 0.012  # a week

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Edge:
    """An edge of the demo: its place, its sessions at the first day's peak, and its peak in minutes of the day."""

    node: str
    site: str
    sessions: float
    peak_minute: int


EDGES = (Edge("edge-1", "almaty", 60.0, 21 * 60 + 15), Edge("edge-2", "astana", 34.0, 21 * 60 + 45))
MIDDLEWARE = ("middleware-1", "almaty")
CHANNEL_SHARES = {
    "qazaqstan": 0.30,
    "khabar-24": 0.21,
    "sport-1": 0.19,
    "kino": 0.14,
    "balapan": 0.10,
    "music": 0.06,
}
CODE_SHARES = {"2xx": 0.984, "3xx": 0.008, "4xx": 0.007, "5xx": 0.001}


def write(data_dir: Path, now: float, scale: float = 1.0) -> dict[str, Any]:
    """Fill the Prometheus data folder up to the minute before `now`; return the figures known by construction.

    `scale` multiplies sessions and what follows from them, to meet a larger or smaller live platform.
    """
    end = int(now) // MINUTE * MINUTE
    first = first_day(now)
    times = np.arange(_midnight(first), end, MINUTE)
    sessions = {edge.node: _sessions(edge, times, first, scale) for edge in EDGES}
    hole = _hole(times, first)
    data_dir.mkdir(parents=True, exist_ok=True)
    # In the demo's own folder: what is killed here leaves the file, and the next start empties the folder.
    with tempfile.NamedTemporaryFile("w", suffix=".om", encoding="utf-8", dir=data_dir.parent) as file:
        for name, labels, step, values in _series(times, sessions, scale):
            _put(file, name, labels, times[~hole][:: step // MINUTE], values[~hole][:: step // MINUTE])
        file.write("# EOF\n")
        file.flush()
        subprocess.run(
            # Blocks of 486 h, three or four in all: promtool reads the whole input once a block.
            [
                *ENDS_WITH_PARENT,
                *("promtool", "tsdb", "create-blocks-from", "--max-block-duration=486h", "openmetrics", "-q"),
                *(file.name, str(data_dir)),
            ],
            check=True,
            capture_output=True,
            text=True,
        )
    total = np.sum(list(sessions.values()), axis=0)
    online = np.sum(list(_online(total, scale).values()), axis=0)
    days = [first + timedelta(days=offset) for offset in range(WEEKS * 7)]
    return {
        "zone": ZONE.key,
        "first_day": first.isoformat(),
        "last_day": days[-1].isoformat(),
        "match_day": (first + timedelta(days=WEEKS * 7 - MATCH_DAYS_AGO)).isoformat(),
        "days_with_a_hole": [(first + timedelta(days=WEEKS * 7 - HOLE_DAYS_AGO)).isoformat()],
        "sessions": {
            "platform": _busy_hours(total, days),
            **{f"node:{edge.node}": _busy_hours(sessions[edge.node], days) for edge in EDGES},
        },
        "subscribers_online": {"platform": _busy_hours(online, days)},
    }


def first_day(now: float) -> date:
    """Return the local day with which the history begins."""
    return datetime.fromtimestamp(now, ZONE).date() - timedelta(weeks=WEEKS)


def quarters_before(first: date, days: int, scale: float) -> Iterator[tuple[int, float]]:
    """Yield (start, subscribers served on average) of every quarter of the days before the history's first one."""
    times = np.arange(_midnight(first - timedelta(days=days)), _midnight(first), MINUTE)
    total = np.sum([_sessions(edge, times, first, scale) for edge in EDGES], axis=0)
    served = np.sum(list(_online(total, scale).values()), axis=0)
    yield from zip(times[::15].tolist(), served.reshape(-1, 15).mean(axis=1).tolist(), strict=True)


def _midnight(day: date) -> int:
    return int(datetime.combine(day, datetime.min.time(), ZONE).timestamp())


def _sessions(edge: Edge, times: NDArray[np.int64], first: date, scale: float) -> Floats:
    elapsed = (times - _midnight(first)) // MINUTE
    minute, day = elapsed % 1440, elapsed // 1440  # Almaty has no clock changes in living memory of the demo
    weekday = (day + first.weekday()) % 7
    # The peak wanders by a quarter from day to day; the same table every week would look drawn with a ruler.
    wander = np.array([0, 0, -15, 0, 15, 15, 0, -15, 0, 15, 0])[day % 11]
    level = edge.sessions * scale * (1 + PLATFORM_GROWTH) ** (day / 7)
    level = level * np.array([1.0, 0.99, 1.0, 1.01, 1.04, 1.10, 1.07])[weekday]
    level = np.where(day == WEEKS * 7 - MATCH_DAYS_AGO, level * 1.45, level)
    distance = np.abs(minute - edge.peak_minute - wander)
    evening = np.clip(1 - distance / 300, 0, None) ** 1.3
    daytime = 0.22 * np.exp(-(((minute - 810) / 240) ** 2))
    night = 0.07
    # Small and without a seed: the same history at every start.
    ripple = 1 + 0.02 * np.sin(minute / 7.0 + day) + 0.012 * np.sin(minute / 2.3 + 3 * day)
    return np.asarray(np.rint(level * (night + daytime + 0.80 * evening) * ripple), dtype=np.float64)


def _hole(times: NDArray[np.int64], first: date) -> NDArray[np.bool_]:
    offset = times - _midnight(first + timedelta(days=WEEKS * 7 - HOLE_DAYS_AGO))
    return (offset >= HOLE_MINUTES[0] * MINUTE) & (offset < HOLE_MINUTES[1] * MINUTE)


def _series(
    times: NDArray[np.int64], sessions: dict[str, Floats], scale: float
) -> Iterator[tuple[str, dict[str, str], int, Floats]]:
    """Yield (name, labels, step, values); what busy hours are read from comes every minute, the rest every four."""
    service = {"service": SERVICE}
    for edge in EDGES:
        mine = sessions[edge.node]
        where = {"node": edge.node, "site": edge.site, "role": "edge", **service}
        yield from _edge("node", where, mine)
        yield from _edge("site", {"site": edge.site, **service}, mine)
        yield "node:ott_edge_request_errors:ratio_rate1m", where, 240, np.full(len(mine), CODE_SHARES["5xx"])
    total = np.sum(list(sessions.values()), axis=0)
    yield from _edge("platform", service, total)
    for channel, share in CHANNEL_SHARES.items():
        yield "channel:ott_edge_channel_sessions:sum", {"channel": channel}, 240, np.rint(total * share)
    yield from _quality(sessions, scale)
    growth = (1 + PLATFORM_GROWTH) ** ((np.arange(len(times)) - len(times)) / 10080)
    for name, online in _online(total, scale).items():
        active = sum(count for status, count in ACCOUNTS[name].items() if status not in INACTIVE)
        yield "platform:ott_subscribers:sum", {"service": name}, 240, np.rint(active * growth)
        yield "platform:ott_subscribers_online:sum", {"service": name}, MINUTE, online
        yield "platform:ott_subscribers_online:avg1h", {"service": name}, 240, _trailing_mean(online, 60)
    yield from _load(sessions, scale)


def _online(total: Floats, scale: float) -> dict[str, Floats]:
    """Return the subscribers served by service: both have their evening at the same time."""
    share = total / (scale * sum(edge.sessions for edge in EDGES))
    return {SERVICE: np.rint(total * VIEWERS_OF_SESSIONS), "iptv": np.rint(share * BOXES)}


def _edge(level: str, labels: dict[str, str], sessions: Floats) -> Iterator[tuple[str, dict[str, str], int, Floats]]:
    yield f"{level}:ott_edge_sessions:sum", labels, MINUTE, sessions
    yield f"{level}:ott_edge_viewers:sum", labels, MINUTE, np.rint(sessions * VIEWERS_OF_SESSIONS)
    yield f"{level}:ott_edge_egress_bytes:rate1m", labels, MINUTE, sessions * BYTES_PER_SESSION
    for code, share in CODE_SHARES.items():
        yield f"{level}:ott_edge_requests:rate1m", {**labels, "code": code}, 240, sessions * 0.5 * share


def _quality(sessions: dict[str, Floats], scale: float) -> Iterator[tuple[str, dict[str, str], int, Floats]]:
    for edge in EDGES:
        stalled = STALLED_AT_NIGHT + STALLED_BY_LOAD * sessions[edge.node] / (edge.sessions * scale)
        yield "node:ott_qoe_stall:ratio_rate5m", {"node": edge.node, "site": edge.site, "role": "edge"}, 240, stalled
        yield "site:ott_qoe_stall:ratio_rate5m", {"site": edge.site}, 240, stalled
    share = np.sum(list(sessions.values()), axis=0) / (scale * sum(edge.sessions for edge in EDGES))
    yield "platform:ott_qoe_stall:ratio_rate5m", {}, 240, STALLED_AT_NIGHT + STALLED_BY_LOAD * share


def _load(sessions: dict[str, Floats], scale: float) -> Iterator[tuple[str, dict[str, str], int, Floats]]:
    """Utilisation grows with sessions on edges; the middleware follows the platform."""
    total = np.sum(list(sessions.values()), axis=0)
    nodes = [(edge.node, edge.site, "edge", sessions[edge.node] / (edge.sessions * scale)) for edge in EDGES]
    nodes.append((*MIDDLEWARE, "middleware", total / (sum(edge.sessions for edge in EDGES) * scale)))
    cpu: dict[str, Floats] = {}
    memory: dict[str, Floats] = {}
    disk: dict[str, Floats] = {}
    for node, site, role, load in nodes:
        labels = {"node": node, "site": site, "role": role}
        full = 0.35 if role == "edge" else 0.22
        cpu[node], memory[node], disk[node] = 0.04 + full * load, 0.30 + 0.12 * load, 0.01 + 0.08 * load
        yield "node:node_cpu_utilisation:ratio_rate1m", labels, MINUTE, cpu[node]
        yield "node:node_memory_utilisation:ratio", labels, 240, memory[node]
        yield "node:node_disk_io_utilisation:ratio_rate1m", labels, 240, disk[node]
        yield "node:node_filesystem_utilisation:ratio", labels, 240, 0.41 + np.arange(len(load)) / len(load) * 0.05
        if role == "edge":
            yield "node:node_network_transmit_bytes:rate1m", labels, 240, sessions[node] * BYTES_PER_SESSION * 1.04
    for site in sorted({site for _, site, _, _ in nodes}):
        mine = [cpu[node] for node, place, _, _ in nodes if place == site]
        yield "site:node_cpu_utilisation:avg", {"site": site}, MINUTE, np.mean(mine, axis=0)
    yield "platform:node_cpu_utilisation:avg", {}, MINUTE, np.mean(list(cpu.values()), axis=0)
    yield "platform:node_cpu_utilisation:max", {}, MINUTE, np.max(list(cpu.values()), axis=0)
    yield "platform:node_memory_utilisation:avg", {}, 240, np.mean(list(memory.values()), axis=0)
    yield "platform:node_memory_utilisation:max", {}, 240, np.max(list(memory.values()), axis=0)
    yield "platform:node_disk_io_utilisation:max", {}, 240, np.max(list(disk.values()), axis=0)


def _trailing_mean(values: Floats, width: int) -> Floats:
    sums = np.concatenate(([0.0], np.cumsum(values)))
    ends = np.arange(1, len(sums))
    begins = np.maximum(ends - width, 0)
    return (sums[ends] - sums[begins]) / (ends - begins)


class _Writable(Protocol):
    def writelines(self, lines: Iterable[str], /) -> object: ...


def _put(file: _Writable, name: str, labels: dict[str, str], times: NDArray[np.int64], values: Floats) -> None:
    written = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
    series = f"{name}{{{written}}}" if written else name
    file.writelines(f"{series} {value:.10g} {at}\n" for at, value in zip(times.tolist(), values.tolist(), strict=True))


def _busy_hours(minutes: Floats, days: list[date]) -> dict[str, dict[str, Any]]:
    """Return each day's busiest four adjacent quarters by trying all 93."""
    found = {}
    for number, day in enumerate(days):
        mine = minutes[number * 1440 : (number + 1) * 1440]
        means = [math.fsum(mine[begin : begin + 60]) / 60 for begin in range(0, 1381, 15)]
        best = means.index(max(means))
        found[day.isoformat()] = {"start": f"{best // 4:02d}:{best % 4 * 15:02d}", "value": means[best]}
    return found
