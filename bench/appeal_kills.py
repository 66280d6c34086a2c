"""Free months while two desks are killed at the moment when answers become late: PostgreSQL and SQLite.

Two real desks share one database. Again and again customers appeal whose time for the answer ends within the next few
seconds; at a random moment among those ends one of the desks is killed with -9, and started again while the other goes
on. Afterwards all timers are set back to the moment of lateness and run again by two desks at once. Each appeal has to
have one free month, proposed once, and to be late once. Prints one JSON object; exit status 1 otherwise.

    python -m bench.appeal_kills [--kills 50] [--appeals 40] [--seed 1]
"""

import argparse
import random
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select, update

from alerts.desk.appeals import timers
from alerts.desk.core.appeal_tables import appeal, appeal_event, compensation
from alerts.desk.core.database import Database
from bench.both_databases import concluded, postgresql
from tests.contract.desk.appeals.appeals_desk import rules
from tests.contract.desk.conftest import Process
from tests.contract.desk.postgres import Postgres

KEY = "k" * 40
TERM = timedelta(hours=24)
START_SECONDS = 600.0  # for a desk to start, on a machine that does other things as well
SETTLE_SECONDS = 120.0  # for the last ones to be noticed
BEFORE, SPREAD = 2.0, 3.0  # seconds from the registration to the first end of a term, and from that to the last one


def settings(folder: Path) -> str:
    key = folder / "appeals.key"
    key.write_text(KEY, "utf-8")
    key.chmod(0o600)
    return f'watchdog = ""\n[appeals]\nkeys = [{{ file = "{key}" }}]\nregions = ["Astana"]\n'


def say(desk: Process, first: int, count: int, dice: random.Random, since: datetime) -> None:
    """Let customers appeal whose terms end one by one within a few seconds."""
    with desk.client() as client:
        for place in range(first, first + count):
            ends = since + timedelta(seconds=BEFORE + dice.random() * SPREAD)
            said = {"number": f"+7701{2_000_000 + place}", "service": "ott", "code": "18", "region": "Astana"}
            more = {"answerBy": "mobile", "appealedAt": (ends - TERM).isoformat()}
            while True:
                with suppress(httpx.TransportError):  # a machine that does other things as well: said again
                    client.post("/api/v1/appeals", json=said | more).raise_for_status()
                    break


def round_(desks: list[Process], victim: int, first: int, count: int, dice: random.Random) -> float:
    """Kill one desk while answers become late, and start it again; return how long after the first end it was."""
    since = datetime.now(UTC)
    began = time.monotonic()
    say(desks[1 - victim], first, count, dice, since)
    moment = dice.random() * SPREAD
    time.sleep(max(0.0, began + BEFORE + moment - time.monotonic()))
    killed = time.monotonic() - began - BEFORE
    desks[victim].kill()
    desks[victim].start(START_SECONDS)
    return killed


def replay(url: str) -> int:
    """Set all timers back to the moment of lateness and let two desks run them at once; return how many ran."""
    known = rules((KEY,))
    databases = [Database(url) for _ in range(2)]
    now = datetime.now(UTC)
    with databases[0].write() as connection:
        connection.execute(update(appeal).values(due_at=appeal.c.appealed_at))
    with ThreadPoolExecutor(2) as pool:
        ran = sum(pool.map(lambda each: timers.run_due(each, known, now), databases))
    for each in databases:
        each.dispose()
    return ran


def kept(database: Database) -> dict[str, Any]:
    """Return what each appeal got: how many have so many free months, became late and were proposed so often."""
    with database.read() as connection:
        appeals = connection.scalar(select(func.count()).select_from(appeal)) or 0
        months = Counter(connection.scalars(select(compensation.c.appeal_id)))
        late: Counter[int] = Counter()
        moved: Counter[int] = Counter()
        rows = connection.execute(select(appeal_event.c.appeal_id, appeal_event.c.kind, appeal_event.c.data))
        for number, kind, data in rows:
            late[number] += kind == "Late" and data["clock"] == "answer"
            moved[number] += kind == "CompensationMoved" and data["state"] == "proposed"
    once = {name: sum(count == 1 for count in found.values()) for name, found in
            (("months", months), ("late", late), ("proposed", moved))}  # fmt: skip
    return {"appeals": appeals, **once, "in_all": months.total()}


def desks_on(folder: Path, server: Postgres | None, options: argparse.Namespace) -> dict[str, Any]:
    """Kill desks; return what their database kept."""
    dice = random.Random(options.seed)
    folders = [folder / "one", folder / "two"]
    for one in folders:
        one.mkdir(parents=True)
    url = server.create_database() if server else f"sqlite:///{folder / 'desk.db'}"
    desks = [Process(each, settings(each), url, token=each.name) for each in folders]
    total = options.kills * options.appeals
    database = Database(url)
    try:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(partial(Process.start, seconds=START_SECONDS), desks))
        moments = [
            round_(desks, number % 2, number * options.appeals, options.appeals, dice)
            for number in range(options.kills)
        ]
        deadline = time.monotonic() + SETTLE_SECONDS
        while kept(database)["in_all"] < total and time.monotonic() < deadline:
            time.sleep(1)
        logs = [each.log.count('"level": "error"') for each in desks]
    finally:
        for desk in desks:
            if desk.running:
                desk.stop()
    ran = replay(url)
    found = kept(database)
    database.dispose()
    among = sum(0 <= moment <= SPREAD for moment in moments)
    wanted = dict.fromkeys(("appeals", "months", "late", "proposed", "in_all"), total)
    fine = found == wanted and ran == total and not sum(logs)
    return {"kills": len(moments), "kills_among_the_ends": among, "kept": found, "replayed": ran,
            "errors": logs, "fine": fine}  # fmt: skip


def main() -> int:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--appeals", type=int, default=40, help="late around each kill")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with postgresql("appeal-kills") as (folder, server):
        return concluded(
            {
                "postgresql": desks_on(folder / "postgresql", server, options),
                "sqlite": desks_on(folder / "sqlite", None, options),
            }
        )


if __name__ == "__main__":
    sys.exit(main())
