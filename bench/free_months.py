"""Free months of many late appeals in one go: SQLite and PostgreSQL.

So many appeals run out at the same moment. Two desks notice it at once; then all free months are approved, exported in
one batch, confirmed, credited and told. Each appeal has to get one free month that took each step once, and in SQLite
no transaction may hold up who registers the next appeal. Prints one JSON object with the processor time of each step,
the number of statements and the longest transaction; exit status 1 when a month is lost, doubled, or a bound is passed.

    python -m bench.free_months [--appeals 10000]
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Connection, event, func, select

from alerts.desk.appeals import compensations, exports, timers
from alerts.desk.core.appeal_tables import appeal_event, compensation
from alerts.desk.core.database import Database
from alerts.desk.core.migrate import migrate
from bench.both_databases import concluded, postgresql
from tests.contract.desk.appeals.appeals_desk import Bureau, rules
from tests.support.migrated import sqlite_database

HELD_BOUND = 0.3  # seconds: what a registration may take
STEPS = ("proposed", "approved", "exported", "credited", "told")


class Watched(Database):
    """A database that notes how long each transaction that writes held its locks."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.longest, self.statements = 0.0, 0
        for engine in (self.engine, self.writing):
            event.listen(engine, "before_cursor_execute", self._count)

    def _count(self, *_: Any) -> None:
        self.statements += 1

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Run a transaction that writes, and note how long it took once it had begun."""
        with super().write() as connection:
            began = time.perf_counter()
            yield connection
            took = time.perf_counter() - began
        self.longest = max(self.longest, took)


@dataclass(slots=True)
class Measured:
    """The steps that were done, by name: processor seconds, statements, longest transaction in seconds."""

    database: Watched
    steps: dict[str, dict[str, float]] = field(default_factory=dict)

    def step(self, name: str, work: Callable[[], Any]) -> Any:
        """Do a step and note what it cost."""
        self.database.longest, before, began = 0.0, self.database.statements, time.process_time()
        result = work()
        self.steps[name] = {
            "cpu_seconds": round(time.process_time() - began, 2),
            "statements": self.database.statements - before,
            "longest_seconds": round(self.database.longest, 3),
        }
        return result


def batch(url: str, appeals: int) -> dict[str, Any]:
    """Let so many appeals be late, and take their free months to the end."""
    database = Watched(url)
    bureau = Bureau(database, rules())
    measured = Measured(database)
    try:
        for place in range(appeals):
            bureau.registered(number=f"+7701{2_000_000 + place}", name="", text="")
        bureau.pass_(hours=25)
        with ThreadPoolExecutor(2) as desks:
            notice = partial(timers.run_due, database, bureau.rules, bureau.now)
            measured.step("proposed", lambda: [each.result() for each in [desks.submit(notice) for _ in range(2)]])
        move = partial(compensations.move_all, database, bureau.rules, appeals, by="Chief", now=bureau.now)
        measured.step("approved", lambda: move("approved"))
        made = measured.step("batch", lambda: exports.make(database, "Erlan", bureau.now))
        with database.read() as connection:
            months = measured.step("read", lambda: exports.months(connection, bureau.rules, made[0].number))
        confirm = partial(exports.confirm, database, bureau.rules, made[0].number, "Erlan", bureau.now)
        measured.step("exported", confirm)
        for new in ("credited", "told"):
            measured.step(new, partial(move, new))
        moved = _moved(database)
    finally:
        database.dispose()
    exact = moved == dict.fromkeys(STEPS, appeals) and len({month.appeal for month in months}) == appeals
    # Whoever registers an appeal waits for SQLite's one writer; in PostgreSQL only for rows of the same appeal.
    quick = not database.sqlite or all(each["longest_seconds"] <= HELD_BOUND for each in measured.steps.values())
    return {"steps": measured.steps, "moved": moved, "fine": exact and quick}


def _moved(database: Database) -> dict[str, int]:
    """Return how many free months took each step, by the logs of their appeals; all of them have to be told now."""
    wanted = select(appeal_event.c.data).where(appeal_event.c.kind == "CompensationMoved")
    told = select(func.count()).where(compensation.c.state == "told")
    with database.read() as connection:
        found = Counter(str(data["state"]) for data in connection.scalars(wanted))
        return dict(found) if connection.scalar(told) == found["told"] else {}


def main() -> int:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--appeals", type=int, default=10_000)
    options = parser.parse_args()
    with postgresql("free-months") as (folder, server):
        sqlite_database(folder / "desk.db").dispose()
        url = server.create_database()
        fresh = Database(url)
        migrate(fresh)
        fresh.dispose()
        return concluded(
            {
                "sqlite": batch(f"sqlite:///{folder / 'desk.db'}", options.appeals),
                "postgresql": batch(url, options.appeals),
            }
        )


if __name__ == "__main__":
    sys.exit(main())
