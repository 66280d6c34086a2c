"""A side's VictoriaMetrics through a day of a thousand nodes, imported hour by hour: room for a sample, and memory.

The values are those of `bench.soak_nodes`, each node's series every five seconds, from midnight to midnight of the
day before yesterday. Many nodes share a course of values, which changes nothing: each series is packed by itself.
VictoriaMetrics runs with the arguments of the pair. After each hour an engineer's and a planner's question are asked,
until the answer has every node, and its memory is read. Prints one JSON object; exit status 1 when a sample or the
whole takes more room than docs/pair.md says, or nodes are still lacking after half a minute. An hour takes a minute or
two: how memory goes over hours of the wall clock, `bench.pair_soak` tells.

    python -m bench.database_day [--nodes 1000] [--hours 24]
"""

import argparse
import json
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from bench.flat_memory import course, own
from bench.pair_soak import BYTES_PER_SAMPLE
from bench.rules_size import members, node
from bench.soak_nodes import Node
from demo.ports import free_port
from demo.processes import Program, answers, stop_all
from tests.conftest import ROOT

PERIOD = 5  # seconds between two samples
HOUR = 3600
COURSES = 20
AT_ONCE = 10  # nodes in a request
PATIENCE = 30.0
MEMORY, MEMORY_PER_SERIES = 2000.0, 1.3e-3  # mebibytes; docs/pair.md
SETTINGS = ROOT / "deploy/pair/machine/victoriametrics/etc/default/victoria-metrics"
QUESTIONS = {
    "engineer": "count(sum by (node) (last_over_time(ott_edge_sessions[1m])))",
    "planner": "count(sum by (node) (rate(node_network_transmit_bytes_total[1h])))",
}


def arguments_of_the_pair(folder: Path, address: str) -> list[str]:
    """Return VictoriaMetrics's arguments as a side of the pair has them, but for where it keeps and listens."""
    line = next(line for line in SETTINGS.read_text("utf-8").splitlines() if line.startswith("ARGS="))
    own = ("-storageDataPath", "-httpListenAddr", "-vmalert.proxyURL")
    given = [each for each in shlex.split(shlex.split(line.removeprefix("ARGS="))[0]) if not each.startswith(own)]
    return [*given, f"-storageDataPath={folder / 'data'}", f"-httpListenAddr={address}"]


def hour(courses: Sequence[Node], times: Sequence[int]) -> list[dict[str, str]]:
    """Return of each course the values of an hour by series, as the inside of a JSON array."""
    found = []
    for one in courses:
        said: dict[str, list[str]] = {}
        for moment in times:
            for name, shown in one.values(float(moment)):
                said.setdefault(name, []).append(shown)
        found.append({name: ",".join(values) for name, values in said.items()})
    return found


def lines(numbers: Sequence[int], values: Sequence[Mapping[str, str]], stamps: str) -> Iterator[str]:
    """Yield an hour of some nodes as VictoriaMetrics imports it."""
    for number in numbers:
        own = members(node(number))
        for series, shown in values[number % len(values)].items():
            name, _, rest = series.partition("{")
            labels = own + ("," + members(rest[:-1]) if rest else "")
            yield f'{{"metric":{{"__name__":"{name}",{labels}}},"values":[{shown}],"timestamps":[{stamps}]}}\n'


def measure(folder: Path, nodes: int, hours: int) -> dict[str, Any]:
    """Import a day; return what it took."""
    address = f"127.0.0.1:{free_port()}"
    url = f"http://{address}"
    victoria = Program(
        "victoria-metrics", ["victoria-metrics", *arguments_of_the_pair(folder, address)],
        folder / "victoria.log", answers(f"{url}/health"),
    )  # fmt: skip
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)
    first = int(midnight.timestamp())
    courses = [Node(number, float(first)) for number in range(COURSES)]
    memory: list[float] = []
    per_sample: list[float] = []
    slowest = dict.fromkeys(QUESTIONS, 0.0)
    wrong: list[str] = []
    samples = series = 0
    try:
        victoria.start()
        victoria.wait_ready(120)
        if victoria.pid is None:
            raise ProcessLookupError("VictoriaMetrics is not running")
        with httpx.Client(timeout=600, trust_env=False) as client:
            for number in range(hours):
                times = range(first + number * HOUR + PERIOD, first + (number + 1) * HOUR + PERIOD, PERIOD)
                values, stamps = hour(courses, times), ",".join(f"{moment}000" for moment in times)
                for start in range(0, nodes, AT_ONCE):
                    body = list(lines(range(start, min(start + AT_ONCE, nodes)), values, stamps))
                    client.post(f"{url}/api/v1/import", content="".join(body).encode()).raise_for_status()
                    samples += len(body) * len(times)
                    series += len(body) if number == 0 else 0
                client.get(f"{url}/internal/force_flush").raise_for_status()
                for who, query in QUESTIONS.items():
                    took, lacking = _asked(client, f"{url}/api/v1/query", query, times[-1], nodes)
                    slowest[who] = max(slowest[who], took)
                    if lacking:
                        wrong.append(f"hour {number + 1}: {who}: {lacking} nodes are lacking")
                memory.append(own(victoria.pid))
                per_sample.append(_room(client, url) / samples)
                print(
                    f"hour {number + 1}: {memory[-1]:.0f} MiB, {per_sample[-1]:.3f} bytes", file=sys.stderr, flush=True
                )
    finally:
        stop_all([victoria], 120)
    if per_sample[-1] > BYTES_PER_SAMPLE:
        wrong.append(f"a sample takes {per_sample[-1]:.2f} bytes")
    if max(memory) > MEMORY + MEMORY_PER_SERIES * series:
        wrong.append(f"it takes {max(memory):.0f} MiB of memory")
    return {
        "nodes": nodes,
        "hours": hours,
        "series": series,
        "samples": samples,
        "bytes_per_sample": {"first_hour": round(per_sample[0], 2), "last_hour": round(per_sample[-1], 2)},
        "memory_mib": course(memory),
        "slowest_answer_seconds": {who: round(seconds, 2) for who, seconds in slowest.items()},
        "wrong": wrong,
    }  # fmt: skip


def _asked(client: httpx.Client, url: str, query: str, moment: int, nodes: int) -> tuple[float, int]:
    """Ask until every node is in the answer; return the seconds of the last answer and how many nodes it lacks.

    What was imported a moment ago can be on its way from one part of the database to another.
    """
    until = time.monotonic() + PATIENCE
    while True:
        began = time.monotonic()
        answer = client.post(url, data={"query": query, "time": str(moment)}).raise_for_status()
        took = time.monotonic() - began
        lacking = nodes - sum(int(row["value"][1]) for row in answer.json()["data"]["result"])
        if not lacking or began > until:
            return took, lacking
        time.sleep(1)


def _room(client: httpx.Client, url: str) -> float:
    page = client.get(f"{url}/metrics").raise_for_status().text
    return sum(float(line.rpartition(" ")[2]) for line in page.splitlines() if line.startswith("vm_data_size_bytes{"))


def main() -> int:
    """Run; return 1 when something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--hours", type=int, default=24)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="database-day-") as folder:
        result = measure(Path(folder), given.nodes, given.hours)
    print(json.dumps(result, indent=2))
    return int(bool(result["wrong"]))


if __name__ == "__main__":
    sys.exit(main())
