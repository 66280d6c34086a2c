"""A storm of appeals at the desk: operators at once, a kill in the middle, a slow mail server; SQLite and PostgreSQL.

Customers of one region complain about one service, so many a minute, over the API of a real desk with its workers. The
desk is killed half-way and started again; who was not answered says it again. Afterwards the database is asked whether
every customer has one appeal, and how many tickets and mails came of it. Then so many answers wait for the mail of a
desk whose clock the measurement moves: they have to leave in order, and no faster than `per_minute`. Prints one JSON
object; exit status 1 when something is lost, told twice, or past its bounds.

    python -m bench.appeals_storm [--appeals 10000] [--per-minute 1000] [--mails 2000]
"""

import argparse
import asyncio
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select

from alerts.desk.appeals import actions
from alerts.desk.appeals.states import AnswerBy
from alerts.desk.core.appeal_tables import appeal, appeal_event, appeal_mass
from alerts.desk.core.database import Database
from alerts.desk.core.tables import ticket
from bench.both_databases import concluded, postgresql
from tests.contract.desk.appeals.appeals_desk import Bureau
from tests.contract.desk.appeals.storm import PER_MINUTE, SUPPLIER, Storm, Workers
from tests.contract.desk.conftest import Process
from tests.contract.desk.postgres import Postgres
from tests.contract.mailbox import Box, taking_mail
from tests.support.migrated import sqlite_database

OPERATORS = 8
P95_BOUND = 0.3  # seconds for a registration
MASS_SECONDS = 10  # before a mass gets a ticket of its own
START_SECONDS = 600.0  # for a desk to start, on a machine that does other things as well
SETTLE_SECONDS = 600.0  # for the last members to be attached
SLOW_SECONDS = 1.0  # that the mail server takes over a message


class Slow(Box):
    """A mail server that takes its time."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        await asyncio.sleep(SLOW_SECONDS)
        return await super().handle_DATA(server, session, envelope)


def settings(folder: Path, port: int) -> str:
    key = folder / "appeals.key"
    key.write_text("k" * 40, "utf-8")
    key.chmod(0o600)
    return (
        'watchdog = ""\n'  # no Alertmanager is there to be missed
        f'[smtp]\nhost = "127.0.0.1"\nport = {port}\nsender = "desk@desk.example"\nsecurity = "none"\n'
        f'[appeals]\nkeys = [{{ file = "{key}" }}]\nregions = ["Astana"]\nmass_ticket_after = "{MASS_SECONDS}s"\n'
        f'[appeals.mail]\nsupplier = "{SUPPLIER}"\nper_minute = {PER_MINUTE}\n'
    )


def say(client: httpx.Client, customer: int, seconds: list[float]) -> None:
    """Register a customer, again until the desk has answered."""
    said = {"number": f"+7701{2_000_000 + customer}", "service": "ott", "code": "01", "region": "Astana"}
    while True:
        began = time.perf_counter()
        try:
            answer = client.post("/api/v1/appeals", json=said | {"answerBy": "mobile"})
        except httpx.TransportError:
            time.sleep(0.5)  # it was killed
            continue
        seconds.append(time.perf_counter() - began)
        answer.raise_for_status()
        return


def storm(process: Process, appeals: int, per_minute: int) -> list[float]:
    """Register at the pace given, and kill the desk half-way; return how long each registration took."""
    seconds: list[float] = []
    start, half = time.monotonic(), threading.Event()

    def operate(first: int) -> None:
        with process.client() as client:
            for customer in range(first, appeals, OPERATORS):
                time.sleep(max(0.0, start + customer * 60 / per_minute - time.monotonic()))
                say(client, customer, seconds)
                if customer >= appeals // 2:
                    half.set()

    with ThreadPoolExecutor(OPERATORS) as pool:
        operating = [pool.submit(operate, first) for first in range(OPERATORS)]
        half.wait()
        process.kill()
        process.start(START_SECONDS)
        for each in operating:
            each.result()
    return seconds


def kept(database: Database) -> dict[str, int]:
    """Return what the database holds."""
    asked = select(appeal_event.c.appeal_id).where(appeal_event.c.kind == "RequestSent")
    with database.read() as connection:
        counts = {
            "appeals": select(func.count()).select_from(appeal),
            "customers": select(func.count(appeal.c.customer.distinct())),
            "members": select(func.count()).select_from(appeal).where(appeal.c.mass_id.is_not(None)),
            "asked": select(func.count()).select_from(asked.distinct().subquery()),
            "requests": select(func.count()).select_from(asked.subquery()),
            "masses": select(func.count()).select_from(appeal_mass),
            "tickets": select(func.count()).select_from(ticket),
        }
        return {name: connection.scalar(wanted) or 0 for name, wanted in counts.items()}


def desk(folder: Path, server: Postgres | None, appeals: int, per_minute: int) -> dict[str, Any]:
    """Storm a desk; return what it kept and what it should have kept."""
    folder.mkdir()
    url = server.create_database() if server else ""
    box = Slow()
    with taking_mail(box) as port:
        process = Process(folder, settings(folder, port), url)
        process.start(START_SECONDS)
        database = Database(url or f"sqlite:///{folder / 'desk.db'}")
        try:
            seconds = sorted(storm(process, appeals, per_minute))
            deadline = time.monotonic() + SETTLE_SECONDS
            while (found := kept(database))["asked"] < appeals and time.monotonic() < deadline:
                time.sleep(1)
        finally:
            database.dispose()
            process.stop()
    one = dict.fromkeys(("appeals", "customers", "members", "asked", "requests"), appeals) | {"masses": 1, "tickets": 1}
    p95 = seconds[int(len(seconds) * 0.95)]
    fine = found == one and len(box.mails) == 1 and p95 <= P95_BOUND
    return {"kept": found, "mails": len(box.mails), "p95_seconds": round(p95, 3), "fine": fine}


def mails(folder: Path, count: int) -> dict[str, Any]:
    """Let so many answers wait for their mail; return in how many minutes they left, and how many at most in one."""
    box, database = Box(), sqlite_database(folder / "mails.db")
    minutes: Counter[int] = Counter()
    try:
        with taking_mail(box) as port:
            world = Storm(database, port)
            bureau = Bureau(database, world.rules, world.now)
            wanted = [f"customer{place}@example.kz" for place in range(count)]
            for place, email in enumerate(wanted):
                number = bureau.registered(number=f"870123{place:05}", answer_by=AnswerBy.EMAIL, email=email)
                actions.answer(bureau.hand(number), "It works again")
            workers = Workers(world, world.runtime())
            while len(box.mails) < count and len(minutes) < 10 * count:
                before = len(box.mails)
                for _ in range(3):  # the worker comes round more often than once a minute
                    workers.round()
                minutes[len(minutes)] = len(box.mails) - before
                world.now += timedelta(minutes=1)
    finally:
        database.dispose()
    in_order = [mail.to[0] for mail in box.mails] == wanted
    most = max(minutes.values())
    return {"minutes": len(minutes), "most": most, "in_order": in_order, "fine": in_order and most <= PER_MINUTE}


def main() -> int:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--appeals", type=int, default=10_000)
    parser.add_argument("--per-minute", type=int, default=1000)
    parser.add_argument("--mails", type=int, default=2000)
    options = parser.parse_args()
    with postgresql("appeals-storm") as (folder, server):
        return concluded(
            {
                "postgresql": desk(folder / "postgresql", server, options.appeals, options.per_minute),
                "sqlite": desk(folder / "sqlite", None, options.appeals, options.per_minute),
                "mail": mails(folder, options.mails),
            }
        )


if __name__ == "__main__":
    sys.exit(main())
