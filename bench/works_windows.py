"""Planned works by the thousand: does a ticket open for what no window covers, at its moment, and for nothing else?

Worlds of planned works around changes of clocks run through the desk's webhook and its worker with a clock that is
moved; the desk is started again in the middle of each. When a ticket has to open is reckoned apart from the desk.
Prints one JSON object; exit status 1 when a ticket is lost, doubled, late, or not wanted.

    python -m bench.works_windows [--windows 1000] [--seed 1]
"""

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select

from alerts.desk.alarms.correlation.correlator import Correlator
from alerts.desk.alarms.correlation.topology import Plan
from alerts.desk.alarms.ingest import end_works, ingest
from alerts.desk.alarms.webhook import parse
from alerts.desk.app.wiring import policy_of
from alerts.desk.core.database import Database
from alerts.desk.core.migrate import migrate
from alerts.desk.core.settings import Settings
from alerts.desk.core.tables import alarm, ticket, works_alarm
from alerts.desk.works import changes, store
from alerts.desk.works.works import Works
from bench.works_world import Act, Fault, World, build, expect, happens, moments

WORKS_IN_A_WORLD = 12
LATE = timedelta(seconds=1)
_LABELS = {"alertname": "NodeDown", "severity": "critical", "service_affecting": "yes"}


class Desk:
    """The desk of one world, on SQLite."""

    def __init__(self, folder: Path) -> None:
        self._url = f"sqlite:///{folder / 'desk.db'}"
        self._policy = policy_of(Settings(database=self._url, time_zone="UTC"))  # type: ignore[arg-type]
        self._correlator = Correlator(Plan(by_default=True))
        self.database = Database(self._url)
        migrate(self.database)

    def restart(self) -> None:
        """End the desk and start it again: what it knows is in its database."""
        self.database.dispose()
        self.database = Database(self._url)
        self._correlator = Correlator(Plan(by_default=True))

    def put(self, works: Works, now: datetime) -> int:
        """Store works; return their number."""
        with self.database.write() as connection:
            return store.put(connection, works, "bench", now).number

    def act(self, act: Act, now: datetime) -> None:
        """Do to works what an engineer does."""
        with self.database.write() as connection:
            known = store.find(connection, act.planned.number, lock=True)
            if known is None:
                raise LookupError(act.planned.works.title)
            if act.what == "cancel":
                changed = [replace(known, cancelled_at=now)]
            elif act.what == "finish":
                changed = [changes.finished(known, now)]
            else:
                ends = act.planned.running(now)
                until = ends[1].astimezone(ZoneInfo(known.time_zone)).replace(tzinfo=None) if ends else known.ends
                changed = changes.extended(known, until, now)
            for works in changed:
                store.put(connection, works, "bench", now)

    def tell(self, fault: Fault, now: datetime, *, firing: bool) -> None:
        """Deliver a notification about one alarm."""
        labels = _LABELS | {"node": fault.node, "site": "somewhere"}
        alert = {
            "status": "firing" if firing else "resolved",
            "labels": labels,
            "annotations": {"summary": fault.node},
            "startsAt": fault.begin.isoformat(),
            "endsAt": "0001-01-01T00:00:00Z" if firing else fault.end.isoformat(),
            "generatorURL": "http://prometheus/graph",
            "fingerprint": f"{hash(fault.node) % 16**16:016x}",
        }
        group = {name: labels[name] for name in ("alertname", "node", "site")}
        body = {"version": "4", "groupKey": "{}", "truncatedAlerts": 0, "status": alert["status"], "receiver": "desk",
                "groupLabels": group, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://a",
                "alerts": [alert]}  # fmt: skip
        ingest(self.database, parse(json.dumps(body).encode()), self._policy, now, self._correlator)

    def round(self, now: datetime) -> None:
        """Let the worker look at planned works."""
        end_works(self.database, self._policy, now, self._correlator)

    def tickets(self) -> list[tuple[str, datetime]]:
        """Return the node and the opening of every ticket."""
        with self.database.read() as connection:
            rows = connection.execute(select(ticket.c.labels, ticket.c.opened_at)).all()
        return [(labels["node"], opened) for labels, opened in rows]

    def on_record(self) -> set[str]:
        """Return the nodes whose alarm is on record, with a ticket or with works."""
        with self.database.read() as connection:
            rows = [*connection.execute(select(alarm.c.labels)), *connection.execute(select(works_alarm.c.labels))]
        return {labels["node"] for (labels,) in rows}


def run(world: World, folder: Path) -> list[str]:
    """Let the days of a world pass; return what is wrong."""
    desk, acts = Desk(folder), list(world.acts)
    try:
        for one in world.planned:
            one.number = desk.put(one.works, world.start)
        known = moments(world)
        for place, now in enumerate(known):
            if place == len(known) // 2:
                desk.restart()
            while acts and acts[0].at <= now:
                act = acts.pop(0)
                if happens(act, now) is not None:
                    desk.act(act, now)
            for fault in world.faults:
                if now in (fault.begin, fault.end):
                    desk.tell(fault, now, firing=now == fault.begin)
            desk.round(now)
            expect(world, now)
        return wrong(world, desk)
    finally:
        desk.database.dispose()


def wrong(world: World, desk: Desk) -> list[str]:
    """Return what is wrong about the tickets of a world."""
    opened, found = dict(desk.tickets()), list[str]()
    found += [
        f"{node}: {count} tickets" for node, count in Counter(node for node, _ in desk.tickets()).items() if count > 1
    ]
    recorded = desk.on_record()
    for fault in world.faults:
        at = opened.get(fault.node)
        if fault.node not in recorded:
            found.append(f"{fault.node}: not on record")
        if fault.ticket is None and at is not None:
            found.append(f"{fault.node}: ticket at {at} though works cover it")
        elif fault.ticket is not None and at is None:
            found.append(f"{fault.node}: no ticket, wanted at {fault.ticket}")
        elif fault.ticket is not None and at is not None and abs(at - fault.ticket) > LATE:
            found.append(f"{fault.node}: ticket at {at}, wanted at {fault.ticket}")
    return found


def campaign(windows: int, seed: int) -> dict[str, object]:
    """Run worlds until there were so many windows; return the report."""
    dice, counts, found = random.Random(seed), Counter[str](), list[str]()
    while counts["windows"] < windows:
        world = build(dice, WORKS_IN_A_WORLD)
        with tempfile.TemporaryDirectory(prefix="works-") as folder:
            found += [f"world {counts['worlds']}: {text}" for text in run(world, Path(folder))]
        counts["worlds"] += 1
        counts["windows"] += world.windows
        counts["alarms"] += len(world.faults)
        counts["tickets"] += sum(fault.ticket is not None for fault in world.faults)
        counts.update(act.what for act in world.acts)
    return {"seed": seed, **counts, "wrong": found}


def main(words: Sequence[str] | None = None) -> int:
    """Run; return 1 when something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(words)
    result = campaign(arguments.windows, arguments.seed)
    print(json.dumps(result, indent=2))
    return 1 if result["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
