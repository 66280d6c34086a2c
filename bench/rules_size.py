"""What the rules cost VictoriaMetrics and vmalert at size, by processor time, which a busy machine does not change.

The series of `rules_cost` are imported as a past that has everything, and vmalert evaluates in it as time passes
(`-datasource.lookback`), so that nothing has to be fed meanwhile and no scrape can be missed. Then vmalert is stopped
and each group is asked rule by rule, which gives the processor time of one evaluation of each group. On a machine too
busy for every evaluation, what was used is divided by the evaluations that took place.

    python -m bench.rules_size [--nodes 2000] [--channels 20] [--seconds 120]
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bench.evaluation_times import p95, watched
from bench.rules_cost import LONG_AGO, NOW, SITES, series, value
from demo.ports import free_port
from demo.processes import Program, answers, stop_all
from deploy.package.tree import with_intervals
from tests.conftest import ROOT

PERIOD = 5  # seconds between two samples
BEFORE = 330  # seconds of samples that the first evaluation finds: windows of minutes are full
FAILING, ERRORS = 20, 0.06  # one edge of so many has errors; a second, beside two requests that are answered
LEAST, MANY, ENOUGH = 5, 50, 0.5  # evaluations of a group of which the mean is given; seconds of a processor that do
NOBODY = """\
alert_relabel_configs: [{source_labels: [alertname], regex: nobody, action: keep}]
static_configs: [{targets: ["127.0.0.1:9"]}]
"""
MOST = 0.15  # of a processor for 1,000 nodes


def lines(first: int, count: int, channels: int, times: Sequence[int]) -> Iterator[bytes]:
    """Yield the series of some nodes as VictoriaMetrics imports them; times are in seconds."""
    stamps = "[" + ",".join(f"{second}000" for second in times) + "]"
    changing = "[" + ",".join(map(str, times)) + "]"
    failing = "[" + ",".join(f"{second * ERRORS:.2f}" for second in times) + "]"
    constant: dict[str, str] = {}
    for number in range(first, first + count):
        text = node(number)
        for one in (f"up{{{text}}}", *series(text, channels)):
            name, _, rest = one.partition("{")
            kind = value(one) if name != "up" else "1"
            if kind == NOW.decode() or (name == "ott_edge_requests_total" and ('"2xx"' in rest or '"3xx"' in rest)):
                values = changing
            elif name == "ott_edge_requests_total" and '"5xx"' in rest and number % FAILING == 0:
                values = failing
            else:
                number_ = str(times[0] - 10**6) if kind == LONG_AGO.decode() else kind
                values = constant.setdefault(number_, "[" + ",".join([number_] * len(times)) + "]")
            metric = '{"__name__":"' + name + '",' + members(rest[:-1]) + "}"
            yield f'{{"metric":{metric},"values":{values},"timestamps":{stamps}}}\n'.encode()


def node(number: int) -> str:
    """Return a node's own labels."""
    place = f'node="edge-{number}",site="site-{number % SITES}"'
    return f'job="ott-agent",instance="10.0.0.1:{number}",{place},role="edge"'


def members(text: str) -> str:
    """Return `a="b",c="d"` as members of a JSON object; no value holds a quote, a comma or an equals sign."""
    return ",".join(f'"{name}":{quoted}' for name, _, quoted in (each.partition("=") for each in text.split(",")))


def cpu(program: Program) -> float:
    """Return the processor time that a program has used, in seconds, from `/proc/PID/stat`."""
    fields = Path(f"/proc/{program.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Group:
    """A group of rules: its interval in seconds, and what its rules ask."""

    name: str
    interval: float
    asked: tuple[str, ...]


def groups(url: str) -> list[Group]:
    """Return vmalert's groups."""
    data: list[dict[str, Any]] = httpx.get(f"{url}/api/v1/rules", timeout=120, trust_env=False).json()["data"]["groups"]
    return [
        Group(each["name"], float(each["interval"]), tuple(rule["query"] for rule in each["rules"])) for each in data
    ]


def fill(url: str, nodes: int, channels: int, times: Sequence[int]) -> int:
    """Import the series of all nodes; return their number."""
    total = 0
    with httpx.Client(timeout=600, trust_env=False) as client:
        for first in range(0, nodes, 20):
            body = list(lines(first, min(20, nodes - first), channels, times))
            client.post(f"{url}/api/v1/import", content=b"".join(body)).raise_for_status()
            total += len(body)
        client.get(f"{url}/internal/force_flush").raise_for_status()
    return total


def measure(folder: Path, nodes: int, channels: int, seconds: float) -> dict[str, Any]:
    """Return what the rules take, by group and in all, in seconds of a processor."""
    database, alerts = (f"127.0.0.1:{free_port()}" for _ in range(2))
    home, other = f"http://{database}", f"http://{alerts}"
    victoria = Program(
        "victoria-metrics",
        ["victoria-metrics", f"-storageDataPath={folder}/data", f"-httpListenAddr={database}",
         "-search.latencyOffset=1s", "-search.maxStalenessInterval=5m", "-dedup.minScrapeInterval=5s",
         "-search.maxUniqueTimeseries=10000000", "-search.maxConcurrentRequests=16",
         "-memory.allowedBytes=3GB"],
        folder / "victoria.log", answers(f"{home}/health"),
    )  # fmt: skip
    for file in (ROOT / "alerts/rules").glob("*.yml"):
        (folder / file.name).write_text(with_intervals(file.read_text("utf-8")), "utf-8")
    (folder / "nobody.yaml").write_text(NOBODY, "utf-8")
    programs = [victoria]
    try:
        victoria.start()
        victoria.wait_ready(120)
        began = int(time.time()) // PERIOD * PERIOD
        times = range(began - 3600, began - 3600 + BEFORE + 60 + int(seconds) + 60, PERIOD)
        total = fill(home, nodes, channels, times)
        lookback = int(time.time()) - (times[0] + BEFORE)
        vmalert = Program(
            "vmalert",
            ["vmalert", f"-rule={folder}/*.yml", f"-httpListenAddr={alerts}", "-evaluationInterval=5s",
             f"-datasource.url={home}?nocache=1", "-datasource.queryStep=15s", "-datasource.queryTimeAlignment=false",
             f"-datasource.lookback={lookback}s",
             f"-remoteWrite.url={home}", "-remoteWrite.flushInterval=500ms",
             f"-notifier.config={folder}/nobody.yaml",
             "-datasource.maxIdleConnections=100"],
            folder / "vmalert.log", answers(f"{other}/health"),
        )  # fmt: skip
        programs.insert(0, vmalert)
        vmalert.start()
        vmalert.wait_ready(120)
        time.sleep(60)  # every group has begun, and what is recorded is there
        used, since = (cpu(victoria), cpu(vmalert)), time.monotonic()
        times_taken = watched(other, seconds)
        took = time.monotonic() - since
        used = (cpu(victoria) - used[0], cpu(vmalert) - used[1])
        found = groups(other)
        vmalert.ask_to_stop()
        vmalert.wait_stopped(60)
        moment = time.time() - lookback
        single = {group.name: _asked(victoria, home, group, moment) for group in found}
    finally:
        stop_all(programs, 60)
    return {
        "series": total,
        "seconds": took,
        "database": used[0],
        "vmalert": used[1],
        "due": {group.name: took / group.interval for group in found},
        "done": {name: float(len(times)) for name, times in times_taken.items()},
        "groups": {group.name: (group.interval, single[group.name]) for group in found},
        "p95": {name: p95(times) for name, times in times_taken.items()},
    }


def _asked(victoria: Program, url: str, group: Group, moment: float) -> float:
    """Return the processor time of one evaluation of a group by the database, the mean of several."""
    with httpx.Client(timeout=300, trust_env=False) as client:

        def ask() -> None:
            for query in group.asked:
                asked = {"query": query, "time": f"{moment:.0f}", "step": "15s"}
                client.post(f"{url}/api/v1/query", data=asked).raise_for_status()

        ask()
        before, times = cpu(victoria), 0
        while times < LEAST or (cpu(victoria) - before < ENOUGH and times < MANY):
            ask()
            times += 1
        return (cpu(victoria) - before) / times


def main() -> int:
    """Print what each group takes and the rules in all; return 1 when they take more or longer than they may."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=2000)
    parser.add_argument("--channels", type=int, default=0, help="that each edge probes (default: none)")
    parser.add_argument("--seconds", type=float, default=120.0, help="how long vmalert is measured")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), arguments.nodes, arguments.channels, arguments.seconds)
    print(f"{arguments.nodes} nodes, {result['series']} series; load average {os.getloadavg()[0]:.1f}")
    print(f"{'group':34} {'interval':>8} {'processor':>10} {'share':>7} {'evaluated':>10} {'p95':>7}")
    for name, (interval, single) in sorted(result["groups"].items(), key=lambda item: -item[1][1] / item[1][0]):
        share, slow = result["done"].get(name, 0.0) / result["due"][name], result["p95"].get(name, 0.0) / interval
        print(f"{name:34} {interval:7.0f}s {single:9.3f}s {single / interval:7.1%} {share:10.0%} {slow:7.1%}")
    by_groups = sum(single / interval for interval, single in result["groups"].values())
    weight = sum(single * result["done"].get(name, 0.0) for name, (_, single) in result["groups"].items())
    full = sum(single * result["due"][name] for name, (_, single) in result["groups"].items())
    part = weight / full if full else 1.0
    database, vmalert = (result[key] / result["seconds"] / part for key in ("database", "vmalert"))
    print(f"evaluations that took place, weighed by their cost: {part:.0%}")
    print(
        f"processors, were all evaluated: database {database:.3f}, vmalert {vmalert:.3f}; queries alone {by_groups:.3f}"
    )
    thousand = (database + vmalert) * 1000 / arguments.nodes
    print(f"of a processor for 1,000 nodes: {thousand:.3f} (may be {MOST})")
    print(json.dumps({key: result[key] for key in ("series", "seconds", "database", "vmalert")}))
    slow = [name for name, (interval, _) in result["groups"].items() if result["p95"].get(name, 0.0) > interval / 2]
    for name in slow:
        print(f"{name}: 5 of a hundred evaluations took more than half of its interval")
    return int(thousand > MOST or bool(slow))


if __name__ == "__main__":
    raise SystemExit(main())
