"""The desk's own share of the delay: from a webhook's first byte to the ticket in the API.

With 100 and with 10,000 open tickets, one webhook at a time: the ticket is asked for once the webhook is answered, and
the time until that answer counts too. Prints one JSON object; exit status 1 past the bounds.

    python -m bench.desk_delay [--samples 200]
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

from tests.contract.desk.conftest import Process

TICKETS = "/tmf-api/troubleTicket/v5/troubleTicket"
BATCH = 500
BOUNDS = {100: 0.1, 10_000: 0.2}  # open tickets: seconds, p99


def body(*nodes: str) -> dict[str, Any]:
    start = datetime.now(UTC).isoformat()
    alerts = [
        {
            "status": "firing",
            "labels": {"alertname": "NodeDown", "node": node, "severity": "critical"},
            "annotations": {"summary": node},
            "startsAt": start,
        }
        for node in nodes
    ]
    return {"version": "4", "status": "firing", "groupLabels": {"alertname": "NodeDown"}, "alerts": alerts}


def fill(client: httpx.Client, already: int, wanted: int) -> None:
    for number in range(already, wanted, BATCH):
        nodes = [f"filler-{each}" for each in range(number, min(number + BATCH, wanted))]
        client.post("/webhook/alertmanager", json=body(*nodes)).raise_for_status()


def delays(client: httpx.Client, samples: int, name: str) -> list[float]:
    result = []
    for number in range(samples):
        node = f"{name}-{number}"
        began = time.perf_counter()
        client.post("/webhook/alertmanager", json=body(node)).raise_for_status()
        answer = client.get(TICKETS, params={"relatedEntity.entity.id": node})
        result.append(time.perf_counter() - began)
        if len(answer.json()) != 1:
            raise ValueError(f"{node} has {len(answer.json())} tickets")
    return sorted(result)


def main() -> int:
    """Measure; return 1 past the bounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=200)
    samples = parser.parse_args().samples
    result: dict[str, Any] = {}
    failed = False
    with tempfile.TemporaryDirectory(prefix="desk-delay-") as folder:
        desk = Process(Path(folder), 'one_ticket_per = "alert"\n')
        desk.start()
        try:
            with desk.client() as client:
                already = 0
                for tickets, bound in BOUNDS.items():
                    fill(client, already, tickets)
                    found = delays(client, samples, f"sample-{tickets}")
                    already = tickets
                    p99 = found[int(len(found) * 0.99) - 1]
                    result[f"{tickets} open tickets"] = {
                        "median_seconds": round(found[len(found) // 2], 4),
                        "p99_seconds": round(p99, 4),
                        "bound": bound,
                    }
                    failed = failed or p99 > bound
        finally:
            desk.stop()
    print(json.dumps(result, indent=2))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
