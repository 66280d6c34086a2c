"""Does the order of arrival decide? The same alarms in another order have to end in the same tickets.

Seeded histories of alarms that begin within a minute, with several valid causes and with inferred ones, go to the
desk's own ingestion twice, each time to an empty desk: all at once, and shuffled, in batches with pauses between them.
Compared is what belongs to one ticket, and as whose cause, and what is on record. Prints one JSON object; exit status 1
where anything differs.

    python -m bench.cause_orders [--histories 300] [--seed 1]
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from alerts.desk.alarms.correlation.correlator import NODES, Correlator
from alerts.desk.alarms.correlation.lineup import QUERY
from alerts.desk.alarms.correlation.topology import Element, Group, Link, Node, Plan
from alerts.desk.alarms.ingest import ingest_problems, problems
from alerts.desk.alarms.notification import Problem
from alerts.desk.alarms.release import pass_time
from alerts.desk.alarms.settle import settle_down
from alerts.desk.alarms.webhook import parse
from alerts.desk.app.wiring import policy_of
from alerts.desk.core.database import Database
from alerts.desk.core.migrate import migrate
from alerts.desk.core.settings import Settings
from alerts.desk.core.tables import alarm, correlated, ticket
from bench.campaign_alertmanager import Alert, Manager, Sent, body, fingerprint
from service.prometheus import Sample

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ONE_BY_ONE = 4  # alerts
EDGES = [Node(f"edge-{number}", "almaty" if number <= 5 else "astana", "edge") for number in range(1, 11)]
OTHERS = [Node("origin-1", "almaty", "origin"), Node("origin-2", "almaty", "origin"),
          Node("middleware-1", "almaty", "middleware")]  # fmt: skip
CHANNELS = [f"ch{number:02d}" for number in range(1, 21)]
PLAN = Plan(
    {"almaty": "", "astana": ""},
    (Element("uplink-astana", "uplink", "astana"), Element("packager", "packager", "almaty")),
    (
        Link("uplink-astana", "site:astana"),
        Link("origins", "packager"),
        Link("packager", "role:edge"),
        Link("middleware-1", "role:edge", layers=("quality",)),
    ),
    (Group("origins", ("origin-1", "origin-2"), 1),),
)
_KINDS = {"NodeDown": "node", "NodeDiskFull": "node", "NodeProcessMissing": "service", "EdgeErrorRatioHigh": "service",
          "EdgeSessionsLost": "quality"}  # fmt: skip
_POLICY = policy_of(Settings(time_zone="UTC"))  # type: ignore[arg-type]
Found = tuple[frozenset[Any], frozenset[Any]]
"""What belongs together and why, and what is on record."""


def history(dice: random.Random) -> list[Alert]:
    """Return the alarms of a history, each once."""
    found = [_one(dice) for _ in range(dice.randint(2, 12))]
    if dice.random() < 0.3:
        for channel in dice.sample(CHANNELS, dice.randint(1, 3)):
            found += [_stale(dice, channel, edge) for edge in EDGES if dice.random() < 0.8]
    for make in (_every_channel, _errors, _silence, _one_edge):
        if dice.random() < 0.25:
            found += make(dice)
    return list({fingerprint(one.labels): one for one in reversed(found)}.values())


def _alert(dice: random.Random, name: str, layer: str, span: int = 20, **labels: str) -> Alert:
    severity = {"severity": dice.choice(("critical", "major")), "service_affecting": "yes"}
    return Alert({"alertname": name, "layer": layer, **severity, **labels}, float(dice.randint(0, span)), None)


def _stale(dice: random.Random, channel: str, edge: Node) -> Alert:
    return _alert(dice, "StreamStale", "stream", channel=channel, node=edge.name, site=edge.site)


def _at(dice: random.Random, name: str, node: Node, span: int = 20) -> Alert:
    service = {} if name == "NodeDown" else {"service": "ott"}
    component = {"component": "edge"} if name.startswith("Edge") else {}
    return _alert(dice, name, _KINDS[name], span, node=node.name, site=node.site, **service, **component)


def _one(dice: random.Random) -> Alert:
    make: Callable[[], Alert] = dice.choice((
        lambda: _alert(dice, "NodeProcessMissing", "service", element="packager", site="almaty"),
        lambda: _alert(dice, "ElementDown", "network", element="uplink-astana"),
        lambda: _alert(dice, "SiteDown", "network", site=dice.choice(("almaty", "astana"))),
        lambda: _at(dice, "NodeDown", dice.choice(OTHERS)),
        *[lambda: _at(dice, dice.choice(list(_KINDS)), dice.choice([*EDGES, *OTHERS]))] * 3,
        lambda: _alert(dice, "PlatformTrafficCollapsed", "quality", service="ott"),
        *[lambda: _stale(dice, dice.choice(CHANNELS[:6]), dice.choice(EDGES))] * 3,
    ))  # fmt: skip
    return make()


def _every_channel(dice: random.Random) -> list[Alert]:
    share = dice.uniform(0.2, 0.9)
    return [_stale(dice, channel, edge) for channel in CHANNELS for edge in EDGES if dice.random() < share]


def _errors(dice: random.Random) -> list[Alert]:
    share = dice.uniform(0.3, 0.9)
    return [_at(dice, "EdgeErrorRatioHigh", edge, 40) for edge in EDGES if dice.random() < share]


def _silence(dice: random.Random) -> list[Alert]:
    share = dice.uniform(0.3, 0.9)
    return [_at(dice, "NodeDown", edge) for edge in EDGES if dice.random() < share]


def _one_edge(dice: random.Random) -> list[Alert]:
    edge = dice.choice(EDGES)
    return [_stale(dice, channel, edge) for channel in CHANNELS if dice.random() < 0.7]


class Desk:
    """Ingestion and its rounds on an empty database, with a clock that is moved."""

    def __init__(self, database: Database) -> None:
        self._database, self._manager, self._now = database, Manager(), START + timedelta(seconds=60)
        self._correlator = Correlator(PLAN)
        nodes = [Sample({"node": one.name, "site": one.site, "role": one.role}, 1.0) for one in (*EDGES, *OTHERS)]
        shown = [Sample({"channel": name, "site": site}, 5.0) for name in CHANNELS for site in ("almaty", "astana")]
        self._correlator.learn(lambda query: {NODES: nodes, QUERY: shown}.get(query, []))

    def tell(self, alerts: Sequence[Alert]) -> None:
        """Deliver alerts in one moment: a few by a notification each, many in one transaction."""
        sent = [body(Sent(0.0, self._manager.group_of(one.labels), (one,)), START) for one in alerts]
        found = [problems(parse(json.dumps(each).encode()), _POLICY) for each in sent]
        for some in found if len(found) <= ONE_BY_ONE else [merged(found)]:
            ingest_problems(self._database, some, _POLICY, self._now, correlator=self._correlator)

    def wait(self, seconds: float) -> None:
        """Let time pass, and the rounds with it."""
        self._now += timedelta(seconds=seconds)
        pass_time(self._database, self._correlator, _POLICY, self._now)
        settle_down(self._database, self._correlator, _POLICY, self._now)

    def found(self) -> Found:
        """Return the groups with their causes, and every occurrence on record."""
        root = func.coalesce(correlated.c.cause_id, correlated.c.ticket_id)
        above = ticket.alias("above"), correlated.alias("above_too")
        wanted = (
            select(alarm.c.fingerprint, alarm.c.starts_at, root, above[0].c.problem_key, above[1].c.kin)
            .join(correlated, correlated.c.ticket_id == alarm.c.ticket_id)
            .join(above[0], above[0].c.id == root)
            .join(above[1], above[1].c.ticket_id == root)
        )
        groups: dict[tuple[int, str], set[str]] = {}
        with self._database.read() as connection:
            for name, _, number, key, kin in connection.execute(wanted):
                groups.setdefault((number, json.dumps(kin, sort_keys=True) if kin else key), set()).add(name)
            rows = connection.execute(select(alarm.c.fingerprint, alarm.c.starts_at)).all()
        together = frozenset((why, frozenset(names)) for (_, why), names in groups.items())
        return together, frozenset((name, at) for name, at in rows)


def merged(found: Iterable[Iterable[Problem]]) -> list[Problem]:
    """Return the problems of several notifications, each once with all its alerts."""
    every: dict[str, Problem] = {}
    for one in (one for each in found for one in each):
        every.setdefault(one.key, replace(one, alerts=[])).alerts.extend(one.alerts)
    return [every[key] for key in sorted(every)]


def ends(database: Database, batches: Sequence[tuple[Sequence[Alert], float]]) -> Found:
    """Return what batches of alerts end in on an empty database; each is followed by a pause in seconds."""
    desk = Desk(database)
    for alerts, pause in batches:
        desk.tell(alerts)
        desk.wait(pause)
    for pause in (20.0, 61.0, 61.0):  # what waits is decided about, and it is quiet
        desk.wait(pause)
    return desk.found()


def shuffled(dice: random.Random, alerts: Sequence[Alert]) -> list[tuple[Sequence[Alert], float]]:
    """Return alerts in another order, in batches with pauses."""
    left, found = dice.sample(alerts, len(alerts)), list[tuple[Sequence[Alert], float]]()
    for _ in range(dice.randint(0, 6)):
        size = dice.randint(1, max(1, len(alerts) // 2))
        found.append((left[:size], float(dice.choice((1, 1, 3, 8, 20)))))
        left = left[size:]
    return [*found, (left, 1.0)]


def compare(seed: int, database: Callable[[], Database]) -> tuple[int, bool, bool]:
    """Return how many alarms a history has, and whether groups and record are the same in both orders."""
    dice = random.Random(seed)
    alerts = history(dice)
    found = [ends(database(), order) for order in ([(alerts, 1.0)], shuffled(dice, alerts))]
    every = len(found[0][1]) == len(found[1][1]) == len(alerts)
    return len(alerts), found[0][0] == found[1][0], every and found[0][1] == found[1][1]


def main() -> int:
    """Compare; return 1 where anything differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--histories", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    began, alarms, differing, lost = time.monotonic(), 0, list[int](), list[int]()
    with tempfile.TemporaryDirectory(prefix="cause-orders-") as folder:
        empty, used = Path(folder) / "empty.db", Path(folder) / "desk.db"
        made = Database(f"sqlite:///{empty}")
        migrate(made)
        made.dispose()
        opened: list[Database] = []

        def fresh() -> Database:
            if opened:
                opened.pop().dispose()
            for leftover in used.parent.glob("desk.db*"):
                leftover.unlink()
            shutil.copy(empty, used)
            opened.append(Database(f"sqlite:///{used}"))
            return opened[0]

        for seed in range(arguments.seed, arguments.seed + arguments.histories):
            count, same, kept = compare(seed, fresh)
            alarms += count
            differing += [] if same else [seed]
            lost += [] if kept else [seed]
        opened.pop().dispose()
    result = {"histories": arguments.histories, "seed": arguments.seed, "alarms": alarms,
              "differing": len(differing), "seeds that differ": differing[:20], "changed record": lost[:20],
              "seconds": round(time.monotonic() - began)}  # fmt: skip
    print(json.dumps(result, indent=2))
    return 1 if differing or lost else 0


if __name__ == "__main__":
    sys.exit(main())
