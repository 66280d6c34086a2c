"""Eight weeks of plausible history for the demo's Prometheus, written as TSDB blocks by promtool.

Only recorded series are written: they carry the labels that the live rules give them, so history and present are one
line. Raw series carry `instance` and `job` of a running target; history under other labels would be counted twice
for as long as Prometheus looks back.

The shape is that of `curve`, with one hole of forty minutes. `write` returns the daily busy hours it built, found by
plain search over the same minutes.
"""

import math
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from demo.curve import (
    EDGES,
    MATCH_DAYS_AGO,
    PLATFORM_GROWTH,
    SERVICE,
    VIEWERS_OF_SESSIONS,
    WEEKS,
    ZONE,
    Floats,
    first_day,
    midnight,
    served,
    sessions_of,
)  # fmt: skip
from demo.platform.middleware import ACCOUNTS
from demo.processes import ENDS_WITH_PARENT

MINUTE = 60
HOLE_DAYS_AGO = 16
HOLE_MINUTES = (190, 230)  # 03:10 to 03:50: Prometheus itself was down
# Pictures stand still more often the more is watched.
STALLED_AT_NIGHT, STALLED_BY_LOAD = 0.004, 0.018
INACTIVE = ("suspended", "trial_closed", "closed", "deleted")
BYTES_PER_SESSION = 90_000.0  # per second, the middle rendition and a little
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
    times = np.arange(midnight(first), end, MINUTE)
    sessions = {edge.node: sessions_of(edge, times, first, scale) for edge in EDGES}
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
    online = np.sum(list(served(total, scale).values()), axis=0)
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


def quarters_before(first: date, days: int, scale: float) -> Iterator[tuple[int, float]]:
    """Yield (start, subscribers served on average) of every quarter of the days before the history's first one."""
    times = np.arange(midnight(first - timedelta(days=days)), midnight(first), MINUTE)
    total = np.sum([sessions_of(edge, times, first, scale) for edge in EDGES], axis=0)
    everyone = np.sum(list(served(total, scale).values()), axis=0)
    yield from zip(times[::15].tolist(), everyone.reshape(-1, 15).mean(axis=1).tolist(), strict=True)


def _hole(times: NDArray[np.int64], first: date) -> NDArray[np.bool_]:
    offset = times - midnight(first + timedelta(days=WEEKS * 7 - HOLE_DAYS_AGO))
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
    for name, online in served(total, scale).items():
        active = sum(count for status, count in ACCOUNTS[name].items() if status not in INACTIVE)
        yield "platform:ott_subscribers:sum", {"service": name}, 240, np.rint(active * growth)
        yield "platform:ott_subscribers_online:sum", {"service": name}, MINUTE, online
        yield "platform:ott_subscribers_online:avg1h", {"service": name}, 240, _trailing_mean(online, 60)
    yield from _load(sessions, scale)


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
