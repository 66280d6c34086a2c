"""Seconds from killing a node to its ticket in the desk's API, through the whole chain with the shipped settings.

The demo's nodes die at random moments of the scrape interval: their nginx and agent get kill -9. In between, agents
hang just long enough to miss a single scrape, which must raise nothing: no alert, not even a pending one, no ticket.

    python -m bench.detection [--kills 6] [--hiccups 3] [--seed N]
"""

import argparse
import json
import random
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from demo.apis import Desk, Point, Prometheus, Ticket
from demo.layout import NODES
from demo.processes import wait_until
from demo.stack import Stack

TARGET_MEDIAN, TARGET_WORST = 12.0, 17.0
SCRAPE_INTERVAL, SCRAPE_TIMEOUT = 5.0, 3.0
# From a repaired node's first good scrape on: what the rule looks back over is clean again.
SETTLED_SCRAPES = 4
PATIENCE = 60.0


class Kill(NamedTuple):
    """One death and when it was known."""

    node: str
    seconds: float
    ticket: str
    reopened: bool


class Bench:
    """Kills and hiccups on one running stack."""

    def __init__(self, stack: Stack, prometheus: Prometheus, desk: Desk, rng: random.Random) -> None:
        self._stack = stack
        self._prometheus = prometheus
        self._desk = desk
        self._rng = rng

    def kill(self, node: str) -> Kill:
        """Kill a node at a random moment, wait for its open ticket, repair it and wait until that is resolved."""
        self._settle(node)
        known = {ticket.number for ticket in self._tickets(node)}
        time.sleep(self._rng.uniform(0, SCRAPE_INTERVAL))
        self._stack.break_(node)
        seconds = wait_until(lambda: bool(self._open(node)), PATIENCE, f"no ticket says that {node} is down")
        ticket = self._open(node)[0]
        self._stack.repair(node)
        wait_until(lambda: not self._open(node), PATIENCE, f"the ticket of {node} does not move on")
        return Kill(node, round(seconds, 2), ticket, ticket in known)

    def hiccup(self, node: str) -> int:
        """Let a node's agent hang through one scrape; return how many scrapes failed, after proving the silence."""
        self._settle(node)
        tickets = [ticket.body for ticket in self._tickets(node)]
        agent = self._stack.programs[f"{node} agent"]
        begun = self._scrapes(node)[-1].time
        # Just before the next scrape, which then waits its whole timeout in vain.
        time.sleep(max(0.0, begun + SCRAPE_INTERVAL - 0.5 - time.time()))
        agent.signal(signal.SIGSTOP)
        time.sleep(0.5 + SCRAPE_TIMEOUT + 0.5)
        agent.signal(signal.SIGCONT)
        self._settle(node)
        failed = sum(not up for at, up in self._scrapes(node) if at > begun)
        since = f"[{time.time() - begun:.0f}s]"
        alerts = self._prometheus.values(
            f'max_over_time(ALERTS{{alertname="NodeDown",node="{node}"}}{since})', time.time()
        )
        if alerts or [ticket.body for ticket in self._tickets(node)] != tickets:
            raise SystemExit(f"{node} missed {failed} scrapes and it was told: {alerts}")
        return failed

    def _settle(self, node: str) -> None:
        def clean() -> bool:
            return [up for _, up in self._scrapes(node)[-SETTLED_SCRAPES:]] == [1.0] * SETTLED_SCRAPES

        wait_until(clean, PATIENCE, f"{node} is not scraped")

    def _scrapes(self, node: str) -> list[Point]:
        return self._prometheus.points(f'up{{job="ott-agent",node="{node}"}}[1m]', time.time())

    def _tickets(self, node: str) -> list[Ticket]:
        return self._desk.tickets(alertname="NodeDown", node=node)

    def _open(self, node: str) -> list[str]:
        closed = {"resolved", "closed", "rejected", "cancelled"}
        return [ticket.number for ticket in self._tickets(node) if ticket.status not in closed]


class Result(NamedTuple):
    """What was measured."""

    seed: int
    kills: list[Kill]
    scrapes_missed_in_silence: list[int]

    @property
    def median(self) -> float:
        return statistics.median(kill.seconds for kill in self.kills)

    @property
    def worst(self) -> float:
        return max(kill.seconds for kill in self.kills)

    @property
    def fine(self) -> bool:
        within = self.median <= TARGET_MEDIAN and self.worst <= TARGET_WORST
        return within and set(self.scrapes_missed_in_silence) == {1}


def measure(kills: int, hiccups: int, seed: int) -> Result:
    """Start the stack and return what was measured."""
    nodes = [node.name for node in NODES]
    result = Result(seed, [], [])
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(Path(folder) / "demo", _say) as stack,
        Prometheus(stack.layout.url("prometheus")) as prometheus,
        Desk(stack.layout.url("desk"), stack.api_token) as desk,
    ):
        bench = Bench(stack, prometheus, desk, random.Random(seed))
        for number in range(hiccups):
            node = nodes[number % len(nodes)]
            result.scrapes_missed_in_silence.append(bench.hiccup(node))
            _say(f"{node} missed {result.scrapes_missed_in_silence[-1]} scrape: no alert, no ticket")
        for number in range(kills):
            result.kills.append(bench.kill(nodes[number % len(nodes)]))
            _say(f"{result.kills[-1].node}: {result.kills[-1].seconds:.1f} s")
    return result


def main() -> int:
    """Measure, print one JSON object, and return 1 when a target was missed."""
    parser = argparse.ArgumentParser("bench.detection")
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--hiccups", type=int, default=3)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    result = measure(arguments.kills, arguments.hiccups, arguments.seed)
    kills = [kill._asdict() for kill in result.kills]
    print(json.dumps({**result._asdict(), "kills": kills, "median": result.median, "worst": result.worst}))
    return 0 if result.fine else 1


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
