"""Two of everything under fire: each process of a pair is killed with -9 while nodes fail and somebody writes.

The pair is that of `deploy.pair`, by the settings that `ott-center pair` writes, on loopback addresses. Each blow kills
one process, two at once, or a whole side, and at the same moment a node goes down; what was killed comes back seconds
later. At the end every node that was down must have exactly one ticket in the right state, every acknowledged write
must be there, no event may have been told twice, and every answer that a node gave must be in a database (what each
side's alone lacks is counted, too). Prints one JSON object; exit status 1 when something is lost or doubled. A seed
repeats the order of the blows.

    python -m bench.pair_chaos [--engine prometheus] [--kills 50] [--seed 1]
"""

import argparse
import os
import random
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.conclusion import concluded
from bench.pair_world import Console, Listener, Nodes, Writer, lost, stored, web
from center.pair_settings import Machine
from demo.processes import DemoError, Program, wait_until
from deploy.pair.loopback import SIDES, Pair, addresses, missing, running, settings_of, short_folder

SECONDS = 180.0
DATABASE = "postgresql"  # the leader's server alone; its Patroni lives
MACHINE = "machine"  # everything of one side at once
FAILOVER = (DATABASE, "patroni", MACHINE)
Blow = tuple[str, ...]


@dataclass(slots=True)
class Scene:
    """The pair, its surroundings and what was done to them."""

    pair: Pair
    nodes: Nodes
    console: Console
    dice: random.Random
    done: Counter[str] = field(default_factory=Counter)
    detected: dict[str, list[float]] = field(default_factory=dict)
    repaired: set[int] = field(default_factory=set)

    def strike(self, blow: Blow, number: int) -> None:
        """Kill, break a node at the same moment, bring back what was killed, and wait for the node's ticket."""
        began = time.monotonic()
        killed = [program for victim in blow for program in self._kill(victim)]
        self.nodes.down.add(number)
        down = self.dice.uniform(1, 8)
        seen = False
        while time.monotonic() - began < down and not seen:
            seen = bool(self.console.of(number))
            time.sleep(0.2)
        took = time.monotonic() - began
        if not seen:
            self._start(killed)
            self.console.wait_for(number, SECONDS)
            took = time.monotonic() - began
        else:
            self._start(killed)
        name = "+".join(blow)
        self.done[name] += 1
        self.detected.setdefault(name, []).append(took)
        self.settle()
        print(f"{number + 1} {name}: {took:.1f} s", file=sys.stderr, flush=True)

    def repair(self, number: int) -> None:
        """Let a node answer again."""
        self.nodes.down.discard(number)
        self.repaired.add(number)

    def settle(self) -> None:
        """Wait until every program is of use and PostgreSQL has its standby again.

        What found no database when it was started ended, and is started again as systemd does.
        """
        deadline = time.monotonic() + SECONDS
        for program in self.pair.programs.values():
            while True:
                try:
                    program.wait_ready(SECONDS)
                    break
                except DemoError:
                    if not program.died or time.monotonic() > deadline:
                        raise
                    time.sleep(1)
                    program.start()
        wait_until(self.pair.has_standby, SECONDS, "PostgreSQL has no standby")

    def _kill(self, victim: str) -> list[Program]:
        side = self.dice.choice(SIDES)
        if victim == DATABASE:
            leader = self.pair.leader() or side
            os.kill(self.pair.postmaster(leader), signal.SIGKILL)
            return []
        if victim == MACHINE:
            return self._power_cut(self.pair.leader() or side)
        program = self.pair.programs[side, victim]
        program.kill()
        return [program]

    def _power_cut(self, side: Machine) -> list[Program]:
        found = [program for (where, _), program in self.pair.programs.items() if where == side]
        postmaster = self.pair.postmaster(side)
        for program in found:
            program.kill()
        with suppress(ProcessLookupError):
            os.kill(postmaster, signal.SIGKILL)
        return found

    @staticmethod
    def _start(killed: Sequence[Program]) -> None:
        for program in killed:
            program.start()


def plan(kills: int, engine: str, dice: random.Random) -> list[Blow]:
    """Return the blows in a random order: each kind of process in turn, a third of them in pairs."""
    kinds = ["desk", "prometheus-alertmanager", DATABASE, "haproxy", "busyhour", "etcd", "patroni", MACHINE]
    kinds += ["prometheus"] if engine == "prometheus" else ["victoria-metrics", "vmagent", "vmalert"]
    blows: list[Blow] = []
    for number in range(kills):
        first = kinds[number % len(kinds)]
        others = [kind for kind in kinds if kind not in {first, MACHINE, "patroni"}]
        paired = number >= len(kinds) and number % 3 == 0 and first != MACHINE
        blows.append((first, dice.choice(others)) if paired else (first,))
    dice.shuffle(blows)
    return blows


def campaign(folder: Path, blows: Sequence[Blow], *, engine: str, seed: int) -> dict[str, Any]:
    """Run it; return what came of it."""
    began, wall = time.monotonic(), time.time()
    # Where most nodes fail, the desk rightly suspects what they share and opens one ticket for all.
    nodes, listener = Nodes(3 * len(blows) + 2), Listener()
    with ExitStack() as stack:
        targets = nodes.targets(stack.enter_context(web(nodes.handler())))
        callback = stack.enter_context(web(listener.handler()))
        pair = stack.enter_context(running(settings_of(addresses(), folder, engine), folder, targets))
        console = Console(pair)
        stack.callback(console.close)
        started = time.monotonic() - began
        listener.subscribe(pair, callback)
        wait_until(lambda: peers(pair) == [2, 2], SECONDS, "the Alertmanagers do not find each other")
        wait_until(lambda: all(len(nodes.ledger[each]) > 2 for each in range(nodes.count)), SECONDS, "no scrapes")
        writer = Writer(pair)
        writer.start()
        scene = Scene(pair, nodes, console, random.Random(f"scene {seed}"))
        try:
            for number, blow in enumerate(blows):
                scene.strike(blow, number)
                if number % 2:
                    scene.repair(number)
        finally:
            writer.stop()
        span = (wall, time.time())
        wrong = settle(scene, span)
        by_hand = {str(ticket["id"]) for ticket in console.tickets() if str(ticket["name"]).startswith("written ")}
        wrong += [f"write {each} was acknowledged and is gone" for each in sorted(set(writer.acknowledged) - by_hand)]
        wrong += [f"ticket {each} was announced as new twice" for each in listener.doubled()]
        counted = {side: len(_lost(pair, nodes, [side], span)) for side in SIDES}
        return {
            "engine": engine,
            "seed": seed,
            "started_after_seconds": round(started, 1),
            "blows": dict(sorted(scene.done.items())),
            "detection_seconds": _detection(scene),
            "writes": {
                "acknowledged": len(writer.acknowledged),
                "refused": writer.refused,
                "longest_gap_seconds": round(max(writer.gaps, default=0.0), 1),
            },
            "events": {"heard": len(listener.events), "heard_again": listener.repeated()},
            "answers_of_nodes": {"given": sum(map(len, nodes.ledger.values())), "lacking_on_one_side": counted},
            "seconds": round(time.monotonic() - began),
            "wrong": wrong,
        }


def _detection(scene: Scene) -> dict[str, Any]:
    by_kind = sorted(scene.detected.items())
    quick = [each for name, times in by_kind if not _fails_over(name) for each in times]
    slow = [each for name, times in by_kind if _fails_over(name) for each in times]
    kinds = {name: times_of(times) for name, times in by_kind}
    return {"without_failover": times_of(quick), "with_failover": times_of(slow), "by_kind": kinds}


def peers(pair: Pair) -> list[int]:
    """Return how many members each Alertmanager's cluster has by its own word."""
    return [len(pair.http.get(f"{pair.url(side, 9093)}/api/v2/status").json()["cluster"]["peers"]) for side in SIDES]


def settle(scene: Scene, span: tuple[float, float]) -> list[str]:
    """Wait until the desks agree with the world and the databases have caught up; return what is wrong."""
    scene.settle()
    deadline = time.monotonic() + SECONDS
    wrong = ["nothing was compared"]
    while wrong and time.monotonic() < deadline:
        time.sleep(1)
        wrong = _differences(scene)
        if gone := _lost(scene.pair, scene.nodes, SIDES, span):
            shown = ", ".join(f"edge-{number} after {moment - span[0]:.1f} s" for number, moment in gone[:20])
            wrong.append(f"{len(gone)} answers are in no database: {shown}")
    return wrong


def _differences(scene: Scene) -> list[str]:
    wrong = []
    for number in range(scene.nodes.count):
        found = scene.console.of(number)
        if len(found) != (number in scene.nodes.down or number in scene.repaired):
            wrong.append(f"edge-{number} has {len(found)} tickets")
        elif found:
            (ticket,) = found
            states = {"resolved", "closed"} if number in scene.repaired else {"acknowledged"}
            if ticket["status"] not in states:
                wrong.append(f"edge-{number}: the ticket is {ticket['status']} ({ticket.get('statusChangeReason')})")
    return wrong


def _lost(pair: Pair, nodes: Nodes, sides: Sequence[Machine], span: tuple[float, float]) -> list[tuple[int, float]]:
    """Return the answers of that time, by node and moment, that none of these sides' databases has."""
    gone: list[tuple[int, float]] = []
    for number, ledger in list(nodes.ledger.items()):
        known = [moment for side in sides for moment in stored(pair, side, number, span[0])]
        gone += [(number, moment) for moment in lost([each for each in ledger if each < span[1]], known)]
    return gone


def _fails_over(name: str) -> bool:
    return bool(set(name.split("+")) & set(FAILOVER))


def times_of(times: Sequence[float]) -> dict[str, float]:
    """Return median and worst of some seconds, and how many there are; empty for none."""
    if not times:
        return {}
    return {"median": round(statistics.median(times), 1), "worst": round(max(times), 1), "number": len(times)}


def main() -> int:
    """Run; return 1 when something was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=["victoriametrics", "prometheus"], default="victoriametrics")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if lacking := missing():
        parser.error(f"missing: {', '.join(lacking)}; docs/pair.md names the packages")
    blows = plan(arguments.kills, arguments.engine, random.Random(f"plan {arguments.seed}"))
    folder = short_folder()
    result = campaign(folder, blows, engine=arguments.engine, seed=arguments.seed)
    return concluded(result, folder, folder / "log")


if __name__ == "__main__":
    sys.exit(main())
