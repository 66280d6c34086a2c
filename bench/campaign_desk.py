"""A desk whose clock the campaign moves: the whole application with its webhook, and the rounds that follow time."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Self

import httpx
from sqlalchemy import select

from alerts.desk.access import tokens
from alerts.desk.access.trail import By
from alerts.desk.alarms.correlation import lineup, plan, store
from alerts.desk.alarms.correlation.correlator import NODES, Correlator
from alerts.desk.alarms.ingest import end_works, ingest, tried_again
from alerts.desk.alarms.recovery import run_due
from alerts.desk.alarms.release import pass_time
from alerts.desk.alarms.settle import settle_down
from alerts.desk.alarms.webhook import parse
from alerts.desk.app.application import create_app
from alerts.desk.app.jobs import CORRELATE
from alerts.desk.app.wiring import policy_of
from alerts.desk.core.database import Database
from alerts.desk.core.migrate import migrate
from alerts.desk.core.settings import Settings
from alerts.desk.core.tables import alarm, correlated, ticket, works_alarm
from alerts.desk.tickets.runtime import Runtime
from alerts.desk.tickets.states import WORKING_VALUES
from alerts.desk.works import store as stored_works
from alerts.desk.works.works import Works
from bench.campaign_platform import Platform
from service.prometheus import Sample

_QUIET = 60.0  # seconds between two looks while nothing waits


class Seen(NamedTuple):
    """A ticket as the campaign looks at it."""

    number: int
    key: str
    title: str
    cause: int | None
    working: bool
    opened: datetime
    labels: Mapping[str, str]


class ClockedDesk:
    """The desk in this process, on SQLite."""

    def __init__(self, folder: Path, platform: Platform, start: datetime, *, direct: bool) -> None:
        self._time, self._direct = start, direct
        self.database = Database(f"sqlite:///{folder / 'desk.db'}")
        migrate(self.database)
        settings = Settings(database=f"sqlite:///{folder / 'desk.db'}", time_zone="UTC")  # type: ignore[arg-type]
        self._runtime = Runtime(settings, self.database, policy_of(settings), lambda: self._time)
        (folder / "topology.toml").write_text(platform.topology(), "utf-8")
        self.correlator = Correlator(plan.load(folder / "topology.toml"))
        self.correlator.learn(lambda query: inventory(platform, query))
        token = tokens.create(self.database, By("campaign"), "alertmanager", "machine", start)
        app = create_app(self._runtime, self.correlator)
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://desk", headers={"Authorization": f"Bearer {token}"}
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()
        self.database.dispose()

    @property
    def now(self) -> datetime:
        """Return the desk's time."""
        return self._time

    async def webhook(self, notification: Mapping[str, Any], at: datetime) -> None:
        """Deliver a notification at its moment; time passes until then."""
        self.pass_until(at)
        if self._direct:
            ingest(self.database, parse(json.dumps(notification).encode()), self._runtime.policy, at, self.correlator)
            return
        answer = await self._client.post("/webhook/alertmanager", content=json.dumps(notification))
        answer.raise_for_status()

    def pass_until(self, moment: datetime) -> None:
        """Let time pass, and the rounds of the workers with it: each second while something waits, else less often."""
        while self._time < moment:
            with self.database.read() as connection:
                waits = store.first_waiting(connection) is not None
            step = timedelta(seconds=CORRELATE if waits else _QUIET)
            self._time = min(moment, self._time + step)
            self._correlate()
            if not waits:
                end_works(self.database, self._runtime.policy, self._time, self.correlator)
                run_due(self._runtime.desk)

    def _correlate(self) -> None:
        known = self.database, self.correlator, self._runtime.policy
        tried_again(lambda: pass_time(*known, self._time))
        tried_again(lambda: settle_down(*known, self._time))

    def leap(self, moment: datetime) -> None:
        """Let time pass in which nothing happens."""
        self._time = moment
        run_due(self._runtime.desk)

    def announce(self, works: Works) -> None:
        """Store planned works."""
        with self.database.write() as connection:
            stored_works.put(connection, works, "campaign", self._time)

    def tickets(self, after: int) -> list[Seen]:
        """Return the tickets with a greater number."""
        wanted = (
            select(ticket, correlated.c.cause_id)
            .outerjoin(correlated, correlated.c.ticket_id == ticket.c.id)
            .where(ticket.c.id > after)
            .order_by(ticket.c.id)
        )
        with self.database.read() as connection:
            rows = connection.execute(wanted).mappings().all()
        return [
            Seen(
                row["id"], row["problem_key"], row["names"]["en"], row["cause_id"], row["status"] in WORKING_VALUES,
                row["opened_at"], row["labels"],
            )
            for row in rows
        ]  # fmt: skip

    def on_record(self) -> set[tuple[str, datetime]]:
        """Return every occurrence that is on record, by fingerprint and beginning: of tickets and of works."""
        with self.database.read() as connection:
            rows: Sequence[Any] = connection.execute(select(alarm.c.fingerprint, alarm.c.starts_at)).all()
            withheld = connection.execute(select(works_alarm.c.fingerprint, works_alarm.c.starts_at)).all()
        return {(name, began) for name, began in (*rows, *withheld)}

    def hosts(self, after: int) -> dict[str, set[int]]:
        """Return the tickets that hold alarms of each problem."""
        found: dict[str, set[int]] = {}
        with self.database.read() as connection:
            rows = connection.execute(select(alarm.c.problem_key, alarm.c.ticket_id).where(alarm.c.ticket_id > after))
            for key, number in rows:
                found.setdefault(key, set()).add(number)
        return found


def inventory(platform: Platform, query: str) -> list[Sample]:
    """Return what Prometheus answers about nodes and channels."""
    if query == lineup.QUERY:
        seen = Counter((channel, edge.site) for channel, edges in platform.probes.items() for edge in edges)
        return [Sample({"channel": channel, "site": site}, float(count)) for (channel, site), count in seen.items()]
    if query == NODES:
        return [Sample({"node": one.name, "site": one.site, "role": one.role}, 1.0) for one in platform.nodes]
    shown = Counter(edge.name for edges in platform.probes.values() for edge in edges)
    return [Sample({"node": node}, float(count)) for node, count in shown.items()]
