"""Nothing lost, nothing twice: random kills, cuts, delays and repeats between real Prometheus and the desk.

A real Prometheus, two real Alertmanagers in a cluster, and a desk on SQLite or PostgreSQL, or both desks of a pair
behind HAProxy on a PostgreSQL under Patroni. Problems come and go; meanwhile a desk, an Alertmanager or PostgreSQL
(of a pair the server that leads) is killed with -9 at random moments, an Alertmanager is frozen, the
Alertmanagers are cut from each other (network namespaces, or a proxy where those are not permitted), and a proxy
before the desk delays webhooks, delivers them twice at once or seconds later, and claims failure after delivery. At
the end every problem that fired must have exactly one ticket, in the state that Prometheus gives it. Prints one JSON
object; exit status 1 when something is lost or doubled. A seed repeats what is killed, cut and broken in which order.

    python -m bench.desk_chaos [--database sqlite|postgresql|pair] [--problems 2000] [--kills 50] [--seed 1]
"""

import argparse
import json
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bench.chaos_network import Network, network
from bench.chaos_pair import PairDesks, PairPostgres
from bench.chaos_servers import Server, alertmanagers, prometheus
from bench.chaos_world import Desk, Road, World, bad_road, exporter
from bench.conclusion import concluded
from deploy.pair.loopback import short_folder
from tests.contract.desk.conftest import Process
from tests.contract.desk.postgres import Postgres
from tests.contract.web import web

TICKETS = "/tmf-api/troubleTicket/v5/troubleTicket"
FIELDS = "status,statusChangeReason,relatedEntity,troubleTicketCharacteristic"
PAGE = 250
PATIENCE = 600.0  # seconds for a start: at full size on a crowded machine thousands of webhooks are there first
QUIET_SECONDS = 900.0  # the longest that everything may take to agree after the last trouble, on a crowded machine
SETTINGS = 'reconcile = "3s"\nsettled = "20s"\nconfirmation = "1h"\nwatchdog = ""\nlate_duplicates = "10s"\n'


@dataclass(slots=True)
class Scene:
    """Who can be hurt."""

    desk: Desk
    managers: list[Server]
    ways: Network
    postgres: Postgres | PairPostgres | None
    dice: random.Random
    done: Counter[str] = field(default_factory=Counter)
    cut_until: int | None = None  # the number of the trouble before which the cut ends
    cut_since: float = 0.0
    cut_seconds: float = 0.0

    def plan(self, kills: int) -> list[str]:
        """Return the troubles in a random order: so many kills, a freeze for ten of them, a cut for five."""
        victims = ["desk", "alertmanager"] + ["postgresql"] * (self.postgres is not None)
        troubles = [victims[number % len(victims)] for number in range(kills)]
        troubles += ["freeze"] * max(1, kills // 10) + ["cut"] * max(1, kills // 5)
        self.dice.shuffle(troubles)
        return troubles

    def hurt(self, trouble: str, number: int) -> None:
        """Do it, and repair what it broke; a cut outlasts the next one to three troubles."""
        if self.cut_until is not None and (trouble == "cut" or number >= self.cut_until):
            self.join()
        pause, manager = self.dice.uniform(0, 2), self.dice.choice(self.managers)
        lasts = self.dice.randint(2, 4)
        self.done[trouble] += 1
        match trouble:
            case "desk":
                self.desk.kill()
                time.sleep(pause)
                self.desk.start(PATIENCE)
            case "postgresql" if self.postgres:
                self.postgres.kill()
                time.sleep(pause)
                self.postgres.start()
            case "alertmanager":
                manager.stop(signal.SIGKILL)
                time.sleep(pause)
                manager.start()
            case "freeze" if manager.running:
                manager.running.send_signal(signal.SIGSTOP)
                time.sleep(1 + 2 * pause)
                manager.running.send_signal(signal.SIGCONT)
            case _:
                self.cut_until, self.cut_since = number + lasts, time.monotonic()
                self.ways.cut()
                wait(lambda: [each.peers() for each in self.managers] == [1, 1], "both Alertmanagers notice the cut")

    def join(self) -> None:
        """End a cut."""
        if self.cut_until is not None:
            self.ways.join()
            self.cut_until = None
            self.cut_seconds += time.monotonic() - self.cut_since


def wait(condition: Callable[[], bool], what: str) -> None:
    """Wait until it is so; raise OSError when it takes too long."""
    deadline = time.monotonic() + 60
    while True:
        try:
            if condition():
                return
        except httpx.TransportError:
            pass
        if time.monotonic() > deadline:
            raise OSError(f"not within a minute: {what}")
        time.sleep(0.1)


def chaos(  # noqa: PLR0913 - what a run is made of
    folder: Path,
    kind: str,
    *,
    problems: int,
    kills: int,
    seed: int,
    lay: Callable[[], AbstractContextManager[Network]] = network,
) -> dict[str, Any]:
    """Run it; return what came of it."""
    began = time.monotonic()
    world = World(problems, random.Random(f"world {seed}"))
    with ExitStack() as stack:
        desk, server = _desk(folder, kind, seed, stack)
        token = folder / "token"
        road = Road(desk, random.Random(f"road {seed}"))
        ways = stack.enter_context(lay())
        webhooks = [stack.enter_context(web(bad_road(road), place.near)) for place in ways.places]
        managers = alertmanagers(folder, ways, webhooks, token)
        source = prometheus(folder, stack.enter_context(web(exporter(world))), managers)
        addresses = json.dumps([manager.url for manager in managers])
        _begin(desk, f'alertmanagers = {addresses}\nprometheus = "{source.url}"\n{SETTINGS}')
        token.write_text(desk.token)
        for each in (*managers, source):
            stack.callback(each.stop)
            each.start()
        scene = Scene(desk, managers, ways, server, random.Random(f"scene {seed}"))
        wait(lambda: [each.peers() for each in managers] == [2, 2], "the Alertmanagers find each other")
        _rage(world, scene, kills)
        road.smooth()
        calm = time.monotonic()
        wait(lambda: [each.peers() for each in managers] == [2, 2], "the Alertmanagers find each other again")
        wrong = _settle(world, desk)
        wrong += [f"the desk logged: {line}" for line in desk.log.splitlines() if '"level": "error"' in line][:20]
        fired = {number for number, _ in world.ever}
        return {
            "database": kind,
            "seed": seed,
            "problems": len(fired),
            "alerts": len(world.ever),
            "still_broken": len({number for number, _ in world.broken}),
            "kills": {name: scene.done[name] for name in ("desk", "alertmanager", "postgresql") if scene.done[name]},
            "freezes": scene.done["freeze"],
            "cuts": {"number": scene.done["cut"], "by": ways.kind, "seconds": round(scene.cut_seconds)},
            "road": dict(sorted(road.counts.items())),
            "agreed_after_seconds": round(time.monotonic() - calm, 1),
            "seconds": round(time.monotonic() - began),
            "wrong": wrong,
        }


def _desk(
    folder: Path, kind: str, seed: int, stack: ExitStack
) -> tuple[Process | PairDesks, Postgres | PairPostgres | None]:
    """Return a desk that is not started yet, and its PostgreSQL; what ends them is on the stack."""
    if kind == "pair":
        both = PairDesks(folder, random.Random(f"desks {seed}"))
        stack.callback(both.end)
        return both, PairPostgres(both.pair)
    server: Postgres | None = None
    if kind == "postgresql":
        server = stack.enter_context(Postgres())
    desk = Process(folder, "", server.create_database() if server else "")
    stack.callback(_end, desk)
    return desk, server


def _begin(desk: Process | PairDesks, settings: str) -> None:
    if isinstance(desk, PairDesks):
        desk.begin(settings)
        return
    with desk.config.open("a") as file:
        file.write(settings)
    desk.start()


def _rage(world: World, scene: Scene, kills: int) -> None:
    troubles = scene.plan(kills)
    for number, trouble in enumerate(troubles):
        world.turn(number / len(troubles))
        calm = scene.dice.uniform(0.5, 2.5)
        time.sleep(calm)
        world.calm += calm
        scene.hurt(trouble, number)
        print(f"{number + 1}/{len(troubles)} {trouble}", file=sys.stderr)
    scene.join()
    world.turn(1.0)


def _end(desk: Process) -> None:
    if desk.running:
        desk.kill()


def _settle(world: World, desk: Desk) -> list[str]:
    """Wait until the desk says of every problem what Prometheus says; return what it does not."""
    deadline = time.monotonic() + QUIET_SECONDS
    wrong = ["nothing was compared"]
    while wrong and time.monotonic() < deadline:
        time.sleep(1)
        try:
            wrong = differences(world, desk)
        except httpx.TransportError as error:
            wrong = [f"the desk does not answer: {error}"]
        print(f"{len(wrong)} problems do not agree yet: {wrong[:3]}", file=sys.stderr)
    return wrong[:20]


def differences(world: World, desk: Desk) -> list[str]:
    """Return what the desk has other than it should."""
    tickets: dict[str, list[dict[str, Any]]] = {}
    with desk.client() as client:
        offset, total = 0, 1
        while offset < total:
            answer = client.get(TICKETS, params={"offset": offset, "limit": PAGE, "fields": FIELDS})
            total = int(answer.headers["x-total-count"])
            offset += PAGE
            for ticket in answer.json():
                tickets.setdefault(ticket["relatedEntity"][0]["entity"]["id"], []).append(ticket)
    expected = {f"n{number}": 0 for number, _ in world.ever}
    for number, _ in world.broken:
        expected[f"n{number}"] += 1
    result = [f"{node} has a ticket and never fired" for node in sorted(tickets.keys() - expected.keys())]
    for node, broken in expected.items():
        found = tickets.get(node, [])
        if len(found) != 1:
            result.append(f"{node} has {len(found)} tickets")
            continue
        (firing,) = (c["value"] for c in found[0]["troubleTicketCharacteristic"] if c["name"] == "firingAlarms")
        status, reason = found[0]["status"], found[0].get("statusChangeReason")
        recovered = (status, reason) == ("resolved", "recovered")
        if firing != broken or recovered == bool(broken) or (status == "resolved") != recovered:
            result.append(f"{node}: {broken} broken, the ticket has {firing} firing and is {status} ({reason})")
    return result


def main() -> int:
    """Run; return 1 when something was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=["sqlite", "postgresql", "pair"], default="sqlite")
    parser.add_argument("--problems", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    folder = short_folder()
    folder.chmod(0o711)
    result = chaos(folder, arguments.database, problems=arguments.problems, kills=arguments.kills, seed=arguments.seed)
    return concluded(result, folder, folder)


if __name__ == "__main__":
    sys.exit(main())
