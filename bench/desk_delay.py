"""The desk's own share of the delay: from a webhook's first byte to the ticket in the API and on an open console page.

With 100 and with 10,000 open tickets, on SQLite and PostgreSQL, one webhook at a time. The ticket is asked for over the
API once the webhook is answered. The page does what a browser's does: it takes its part of the queue from the event
stream; what counts is the moment at which it holds the row. Prints one JSON object; exit status 1 past the bounds.

    python -m bench.desk_delay [--samples 200]
"""

import argparse
import json
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx

from bench.both_databases import postgresql
from tests.contract.desk.conftest import Process

TICKETS = "/tmf-api/troubleTicket/v5/troubleTicket"
WEBHOOK = "/webhook/alertmanager"
BATCH = 500
PATIENCE = 30.0  # seconds after which a page that does not show its ticket is an error
BOUNDS = {100: 0.1, 10_000: 0.2}  # open tickets: seconds, p99
NAME, PASSWORD = "bench", "correct horse battery"


def body(*nodes: str, start: str, severity: str, firing: bool = True) -> dict[str, Any]:
    """Return a webhook; what fills the queue is less urgent than the samples, which belong on its first page."""
    alerts = [
        {
            "status": "firing" if firing else "resolved",
            "labels": {"alertname": "NodeDown", "node": node, "severity": severity},
            "annotations": {"summary": node},
            "startsAt": start,
        }
        for node in nodes
    ]
    status = alerts[0]["status"]
    return {"version": "4", "status": status, "groupLabels": {"alertname": "NodeDown"}, "alerts": alerts}


def fill(client: httpx.Client, already: int, wanted: int) -> None:
    start = datetime.now(UTC).isoformat()
    for number in range(already, wanted, BATCH):
        nodes = [f"filler-{each}" for each in range(number, min(number + BATCH, wanted))]
        client.post(WEBHOOK, json=body(*nodes, start=start, severity="minor")).raise_for_status()


class Page:
    """The queue on an engineer's screen; `shown` is what the page holds, and since when."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self.shown = ("", 0.0)

    def listen(self, stream: httpx.Response) -> None:
        """Take each living part, until the desk ends the stream."""
        lines: list[str] = []
        for line in stream.iter_lines():
            if line.startswith("data: "):
                lines.append(line)
            elif not line and lines:
                with self._news:
                    self.shown = ("\n".join(lines), time.perf_counter())
                    self._news.notify()
                lines = []

    def wait(self, node: str, *, there: bool) -> float:
        """Return the moment from which the page shows a node, or shows it no more."""
        with self._news:
            if not self._news.wait_for(lambda: (f" {node}<" in self.shown[0]) is there, PATIENCE):
                raise TimeoutError(f"the page {'lacks' if there else 'keeps'} {node}")
            return self.shown[1]


@contextmanager
def open_page(desk: Process) -> Iterator[Page]:
    """Log in and look at the queue; the page closes when the desk stops."""
    desk.run("account", "create", "--role", "viewer", "--name", NAME, stdin=f"{PASSWORD}\n")
    desk.start()
    with httpx.Client(base_url=desk.url, follow_redirects=True, timeout=PATIENCE) as browser:
        form = re.search(r'name="csrf" value="([^"]+)"', browser.get("/login").text)
        assert form
        browser.post("/login", data={"csrf": form[1], "name": NAME, "password": PASSWORD}).raise_for_status()
        page = Page()
        with browser.stream("GET", "/queue/events") as stream:
            listener = threading.Thread(target=page.listen, args=(stream,))
            listener.start()
            try:
                yield page
            finally:
                desk.stop()
                listener.join()


def delays(client: httpx.Client, page: Page, samples: int, name: str) -> dict[str, list[float]]:
    result: dict[str, list[float]] = {"api": [], "console": []}
    for number in range(samples):
        node = f"{name}-{number}"
        start = datetime.now(UTC).isoformat()
        began = time.perf_counter()
        client.post(WEBHOOK, json=body(node, start=start, severity="critical")).raise_for_status()
        answer = client.get(TICKETS, params={"relatedEntity.entity.id": node})
        result["api"].append(time.perf_counter() - began)
        if len(answer.json()) != 1:
            raise ValueError(f"{node} has {len(answer.json())} tickets")
        result["console"].append(page.wait(node, there=True) - began)
        ended = body(node, start=start, severity="critical", firing=False)
        client.post(WEBHOOK, json=ended).raise_for_status()
        page.wait(node, there=False)
    return {where: sorted(found) for where, found in result.items()}


def measure(desk: Process, samples: int) -> dict[str, Any]:
    """Return median and p99 by number of open tickets."""
    result = {}
    with open_page(desk) as page, desk.client() as client:
        already = 0
        for tickets, bound in BOUNDS.items():
            fill(client, already, tickets)
            already = tickets
            for where, found in delays(client, page, samples, f"sample-{tickets}").items():
                result[f"{where}, {tickets} open tickets"] = {
                    "median_seconds": round(found[len(found) // 2], 4),
                    "p99_seconds": round(found[int(len(found) * 0.99) - 1], 4),
                    "bound": bound,
                }
    return result


def main() -> int:
    """Measure; return 1 past the bounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=200)
    samples = parser.parse_args().samples
    result: dict[str, Any] = {}
    with postgresql("desk-delay") as (folder, server):
        for kind, url in (("sqlite", ""), ("postgresql", server.create_database())):
            (folder / kind).mkdir()
            desk = Process(folder / kind, 'one_ticket_per = "alert"\n', url)
            result[kind] = measure(desk, samples)
    print(json.dumps(result, indent=2))
    return int(any(each["p99_seconds"] > each["bound"] for found in result.values() for each in found.values()))


if __name__ == "__main__":
    sys.exit(main())
