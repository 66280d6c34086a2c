"""Seconds from a node's end to its ticket, through a pair of which nothing is wrong.

The pair is that of `deploy.pair`, by the settings that `ott-center pair` writes, on loopback addresses. Nodes end at
random moments within a minute, half by refusing what they are asked (the program was killed), half by silence (the
machine is off: each scrape lasts its whole timeout). Others miss one answer and must open nothing. Sites of four nodes
end as a whole: of each the site must have a ticket and its nodes none. In the end everything else goes silent, and no
further node or site may be told. Prints one JSON object: seconds until the console lists the ticket; exit status 1 when
a bound is passed.

    python -m bench.pair_detection [--engine prometheus] [--kills 20] [--seed 1]
"""

import argparse
import json
import random
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bench.conclusion import concluded
from bench.pair_chaos import peers, times_of
from bench.pair_world import SECONDS, Console, Nodes, web
from bench.rules_detection import TARGET_MEDIAN, TARGET_WORST
from demo.processes import wait_until
from deploy.pair.loopback import addresses, missing, running, settings_of, short_folder

SPAN = 60.0  # seconds within which all nodes end
KINDS = ("refuse", "hang", "hiccup")
HALL = 4  # nodes of a site that ends as a whole
HALLS = 4
HEALTHY = 6  # nodes for each that ends: where most of them fail, the desk suspects what they share


@dataclass(slots=True)
class Ending(Nodes):
    """Nodes that are down, that take a question and say nothing, or that miss one answer of each side."""

    silent: set[int] = field(default_factory=set)
    missing: dict[int, int] = field(default_factory=dict)

    def targets(self, address: str, sites: int | None = None) -> str:
        """Return the nodes as Prometheus' files of targets name them; the last ones share sites that end as a whole."""
        found = json.loads(Nodes.targets(self, address, sites))
        for hall, number in halls(self.count):
            found[number]["labels"]["site"] = f"hall-{hall}"
        return json.dumps(found)

    def answers(self, number: int) -> bool:
        """Return whether a node that is asked now answers; that is decided only later where it is silent."""
        if number in self.silent:
            time.sleep(10)  # longer than any scrape timeout
            return False
        if self.missing.get(number, 0):
            self.missing[number] -= 1
            return False
        return Nodes.answers(self, number)

    def end(self, number: int, kind: str) -> None:
        """Let a node end."""
        if kind == "refuse":
            self.down.add(number)
        elif kind == "hang":
            self.silent.add(number)
        else:
            self.missing[number] = 2


def halls(count: int) -> Iterator[tuple[int, int]]:
    """Yield each site that ends as a whole with each of its nodes."""
    for number in range(count - HALLS * HALL, count):
        yield (count - 1 - number) // HALL, number


def measure(folder: Path, kills: int, *, engine: str, seed: int) -> dict[str, Any]:
    """Run it; return what came of it."""
    dice = random.Random(seed)
    nodes = Ending(HEALTHY * kills + HALLS * HALL)
    kinds = dict(enumerate(kind for kind in KINDS for _ in range(kills)))
    ended: dict[str, float] = {}
    with ExitStack() as stack:
        targets = nodes.targets(stack.enter_context(web(nodes.handler())))
        pair = stack.enter_context(running(settings_of(addresses(), folder, engine), folder, targets))
        console = Console(pair)
        stack.callback(console.close)
        wait_until(lambda: peers(pair) == [2, 2], SECONDS, "the Alertmanagers do not find each other")
        wait_until(lambda: all(len(nodes.ledger[each]) > 2 for each in range(nodes.count)), SECONDS, "no scrapes")

        def end(name: str, kind: str, *numbers: int) -> None:
            ended[name] = time.time()
            for number in numbers:
                nodes.end(number, kind)

        ends: list[tuple[Any, ...]] = [(f"edge-{number}", kind, number) for number, kind in kinds.items()]
        ends += [
            (f"hall-{hall}", KINDS[hall % 2], *(number for of, number in halls(nodes.count) if of == hall))
            for hall in range(HALLS)
        ]
        for each in ends:
            threading.Timer(dice.uniform(0, SPAN), end, each).start()
        wanted = {kind: {name for name, of, *_ in ends if of == kind} for kind in KINDS[:2]}
        everyone = set.union(*wanted.values())
        told: dict[str, float] = {}
        deadline = time.monotonic() + SPAN + SECONDS
        while not everyone <= told.keys() and time.monotonic() < deadline:
            _listen(console, told)
            time.sleep(0.2)
        time.sleep(20)  # what a missed answer could still open
        _listen(console, told)
        for number in range(nodes.count):
            nodes.end(number, "refuse")
        time.sleep(60)
        _listen(console, told)
    wrong = [f"{name} has no ticket" for name in sorted(everyone - told.keys())]
    wrong += [
        f"a ticket is about {name}" for name in sorted(told.keys() - everyone) if name.startswith(("edge", "hall"))
    ]
    wrong += [f"a ticket is about {name}" for name in sorted(told) if name.startswith("site-")]
    if "ControlCentreCutOff" not in told:
        wrong.append("no ticket says that nothing answers any more")
    seconds = {}
    for kind, names in wanted.items():
        for of in ("edge", "hall"):
            found = times_of([told[name] - ended[name] for name in names & told.keys() if name.startswith(of)])
            seconds[f"{of}, {kind}"] = found
            # A site is down with the last of its nodes.
            if found and ((of == "edge" and found["median"] > TARGET_MEDIAN) or found["worst"] > TARGET_WORST):
                wrong.append(f"{of}, {kind}: {found['median']} s in the median and {found['worst']} s at most")
    return {"engine": engine, "seed": seed, "seconds": seconds, "missed_once": kills, "wrong": wrong}


def _listen(console: Console, told: dict[str, float]) -> None:
    """Note when a ticket about each node or site is listed first."""
    now = time.time()
    with suppress(httpx.TransportError):  # before either desk is served
        for ticket in console.tickets():
            told.setdefault(_subject(ticket), now)


def _subject(ticket: Mapping[str, Any]) -> str:
    """Return what a ticket of a single alarm is about: its node, else its site, its alert or its name."""
    for related in ticket.get("relatedEntity", []):
        return str(related["entity"]["id"])
    labels = {each["name"]: str(each["value"]) for each in ticket.get("troubleTicketCharacteristic", [])}
    return labels.get("label.site") or labels.get("label.alertname") or str(ticket["name"])


def main() -> int:
    """Run; return 1 when a node was found too late, or one that is well was told."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=["victoriametrics", "prometheus"], default="victoriametrics")
    parser.add_argument("--kills", type=int, default=20, help="of each kind (default 20)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if lacking := missing():
        parser.error(f"missing: {', '.join(lacking)}; docs/pair.md names the packages")
    folder = short_folder()
    result = measure(folder, arguments.kills, engine=arguments.engine, seed=arguments.seed)
    return concluded(result, folder, folder / "log")


if __name__ == "__main__":
    sys.exit(main())
