"""The demo's history in a real Prometheus."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.contract.busy_hour.conftest import NOW, Filled


def values(address: str, query: str, at: float) -> list[tuple[dict[str, str], float]]:
    answer = httpx.get(f"{address}/api/v1/query", params={"query": query, "time": at}, timeout=30)
    return [(row["metric"], float(row["value"][1])) for row in answer.json()["data"]["result"]]


@pytest.fixture(scope="module")
def address(filled: Filled, prometheus: Callable[..., str]) -> str:
    return prometheus(filled.data)


def test_eight_weeks_end_just_before_now(filled: Filled, address: str) -> None:
    name = "platform:ott_edge_sessions:sum"
    [(labels, newest)] = values(address, f"timestamp({name})", NOW)
    assert labels == {"service": "ott"}
    assert NOW - 120 <= newest < NOW
    [(_, count)] = values(address, f"count_over_time({name}[60d])", NOW)
    minutes = int(NOW // 60) - int(datetime(2026, 9, 27, tzinfo=ZoneInfo("Asia/Almaty")).timestamp() // 60)
    assert count == minutes - 40  # the hole

    # The busy hour known by construction is what Prometheus averages over those sixty minutes.
    day, peak = list(filled.figures["sessions"]["platform"].items())[-1]
    start = datetime.fromisoformat(f"{day}T{peak['start']}").replace(tzinfo=ZoneInfo("Asia/Almaty"))
    last = (start + timedelta(minutes=59)).timestamp()
    [(_, mean)] = values(address, f"avg_over_time({name}[59m])", last)
    assert abs(mean - peak["value"]) < 1e-9


def test_the_parts_add_up(address: str) -> None:
    at = NOW - 3600
    assert sorted(labels["node"] for labels, _ in values(address, "node:ott_edge_sessions:sum", at)) == [
        "edge-1",
        "edge-2",
    ]
    difference = "platform:ott_edge_sessions:sum - sum by (service) (node:ott_edge_sessions:sum)"
    assert values(address, difference, at) == [({"service": "ott"}, 0.0)]
    assert {
        tuple(sorted(labels.items())) for labels, _ in values(address, "node:node_cpu_utilisation:ratio_rate1m", at)
    } == {
        (("__name__", "node:node_cpu_utilisation:ratio_rate1m"), ("node", node), ("role", role), ("site", site))
        for node, role, site in [
            ("edge-1", "edge", "almaty"),
            ("edge-2", "edge", "astana"),
            ("middleware-1", "middleware", "almaty"),
        ]
    }
