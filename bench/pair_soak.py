"""A pair over hours: a thousand healthy nodes are asked by both sides, and nothing may be missed, slow or grow.

The pair is that of `deploy.pair` with VictoriaMetrics, by the settings that `ott-center pair` writes, on loopback
addresses; the nodes are those of `bench.soak_nodes`. Four times a minute the memory of each program
(`bench.flat_memory`) and the room that each database takes are read. Prints one JSON object; exit status 1 when a
scrape failed or had to be asked again, an evaluation of rules was missed, a group of rules takes more than half of its
interval in most spans of five minutes, something fired, memory grew after the first hour, or a sample takes more room
than docs/pair.md says.

    python -m bench.pair_soak [--nodes 1000] [--minutes 120]
"""

import argparse
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from bench.conclusion import concluded
from bench.flat_memory import FLAT, course, grown, own
from bench.pair_chaos import peers
from bench.pair_world import Console, Nodes
from bench.rules_cost import SITES
from center.pair_settings import Machine
from demo.ports import free_port
from demo.processes import Program, answers, wait_until
from deploy.pair.loopback import SIDES, Pair, addresses, missing, running, settings_of, short_folder
from tests.conftest import ROOT

SECONDS = 180.0
PERIOD = 5.0  # seconds between two scrapes
MINUTE = 60.0
LOOKS = 4  # a minute: the heap of a Go program doubles between two collections, and a moment tells little
SPAN = 5  # minutes over which vmalert has quantiles
FILLS = 60  # minutes from which on memory is judged: two rounds of VictoriaMetrics' caches (bench/flat_memory.py)
SETTLES = 6  # minutes until the databases know every series and vmalert's quantiles have forgotten the start
HALF = 0.5  # of its interval that a group of rules may take
BYTES_PER_SAMPLE = 1.5  # docs/pair.md


@dataclass(slots=True)
class Seen:
    """What each look has shown: mebibytes of memory by program, bytes of each side's databases."""

    memory: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    room: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    slow: dict[Machine, dict[str, list[float]]] = field(default_factory=dict)
    """Shares of their intervals that groups of rules took in each span."""

    def look(self, pair: Pair) -> None:
        """Read it."""
        for (machine, name), program in pair.programs.items():
            if program.pid is not None:
                self.memory[f"{name} of {machine}"].append(own(program.pid))
        for side in SIDES:
            self.memory[f"postgresql of {side}"].append(own(pair.postmaster(side)))
            for name, place in (("victoria-metrics", "victoria-metrics"), ("postgresql", "postgresql")):
                self.room[f"{name} of {side}"].append(_room(pair.root(side) / "var/lib" / place))

    def look_at_rules(self, pair: Pair) -> None:
        """Read what the groups of rules took in the last span."""
        for side in SIDES:
            found = slow_groups(figures(pair, side, 8880), intervals(pair, side))
            known = self.slow.setdefault(side, defaultdict(list))
            for group, share in found.items():
                known[group].append(share)
            print(f"side {side}: {_most(found.items())}", file=sys.stderr, flush=True)


def _room(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):  # which passes over a folder that is merged away meanwhile
        for name in names:
            with suppress(FileNotFoundError):
                total += Path(place, name).lstat().st_blocks * 512
    return total


def figures(pair: Pair, side: Machine, port: int) -> dict[tuple[str, str], float]:
    """Return what a program says of itself, by name and, of a rule group, its name."""
    found: dict[tuple[str, str], float] = defaultdict(float)
    for family in text_string_to_metric_families(pair.http.get(f"{pair.url(side, port)}/metrics").text):
        for sample in family.samples:
            kind = sample.labels.get("quantile", "")
            group = sample.labels.get("group", "")
            found[sample.name + (f"@{kind}" if kind else ""), group] += sample.value
    return found


def slow_groups(found: Mapping[tuple[str, str], float], intervals: Mapping[str, float]) -> dict[str, float]:
    """Return by group the share of its interval that 97 of a hundred evaluations stay below: vmalert tells no 95th."""
    shares: dict[str, float] = {}
    for (name, group), seconds in found.items():
        if name == "vmalert_iteration_duration_seconds@0.97" and group in intervals:
            shares[group] = max(shares.get(group, 0.0), seconds / intervals[group])
    return shares


def intervals(pair: Pair, side: Machine) -> dict[str, float]:
    """Return the interval of each group of rules in seconds."""
    answer = pair.http.get(f"{pair.url(side, 8880)}/api/v1/rules").json()
    return {group["name"]: float(group["interval"]) for group in answer["data"]["groups"]}


def firing(pair: Pair, span: float) -> list[str]:
    """Return the alerts that fired at any time of a span in seconds, all but the one that always does."""
    fired = f'ALERTS{{alertstate="firing", alertname!="Watchdog"}}[{int(span)}s]'
    query = {"query": f"count by (alertname) (count_over_time({fired}))"}
    answer = pair.http.post(f"{pair.url('a', 8428)}/api/v1/query", data=query)
    answer.raise_for_status()
    return sorted(row["metric"]["alertname"] for row in answer.json()["data"]["result"])


def campaign(folder: Path, nodes: int, minutes: int) -> dict[str, Any]:
    """Run it; return what came of it."""
    port = free_port()
    served = Program(
        "nodes", [sys.executable, "-m", "bench.soak_nodes", str(port), str(nodes)], folder / "nodes.log",
        answers(f"http://127.0.0.1:{port}/0"),
    )  # fmt: skip
    with ExitStack() as stack:
        stack.callback(served.wait_stopped, 30)
        stack.callback(served.ask_to_stop)
        served.start()
        served.wait_ready()
        targets = Nodes(nodes).targets(f"127.0.0.1:{port}", SITES)
        pair = stack.enter_context(running(settings_of(addresses(), folder), folder, targets))
        wait_until(lambda: peers(pair) == [2, 2], SECONDS, "the Alertmanagers do not find each other")
        seen = Seen()
        time.sleep(SETTLES * MINUTE)
        before = {side: _all(pair, side) for side in SIDES}
        console = Console(pair)
        stack.callback(console.close)
        tickets = len(console.tickets())  # of what was slow while everything started
        began = time.monotonic()
        for look in range(1, minutes * LOOKS + 1):
            time.sleep(max(0.0, began + look * MINUTE / LOOKS - time.monotonic()))
            seen.look(pair)
            if look % (LOOKS * SPAN) == 0:
                seen.look_at_rules(pair)
            if look % LOOKS == 0:
                print(f"minute {look // LOOKS} of {minutes}", file=sys.stderr, flush=True)
        span = time.monotonic() - began
        after = {side: _all(pair, side) for side in SIDES}
        return _result(pair, nodes, span, seen, before, after, len(console.tickets()) - tickets)


def _all(pair: Pair, side: Machine) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for port in (8428, 8429, 8880):
        found |= {(f"{port} {name}", group): value for (name, group), value in figures(pair, side, port).items()}
    return found


def _result(  # noqa: PLR0913, PLR0917 - what a campaign has seen
    pair: Pair, nodes: int, span: float, seen: Seen, before: Mapping[Machine, Mapping[tuple[str, str], float]],
    after: Mapping[Machine, Mapping[tuple[str, str], float]], tickets: int,
) -> dict[str, Any]:  # fmt: skip
    def passed(side: Machine, *names: str) -> float:
        return sum(
            value - before[side].get((name, group), 0.0)
            for (name, group), value in after[side].items()
            if name in names
        )

    scrapes, failed, again, evaluations, shares, size, wrong = {}, {}, {}, {}, {}, {}, []
    for side in SIDES:
        scrapes[side] = passed(side, "8429 vm_promscrape_scrapes_total")
        failed[side] = passed(side, "8429 vm_promscrape_scrapes_failed_total")
        again[side] = passed(side, "8429 vm_promscrape_scrape_retries_total")
        evaluations[side] = passed(side, "8880 vmalert_iteration_missed_total")
        shares[side] = {group: statistics.median(found) for group, found in seen.slow.get(side, {}).items()}
        rows = sum(each for (name, _), each in after[side].items() if name == "8428 vm_rows")
        data = sum(each for (name, _), each in after[side].items() if name == "8428 vm_data_size_bytes")
        size[side] = data / rows if rows else 0.0
        expected = nodes * span / PERIOD
        if scrapes[side] < expected - nodes:
            wrong.append(f"side {side} scraped {scrapes[side]:.0f} times and not {expected:.0f}")
        if failed[side]:
            wrong.append(f"{failed[side]:.0f} scrapes of side {side} failed")
        if again[side]:
            wrong.append(f"side {side} asked {again[side]:.0f} times again: a server had closed the connection")
        if evaluations[side]:
            wrong.append(f"{evaluations[side]:.0f} evaluations of rules were missed on side {side}")
        wrong += [f"{name} takes {share:.0%} of its interval on side {side}" for name, share in shares[side].items()
                  if share > HALF]  # fmt: skip
        if size[side] > BYTES_PER_SAMPLE:
            wrong.append(f"a sample takes {size[side]:.2f} bytes on side {side}")
    fired = firing(pair, span)
    wrong += [f"{name} fired" for name in fired]
    growth = {name: grown(values[FILLS * LOOKS :]) for name, values in sorted(seen.memory.items())}
    wrong += [f"memory of {name} grew by {share - 1:.1%}" for name, share in growth.items() if share > FLAT]
    if tickets:
        wrong.append(f"{tickets} tickets were opened")
    return {
        "nodes": nodes,
        "minutes": round(span / MINUTE, 1),
        "load_average": round(os.getloadavg()[0], 1),
        "scrapes": {side: round(value) for side, value in scrapes.items()},
        "failed": {side: round(value) for side, value in failed.items()},
        "asked_again": {side: round(value) for side, value in again.items()},
        "missed_evaluations": {side: round(value) for side, value in evaluations.items()},
        "slowest_groups": {side: _most(found.items()) for side, found in shares.items()},
        "slowest_in_their_worst_span": {side: _most((group, max(each)) for group, each in found.items())
                                        for side, found in seen.slow.items()},
        "bytes_per_sample": {side: round(value, 2) for side, value in size.items()},
        "memory_mib": {name: course(seen.memory[name]) | {"grown": round(share, 3)} for name, share in growth.items()},
        "room_mib": {name: [round(values[0] / 2**20), round(values[-1] / 2**20)]
                     for name, values in sorted(seen.room.items())},
        "wrong": wrong,
    }  # fmt: skip


def _most(shares: Iterable[tuple[str, float]]) -> dict[str, float]:
    return {name: round(share, 3) for name, share in sorted(shares, key=lambda each: -each[1])[:3]}


def main() -> int:
    """Run; return 1 when something was missed, slow, or grew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--minutes", type=int, default=120)
    arguments = parser.parse_args()
    if lacking := missing():
        parser.error(f"missing: {', '.join(lacking)}; docs/pair.md names the packages")
    folder = short_folder()
    return concluded(campaign(folder, arguments.nodes, arguments.minutes), folder, folder / "log")


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
