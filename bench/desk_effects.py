"""10,000 effects of one cause: how fast they arrive as one ticket, beside as many unrelated alerts, and its page.

Two real desks on SQLite in the same run; compared is the processor time that each takes for an alert, as others may use
the machine. One gets the webhooks of `bench.desk_storm`: as many problems as webhooks. The
other one has the open ticket of a dead node and gets as many webhooks about its channels. Afterwards the page is
opened with a session as browsers have it. Prints one JSON object; exit status 1 past the bounds.

    python -m bench.desk_effects [--webhooks 100] [--samples 20]
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from bench import desk_storm
from bench.console_load import log_in
from bench.desk_delay import NAME, PASSWORD
from bench.desk_storm import PATIENCE, PER_WEBHOOK, PHASES, SENDERS, cpu_of
from tests.contract.desk.conftest import Process

RATIO_BOUND = 0.8  # of the alerts of unrelated problems per second of processor time, each phase
TURN = 10  # webhooks
PAGE_BOUND = 0.2  # seconds, median


class Speed(NamedTuple):
    """Alerts per second of the clock, and of a desk's processor time."""

    by_clock: int
    by_cpu: int


def effect(number: int, start: datetime, *, firing: bool) -> bytes:
    """Return a webhook of the storm as one about a channel of the dead node."""
    whole = json.loads(desk_storm.webhook(number, start, firing=firing))
    names = {"alertname": "StreamDown", "node": "edge-1", "site": "almaty", "channel": f"ch{number}"}
    whole["groupLabels"] = names
    for each in whole["alerts"]:
        each["labels"] |= names | {"layer": "stream"}
    return json.dumps(whole).encode()


def cause(start: datetime) -> bytes:
    """Return the webhook of the dead node."""
    whole = json.loads(desk_storm.webhook(1, start, firing=True))
    whole["groupLabels"] = {"alertname": "NodeDown", "node": "edge-1", "site": "almaty"}
    whole["alerts"] = [whole["alerts"][0] | {"fingerprint": "c" * 16}]
    whole["alerts"][0]["labels"] = whole["groupLabels"] | {"severity": "critical", "layer": "node"}
    return json.dumps(whole).encode()


class Side:
    """A desk, what is sent to it, and what that took."""

    def __init__(self, desk: Process, client: httpx.Client, bodies: Sequence[bytes]) -> None:
        assert desk.running is not None
        self._client, self._bodies, self._used = client, bodies, cpu_of(desk.running.pid)
        self._before, self._took = self._used(), 0.0

    def send(self, number: int) -> None:
        """Send the next webhooks from a number on."""
        began = time.perf_counter()
        with ThreadPoolExecutor(SENDERS) as senders:
            list(senders.map(self._post, self._bodies[number : number + TURN]))
        self._took += time.perf_counter() - began

    def _post(self, body: bytes) -> None:
        self._client.post("/webhook/alertmanager", content=body).raise_for_status()

    def speed(self) -> Speed:
        """Return the alerts per second, and per second of the desk's processor time."""
        alerts = len(self._bodies) * PER_WEBHOOK
        return Speed(round(alerts / self._took), round(alerts / (self._used() - self._before)))


def page(desk: Process, samples: int) -> dict[str, Any]:
    """Return how long the ticket's page takes, and its size."""
    seconds, size = [], 0
    with httpx.Client(base_url=desk.url, headers={"Cookie": log_in(desk.url)}, timeout=60) as browser:
        for _ in range(samples):
            began = time.perf_counter()
            answer = browser.get("/ticket/1").raise_for_status()
            seconds.append(time.perf_counter() - began)
            size = len(answer.content)
    return {"median_seconds": round(sorted(seconds)[samples // 2], 3), "kilobytes": round(size / 1000, 1)}


def measure(folder: Path, webhooks: int, samples: int) -> dict[str, Any]:
    """Storm both desks, some webhooks each in turn, so that both meet the same machine."""
    start = datetime.now(UTC) - timedelta(minutes=1)
    desks = {}
    for name in ("problems", "effects"):
        (folder / name).mkdir()
        desks[name] = Process(folder / name, 'watchdog = ""\n')
    desks["effects"].run("account", "create", "--role", "engineer", "--name", NAME, stdin=f"{PASSWORD}\n")
    result: dict[str, Any] = {}
    numbers = range(webhooks)
    try:
        for desk in desks.values():
            desk.start(PATIENCE)
        with desks["problems"].client() as problems, desks["effects"].client() as effects:
            effects.post("/webhook/alertmanager", content=cause(start)).raise_for_status()
            storms = ("problems", problems, desk_storm.webhook), ("effects", effects, effect)
            for phase in PHASES:
                sides = [
                    Side(desks[name], client, [make(number, start, firing=phase != "resolved") for number in numbers])
                    for name, client, make in storms
                ]
                for number in numbers[::TURN]:
                    for side in sides:
                        side.send(number)
                one, other = (side.speed() for side in sides)
                ratio = round(other.by_cpu / one.by_cpu, 2)
                result[phase] = {"problems": one._asdict(), "effects": other._asdict(), "ratio": ratio}
                if phase == "repeated":
                    result["page"] = page(desks["effects"], samples)
            kept = effects.get("/api/v1/tickets/1/grouping", params={"limit": 1}).raise_for_status().json()
            tickets = effects.get("/tmf-api/troubleTicket/v5/troubleTicket").raise_for_status().json()
            result |= {"alarms": kept["total"], "tickets": len(tickets)}
    finally:
        for desk in desks.values():
            if desk.running:
                desk.stop()
    return result


def main() -> int:
    """Measure; return 1 past the bounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--webhooks", type=int, default=100)
    parser.add_argument("--samples", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="desk-effects-") as folder:
        result = measure(Path(folder), arguments.webhooks, arguments.samples)
    print(json.dumps(result, indent=2))
    fast = all(result[phase]["ratio"] >= RATIO_BOUND for phase in PHASES)
    whole = result["tickets"] == 1 and result["alarms"] >= arguments.webhooks * PER_WEBHOOK
    return 0 if fast and whole and result["page"]["median_seconds"] <= PAGE_BOUND else 1


if __name__ == "__main__":
    sys.exit(main())
