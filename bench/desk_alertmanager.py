"""From a real Alertmanager: 10,000 alerts are all in tickets within two seconds of its last webhook.

An Alertmanager with the shipped routing gets 10,000 alerts over its API, a page at a time, as Prometheus sends them,
and notifies a desk on SQLite, then one on PostgreSQL. A relay between the two notes when the desk was sent the last
byte. What counts is from then until the API, asked for every ticket, names every alarm. Prints one JSON object; exit
status 1 when one is missing or late.

    python -m bench.desk_alertmanager [--groups 100] [--alerts 10000]
"""

import argparse
import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select

from alerts.desk.core.database import Database
from alerts.desk.core.tables import alarm
from bench.both_databases import postgresql
from demo.ports import free_port
from demo.processes import Program, answers, stop_all
from tests.conftest import ROOT
from tests.contract.desk.conftest import Process

BOUND = 2.0  # seconds after the last webhook
PAGE = 500  # alerts of one call
API_PAGE = 1000
PATIENCE = 600.0
TICKETS = "/tmf-api/troubleTicket/v5/troubleTicket"


class Relay:
    """Passes bytes on between Alertmanager and the desk, and notes when the last of a webhook went by."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self.webhooks = 0
        self.last = 0.0
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    def __enter__(self) -> "Relay":
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        server = await asyncio.start_server(self._pass, "127.0.0.1", 0, backlog=4096)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._end.wait()
        server.close()
        passing = asyncio.all_tasks() - {asyncio.current_task()}
        for each in passing:
            each.cancel()
        await asyncio.gather(*passing, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        desk_reader, desk_writer = await asyncio.open_connection("127.0.0.1", self._target)
        with suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(self._copy(reader, desk_writer, noted=True), self._copy(desk_reader, writer))
        for each in (writer, desk_writer):
            each.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, noted: bool = False) -> None:
        while data := await reader.read(65536):
            if noted:
                self.last = time.perf_counter()
                self.webhooks += data.startswith(b"POST ")
            writer.write(data)
            await writer.drain()
        writer.write_eof()


def alerts(groups: int, whole: int) -> Iterator[list[dict[str, Any]]]:
    """Yield pages of alerts, each node's full disks."""
    start = datetime.now(UTC).isoformat()
    every = [
        {
            "labels": {
                "alertname": "NodeDiskFull",
                "site": "almaty",
                "node": f"edge-{number % groups}",
                "mountpoint": f"/mnt/{number // groups}",
                "severity": "major",
                "component": "node",
            },
            "annotations": {"summary": "the disk is full", "summary_ru": "диск заполнен"},
            "startsAt": start,
            "generatorURL": "http://prometheus/graph?g0.expr=vector(1)",
        }
        for number in range(whole)
    ]
    for begin in range(0, whole, PAGE):
        yield every[begin : begin + PAGE]


@contextmanager
def alertmanager(folder: Path, relay: Relay, token: str) -> Iterator[str]:
    """Run Alertmanager with the shipped file; only addresses differ."""
    port = free_port()
    (folder / "token").write_text(token, "utf-8")
    text = (ROOT / "alerts" / "alertmanager.yml").read_text("utf-8")
    text = text.replace("127.0.0.1:9781", f"127.0.0.1:{relay.port}")
    (folder / "alertmanager.yml").write_text(
        text.replace("/etc/prometheus/ottwatch-desk.token", str(folder / "token")), "utf-8"
    )
    command = [
        "prometheus-alertmanager",
        f"--config.file={folder}/alertmanager.yml",
        f"--storage.path={folder}/alertmanager",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    url = f"http://127.0.0.1:{port}"
    program = Program("alertmanager", command, folder / "alertmanager.log", answers(f"{url}/-/ready"))
    try:
        program.start()
        program.wait_ready()
        yield url
    finally:
        stop_all([program])


def in_tickets(client: httpx.Client) -> tuple[int, int]:
    """Return how many tickets the API has, and how many firing alarms they name."""
    tickets = alarms = 0
    while True:
        where: dict[str, int | str] = {"limit": API_PAGE, "offset": tickets, "fields": "troubleTicketCharacteristic"}
        answer = client.get(TICKETS, params=where).raise_for_status()
        page = answer.json()
        tickets += len(page)
        alarms += sum(
            each["value"]
            for ticket in page
            for each in ticket["troubleTicketCharacteristic"]
            if each["name"] == "firingAlarms"
        )
        if not page or tickets == int(answer.headers["x-total-count"]):
            return tickets, alarms


def measure(folder: Path, database: str, groups: int, whole: int) -> dict[str, Any]:
    """Notify a desk of everything; return what came when."""
    folder.mkdir()
    process = Process(folder, "", database)
    process.start()
    store = Database(database or f"sqlite:///{folder / 'desk.db'}")
    try:
        with (
            Relay(process.port) as relay,
            alertmanager(folder, relay, process.token) as url,
            process.client() as client,
            httpx.Client(timeout=PATIENCE) as sender,
        ):
            began = time.perf_counter()
            for page in alerts(groups, whole):
                sender.post(f"{url}/api/v2/alerts", json=page).raise_for_status()
            posted = time.perf_counter()
            while (stored := count(store)) < whole and time.perf_counter() < posted + PATIENCE:
                time.sleep(0.02)
            tickets, alarms = in_tickets(client)
            done = time.perf_counter()
            return {
                "alerts": whole,
                "groups": groups,
                "webhooks": relay.webhooks,
                "posting_seconds": round(posted - began, 2),
                "last_webhook_after_seconds": round(relay.last - began, 2),
                "all_in_tickets_after_last_webhook_seconds": round(done - relay.last, 3),
                "stored_alarms": stored,
                "tickets_in_api": tickets,
                "alarms_in_api": alarms,
                "load": round(os.getloadavg()[0], 1),
            }
    finally:
        store.dispose()
        process.stop()


def count(database: Database) -> int:
    """Return how many different alarms are stored."""
    with database.read() as connection:
        return connection.scalar(select(func.count(alarm.c.fingerprint.distinct()))) or 0


def main() -> int:
    """Measure; return 1 when something is missing or late."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--groups", type=int, default=100)
    parser.add_argument("--alerts", type=int, default=10_000)
    arguments = parser.parse_args()
    result = {}
    with postgresql("desk-alertmanager") as (folder, server):
        for kind, url in (("sqlite", ""), ("postgresql", server.create_database())):
            result[kind] = measure(folder / kind, url, arguments.groups, arguments.alerts)
    print(json.dumps(result, indent=2))
    fine = all(
        each["tickets_in_api"] == each["groups"]
        and each["alarms_in_api"] == each["stored_alarms"] == each["alerts"]
        and each["all_in_tickets_after_last_webhook_seconds"] <= BOUND
        for each in result.values()
    )
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
