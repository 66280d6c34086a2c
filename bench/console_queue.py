"""The queue's page with 2,000 open tickets: how long the server takes for it, and how large it is.

A real desk in its own process; one reader asks for the first page, a filtered one, and the last, each right after a
change, so that nothing rendered before can be used again. Prints one JSON object; exit status 1 past the bounds.

    python -m bench.console_queue [--tickets 2000] [--samples 100]
"""

import argparse
import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil

from bench.console_load import cpu, log_in
from bench.desk_delay import NAME, PASSWORD, WEBHOOK, body, fill
from tests.contract.desk.conftest import Process

SECONDS_BOUND = 0.3  # p99
BYTES_BOUND = 200_000


def pages(tickets: int) -> dict[str, str]:
    return {"first page": "/", "text filter": "/?text=filler-1", "last page": f"/?offset={tickets // 100 * 100}"}


def measure(
    client: httpx.Client, browser: httpx.Client, path: str, samples: int, desk: psutil.Process
) -> dict[str, Any]:
    """Return the times of one page, the desk's CPU time for it, and its greatest size."""
    seconds, sizes, used = [], [], 0.0
    for number in range(samples):
        node = f"sample-{path}-{number}"
        client.post(WEBHOOK, json=body(node, start=datetime.now(UTC).isoformat(), severity="critical"))
        began, before = time.perf_counter(), cpu(desk)
        page = browser.get(path).raise_for_status()
        seconds.append(time.perf_counter() - began)
        used += cpu(desk) - before
        sizes.append(len(page.content))
        if 'id="live"' not in page.text:
            raise ValueError(f"{path} is no queue")
    seconds.sort()
    return {
        "median_seconds": round(seconds[samples // 2], 4),
        "p99_seconds": round(seconds[int(samples * 0.99) - 1], 4),
        "mean_cpu_seconds": round(used / samples, 4),
        "kilobytes": round(max(sizes) / 1000, 1),
    }


def main() -> int:
    """Measure; return 1 past the bounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tickets", type=int, default=2000)
    parser.add_argument("--samples", type=int, default=100)
    options = parser.parse_args()
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="console-queue-") as folder:
        desk = Process(Path(folder), 'one_ticket_per = "alert"\nwatchdog = ""\n')
        desk.run("account", "create", "--role", "engineer", "--name", NAME, stdin=f"{PASSWORD}\n")
        desk.start()
        assert desk.running
        process = psutil.Process(desk.running.pid)
        try:
            with desk.client() as client:
                fill(client, 0, options.tickets)
                with httpx.Client(base_url=desk.url, headers={"Cookie": log_in(desk.url)}, timeout=30) as browser:
                    for name, path in pages(options.tickets).items():
                        result[name] = measure(client, browser, path, options.samples, process)
        finally:
            desk.stop()
    load = round(psutil.getloadavg()[0], 1)
    print(json.dumps({"open_tickets": options.tickets, "load_average": load, **result}, indent=2))
    late = any(each["p99_seconds"] > SECONDS_BOUND for each in result.values())
    return int(late or any(each["kilobytes"] * 1000 > BYTES_BOUND for each in result.values()))


if __name__ == "__main__":
    sys.exit(main())
