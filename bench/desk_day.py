"""A desk through a day of its own clock: nodes fail and return, consoles look, and its memory must stay.

The application and the rounds of its workers run in this process, on a PostgreSQL of their own, for a thousand nodes in
twenty sites. Every twenty minutes up to a dozen nodes of a site stop answering for seven minutes. Rounds follow each
other at their own periods, but none more often than every five seconds; the proxies' question whether it is ready
and the scrapes come as often. Each minute an engineer opens the overview, the queue, the wall, the map and the last
ticket, and another program lists the tickets.
Memory is read after a garbage collection. Prints one JSON object; exit status 1 when memory grew, a page
was refused, a failure has not exactly one ticket, or a ticket is still open an hour after the last.

    python -m bench.desk_day [--hours 24] [--nodes 1000]
"""

import argparse
import asyncio
import gc
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import httpx
from sqlalchemy import func, select

from alerts.desk.access import secrets, tokens
from alerts.desk.access import store as access
from alerts.desk.access.roles import Principal
from alerts.desk.access.trail import By
from alerts.desk.alarms.correlation.correlator import NODES, Correlator
from alerts.desk.alarms.correlation.topology import Plan
from alerts.desk.app.application import create_app
from alerts.desk.app.jobs import INVENTORY, workers
from alerts.desk.app.serve import COLLECT_AFTER
from alerts.desk.app.wiring import policy_of
from alerts.desk.core.database import Database
from alerts.desk.core.migrate import migrate
from alerts.desk.core.settings import Settings
from alerts.desk.core.tables import ticket
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.tickets.states import WORKING_VALUES
from alerts.desk.web.session import COOKIE
from bench.both_databases import postgresql
from bench.flat_memory import FLAT, course, grown, own
from service.prometheus import Sample

START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
SITES = 20
STEP = 5  # seconds
LOOK = 60
INCIDENT, LASTS, MOST = 1200, 420, 12
QUIET = 3600  # after the last incident
MEASURED = 1800
PAGES = ("/overview", "/", "/wall", "/map", "/tmf-api/troubleTicket/v5/troubleTicket?limit=20")
PROGRAMS = ("/readyz", "/metrics")


class Day:
    """The desk, who asks it, and what has come of it."""

    def __init__(self, database: Database, nodes: int) -> None:
        self.now = START
        self._nodes = nodes
        settings = Settings(watchdog="")
        runtime = Runtime(settings, database, policy_of(settings), lambda: self.now)
        self._correlator = Correlator(Plan(by_default=True))
        self._correlator.learn(self._inventory)
        self._rounds = [(max(STEP, worker.period), worker.job) for worker in workers(runtime, self._correlator)]
        token = tokens.create(database, By("bench"), "alertmanager", "machine", START)
        with database.write() as connection:
            access.add_account(connection, Principal("Aigerim", "engineer", "en"), "", START)
            row = access.account_named(connection, "Aigerim")
            if row is None:
                raise LookupError("the account that was made is not there")
            access.open_session(connection, secrets.digest("day"), row.id, START, START + timedelta(days=30))
        transport = httpx.ASGITransport(create_app(runtime, self._correlator))
        self._machine = httpx.AsyncClient(
            transport=transport, base_url="http://desk", headers={"Authorization": f"Bearer {token}"}
        )
        self._person = httpx.AsyncClient(transport=transport, base_url="http://desk", cookies={COOKIE: "day"})
        self._database = database
        self.refused: Counter[str] = Counter()
        self.memory: list[float] = []
        self.failures = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._machine.aclose()
        await self._person.aclose()

    def _inventory(self, query: str) -> Sequence[Sample]:
        if query != NODES:
            return []
        return [Sample(self._labels(number), 1.0) for number in range(self._nodes)]

    def _labels(self, number: int) -> dict[str, str]:
        return {"node": f"edge-{number}", "site": f"site-{number % SITES}", "role": "edge"}

    async def pass_(self, seconds: int) -> None:
        """Let so much time pass."""
        for second in range(0, seconds, STEP):
            self.now = START + timedelta(seconds=second)
            await self._incident(second, seconds)
            for period, job in self._rounds:
                if second % int(period) < STEP:
                    job()
            if second % INVENTORY < STEP:
                self._correlator.learn(self._inventory)
            for path in PROGRAMS:
                await self._ask(self._machine, path)
            if second % LOOK == 0:
                for path in (*PAGES, *self._last()):
                    await self._ask(self._machine if path.startswith("/tmf") else self._person, path)
            if second % MEASURED == 0:
                gc.collect()
                self.memory.append(own(os.getpid()))
                print(f"{self.now:%d %H:%M} {self.memory[-1]:.0f} MiB", file=sys.stderr, flush=True)

    async def _incident(self, second: int, seconds: int) -> None:
        number, since = divmod(second, INCIDENT)
        if second >= seconds - QUIET or since not in {0, LASTS}:
            return
        firing = since == 0
        began = START + timedelta(seconds=number * INCIDENT)
        for each in range(1 + number % MOST):
            self.failures += firing
            labels = {"alertname": "NodeDown", "severity": "critical"}
            labels |= self._labels((number + each * SITES) % self._nodes)
            await self._tell(labels, began, None if firing else began + timedelta(seconds=LASTS))

    async def _tell(self, labels: dict[str, str], began: datetime, ended: datetime | None) -> None:
        status = "resolved" if ended else "firing"
        one = {
            "status": status,
            "labels": labels,
            "annotations": {"summary": f"{labels['node']} does not answer"},
            "startsAt": began.isoformat(),
            "endsAt": ended.isoformat() if ended else "0001-01-01T00:00:00Z",
            "generatorURL": "",
            "fingerprint": secrets.digest(labels["node"])[:16],
        }
        group = {name: labels[name] for name in ("alertname", "node", "site")}
        body = {
            "version": "4", "groupKey": json.dumps(group), "truncatedAlerts": 0, "status": status, "receiver": "desk",
            "groupLabels": group, "commonLabels": labels, "commonAnnotations": {}, "externalURL": "", "alerts": [one],
        }  # fmt: skip
        answer = await self._machine.post("/webhook/alertmanager", json=body)
        answer.raise_for_status()

    def _last(self) -> tuple[str, ...]:
        with self._database.read() as connection:
            number = connection.scalar(select(func.max(ticket.c.id)))
        return (f"/ticket/{number}",) if number else ()

    async def _ask(self, who: httpx.AsyncClient, path: str) -> None:
        answer = await who.get(path)
        if answer.status_code != httpx.codes.OK:
            self.refused[f"{path} {answer.status_code}"] += 1

    def tickets(self) -> dict[str, int]:
        """Return how many tickets there are, and how many of them are still open."""
        with self._database.read() as connection:
            states = connection.scalars(select(ticket.c.status)).all()
        return {"all": len(states), "open": sum(state in WORKING_VALUES for state in states)}


async def _run(url: str, hours: int, nodes: int) -> dict[str, Any]:
    database = Database(url)
    migrate(database)
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)  # as serving does
    began = time.monotonic()
    try:
        async with Day(database, nodes) as day:
            await day.pass_(hours * 3600)
            tickets = day.tickets()
    finally:
        database.dispose()
    wrong = [f"{path}: {times} times" for path, times in day.refused.items()]
    if grown(day.memory) > FLAT:
        wrong.append(f"memory grew by {grown(day.memory) - 1:.1%}")
    if tickets["all"] != day.failures:
        wrong.append(f"{day.failures} failures have {tickets['all']} tickets")
    if tickets["open"]:
        wrong.append(f"{tickets['open']} tickets are open an hour after the last failure")
    return {
        "hours": hours,
        "nodes": nodes,
        "took_minutes": round((time.monotonic() - began) / 60, 1),
        "failures": day.failures,
        "tickets": tickets,
        "memory_mib": course(day.memory),
        "wrong": wrong,
    }  # fmt: skip


def main() -> int:
    """Run; return 1 when something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--nodes", type=int, default=1000)
    arguments = parser.parse_args()
    with postgresql("desk-day") as (_, server):
        result = asyncio.run(_run(server.create_database(), arguments.hours, arguments.nodes))
    print(json.dumps(result, indent=2))
    return int(bool(result["wrong"]))


if __name__ == "__main__":
    sys.exit(main())
