"""A report of 20,000 tickets: reading them with their logs, and every clock of every ticket, in SQLite and PostgreSQL.

Printed are seconds of the wall and of the processor, of a first and of a second report. The target is below one second.
"""

import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alerts.desk.app.wiring import policy_of
from alerts.desk.core.database import Database
from alerts.desk.core.migrate import migrate
from alerts.desk.core.settings import Settings, VendorSettings
from alerts.desk.core.tables import event, ticket
from alerts.desk.reports import outcomes as reports
from alerts.desk.reports import store as stored
from alerts.desk.tickets import store as tickets
from alerts.desk.tickets.events import Kind
from alerts.desk.tickets.states import Status
from tests.contract.desk.postgres import Postgres

TICKETS = 20_000
START = datetime(2025, 11, 1, tzinfo=UTC)
POLICY = policy_of(Settings(vendor=(VendorSettings("Edge Ltd", "support@edge.example"),)))


def fill(database: Database, number: int) -> None:
    """Store tickets of a year: most recover within hours, one in ten goes to a vendor, a warning one in eight."""
    chance = random.Random(5)
    rows: list[dict[str, Any]] = []
    lines: list[dict[str, Any]] = []
    for key in range(1, number + 1):
        opened = START + timedelta(minutes=chance.uniform(0, 365 * 24 * 60))
        priority = chance.choice(("P1", "P2", "P2", "P3", "P3", "P3", "P3", "P4"))
        steps: list[tuple[datetime, Kind, dict[str, Any]]] = [(opened, Kind.OPENED, {"priority": priority})]
        at = opened + timedelta(minutes=chance.expovariate(1 / 10))
        steps += [
            (at, Kind.TAKEN, {}),
            (at, Kind.STATUS, {"from": "acknowledged", "to": "inProgress", "reason": "taken"}),
        ]
        if chance.random() < 0.1:
            at += timedelta(minutes=5)
            steps += [
                (at, Kind.HANDED_OVER, {"vendor": "Edge Ltd"}),
                (at, Kind.STATUS, {"from": "inProgress", "to": "held", "reason": "vendor"}),
                (at + timedelta(minutes=10), Kind.ACCEPTED, {"vendor": "Edge Ltd"}),
            ]
        at += timedelta(minutes=chance.expovariate(1 / 200))
        steps += [
            (at, Kind.STATUS, {"from": "inProgress", "to": "resolved", "reason": "recovered"}),
            (at + timedelta(minutes=10), Kind.STATUS, {"from": "resolved", "to": "closed", "reason": "confirmed"}),
        ]
        # What a report does not read is in the log all the same.
        steps += [(opened, Kind.ALARMS, {"began": 1, "ended": 0, "texts": ["The node does not answer"]})] * 2
        steps += [(at, Kind.WARNING, {"clock": "restore", "percent": 50})]
        lines += [
            {"ticket_id": key, "at": when, "kind": kind.value, "actor": "desk", "data": data}
            for when, kind, data in steps
        ]
        names = {"en": f"Node {key} does not answer", "ru": f"Узел {key} не отвечает"}
        rows.append(
            tickets.blank()
            | {
                "id": key,
                "problem_key": str(key),
                "site": chance.choice(("almaty", "astana", "oskemen")),
                "node": f"edge-{key % 50}",
            }
            | {
                "names": names,
                "descriptions": names,
                "severity": "major",
                "priority": priority,
                "ticket_type": "incident",
            }
            | {"status": Status.CLOSED.value, "status_at": at, "opened_at": opened, "updated_at": at}
        )
    lines.sort(key=lambda line: line["at"])
    with database.write() as connection:
        for start in range(0, len(rows), 2000):
            connection.execute(ticket.insert(), rows[start : start + 2000])
        for start in range(0, len(lines), 5000):
            connection.execute(event.insert(), lines[start : start + 5000])


def measure(name: str, database: Database) -> None:
    """Print what a report costs."""
    migrate(database)
    fill(database, TICKETS)
    asked = stored.Asked(START, START + timedelta(days=365))
    for round_ in ("first", "second"):
        wall, cpu = time.perf_counter(), time.process_time()
        with database.read() as connection:
            made = reports.report(stored.cases(connection, asked), POLICY, START + timedelta(days=366))
        print(
            f"{name:11} {round_:6} {made.total.opened} tickets: {time.perf_counter() - wall:.2f} s, "
            f"of this processor {time.process_time() - cpu:.2f} s"
        )


def main() -> None:
    """Measure both databases."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'desk.db'}")
        measure("SQLite", database)
        database.dispose()
        with Postgres() as server:
            database = Database(server.create_database())
            measure("PostgreSQL", database)
            database.dispose()


if __name__ == "__main__":
    main()
