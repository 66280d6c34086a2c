"""How long the boards' queries take with 1,000 nodes: `python -m bench.boards_queries [--nodes N] [--cpu]`.

A Prometheus of its own holds what 1,000 edges in 20 sites would have recorded: recorded series and `up` over six hours
at 30 s (Prometheus records every 5 to 30 s: fewer samples, all of the series), and the raw series that boards
take rates of over the last half hour at 5 s. Every board is opened twice: with its own range, and with the last half
hour, where everything is complete. With `--cpu` it is the server's processor time that counts: on a machine that others
use, the time on the wall is theirs too.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil

from dashboards import build, live
from dashboards.boards import BOARDS
from dashboards.context import Local, context
from demo.ports import free_port
from service.prometheus import PrometheusError

LIMIT = 1.0  # seconds: of one query, and of the wall as a whole
SITES = 20
HOUR = 3600
RECORDED_STEP, RAW_STEP = 30, 5
RAW_SPAN = HOUR // 2


def recorded(node: str, site: str) -> Iterator[str]:
    """Yield what rules record of one edge, and its `up`."""
    at = f'node="{node}",site="{site}",role="edge"'
    yield f'up{{{at},job="ott-agent",instance="{node}:9780"}} 1'
    for name, value in (
        ("node:node_cpu_utilisation:ratio_rate1m", 0.4),
        ("node:node_memory_utilisation:ratio", 0.5),
        ("node:node_disk_io_utilisation:ratio_rate1m", 0.2),
        ("node:node_filesystem_utilisation:ratio", 0.6),
    ):
        yield f"{name}{{{at}}} {value}"
    for name, value in (("sessions:sum", 900), ("viewers:sum", 800), ("egress_bytes:rate1m", 6e8)):
        yield f'node:ott_edge_{name}{{{at},service="ott"}} {value}'
    yield f'node:ott_edge_request_errors:ratio_rate1m{{{at},service="ott"}} 0.0005'


def raw(node: str, site: str) -> Iterator[tuple[str, float]]:
    """Yield (series, increase a second) of what boards take rates of."""
    at = f'node="{node}",site="{site}",role="edge",job="ott-agent",instance="{node}:9780"'
    for name in ("sessions_started_total", "sessions_ended_total", "log_lines_total"):
        yield f'ott_edge_{name}{{{at},service="ott"}}', 10
    for rung in ("token", "session", "address"):
        yield f'ott_edge_identity_requests_total{{{at},service="ott",rung="{rung}"}}', 30
    for reason in ("format", "fields"):
        yield f'ott_edge_log_rejected_lines_total{{{at},service="ott",reason="{reason}"}}', 1
    for number, bound in enumerate(("0.005", "0.05", "0.25", "1", "2.5", "10", "+Inf"), 1):
        yield f'ott_edge_request_duration_seconds_bucket{{{at},service="ott",le="{bound}"}}', 10 * number
    for protocol in ("hls", "dash", "cmaf", "progressive", "other"):
        yield f'ott_edge_sessions{{{at},service="ott",protocol="{protocol}"}}', 0
    for state in ("active", "reading", "writing", "waiting"):
        yield f'ott_edge_connections{{{at},state="{state}"}}', 0
    for collector in ("edge_log", "meminfo", "stat"):
        yield f'ott_collector_success{{{at},collector="{collector}"}}', 0
        yield f'ott_collector_last_success_timestamp_seconds{{{at},collector="{collector}"}}', 1


def totals(sites: list[str]) -> Iterator[str]:
    """Yield the totals that rules record of sites and of the platform."""
    for site in sites:
        for name, value in (("sessions:sum", 45_000), ("viewers:sum", 40_000), ("egress_bytes:rate1m", 3e10)):
            yield f'site:ott_edge_{name}{{site="{site}",service="ott"}} {value}'
        for code, value in (("2xx", 1e5), ("3xx", 1e3), ("4xx", 500), ("5xx", 50)):
            yield f'site:ott_edge_requests:rate1m{{site="{site}",service="ott",code="{code}"}} {value}'
        yield f'site:up:present{{site="{site}"}} 1'
        yield f'site:node_cpu_utilisation:avg{{site="{site}"}} 0.4'
    for name, value in (("sessions:sum", 9e5), ("viewers:sum", 8e5), ("egress_bytes:rate1m", 6e11)):
        yield f'platform:ott_edge_{name}{{service="ott"}} {value}'
    for name in ("platform:ott_subscribers:sum", "platform:ott_subscribers_online:sum"):
        yield f'{name}{{service="ott"}} 1000000'
    yield 'platform:ott_subscribers_online:avg1h{service="ott"} 1000000'
    for name in ("cpu_utilisation:max", "memory_utilisation:max", "disk_io_utilisation:max"):
        yield f"platform:node_{name} 0.8"
    for number in range(200):
        yield f'channel:ott_edge_channel_sessions:sum{{channel="channel-{number}"}} {number}'


def fill(folder: Path, nodes: int, end: int) -> int:
    """Write the blocks; return the number of samples."""
    sites = [f"site-{number}" for number in range(SITES)]
    places = [(f"edge-{number}", sites[number % SITES]) for number in range(nodes)]
    written = 0
    past = range(end - 6 * HOUR, end + 1, RECORDED_STEP)
    with (folder / "recorded.om").open("w", encoding="utf-8") as file:
        for line in (*totals(sites), *(line for place in places for line in recorded(*place))):
            file.write("".join(f"{line} {at}\n" for at in past))
            written += len(past)
        file.write("# EOF\n")
    _blocks(folder, "recorded.om")
    recent = range(end - RAW_SPAN, end + 1, RAW_STEP)
    with (folder / "raw.om").open("w", encoding="utf-8") as file:
        for series, increase in (entry for place in places for entry in raw(*place)):
            file.write("".join(f"{series} {(at - recent[0]) * increase + 1} {at}\n" for at in recent))
            written += len(recent)
        file.write("# EOF\n")
    _blocks(folder, "raw.om")
    return written


def _blocks(folder: Path, name: str) -> None:
    command = ["promtool", "tsdb", "create-blocks-from", "--max-block-duration=48h", "openmetrics", "-q"]
    subprocess.run([*command, str(folder / name), str(folder / "data")], check=True, capture_output=True)
    (folder / name).unlink()


def processor_time(pid: int) -> float:
    """Return the seconds of processor that a process has used."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def measure(prometheus: live.Prometheus, span: str | None) -> tuple[float, float]:
    """Print each board's time; return the slowest query's and the wall's."""
    slowest, wall = 0.0, 0.0
    try:
        for board in BOARDS:
            built = build.render(board, context("en", Local()))
            if span:
                built["time"]["from"] = f"now-{span}"
            answers = list(live.ask(prometheus, built))
            worst = max(answers, key=lambda answer: answer.seconds)
            total = sum(answer.seconds for answer in answers)
            print(
                f"{board.name:10} {len(answers):3} queries {total:6.2f} s; slowest {worst.seconds:.3f} s: {worst.panel}"
            )
            slowest = max(slowest, worst.seconds)
            wall = total if board.name == "platform" else wall
            if errors := [answer for answer in answers if answer.error]:
                raise SystemExit("\n".join(map(str, errors)))
    finally:
        prometheus.client.close()
    return slowest, wall


def main() -> int:
    """Measure; exit status 1 when a query or the wall takes longer than a second."""
    parser = argparse.ArgumentParser("python -m bench.boards_queries", description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--cpu", action="store_true", help="measure the server's processor time, not the wall clock")
    arguments = parser.parse_args()
    nodes = arguments.nodes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        end = int(time.time()) // RECORDED_STEP * RECORDED_STEP
        began = time.monotonic()
        print(f"{nodes} nodes, {fill(folder, nodes, end):,} samples written in {time.monotonic() - began:.0f} s")
        (folder / "prometheus.yml").write_text("global: {}\n", "utf-8")
        port = free_port()
        server = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder}/prometheus.yml",
                f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address=127.0.0.1:{port}",
                "--log.level=error",
            ]
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, end)
            results = []
            for span in (None, "30m"):
                print(f"opened with {'its own range' if span is None else 'the last ' + span}:")
                prometheus = live.connect(url, end)
                if arguments.cpu:
                    prometheus = replace(prometheus, clock=lambda: processor_time(server.pid))
                results.append(measure(prometheus, span))
        finally:
            server.terminate()
            server.wait()
    slowest, wall = (max(column) for column in zip(*results, strict=True))
    print("processor time of the server:" if arguments.cpu else "time on the wall:")
    print(f"slowest query {slowest:.3f} s, the wall's queries together {wall:.3f} s (limit {LIMIT:g} s each)")
    return int(slowest > LIMIT or wall > LIMIT)


def _wait(url: str, now: float) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        prometheus = live.connect(url, now)
        try:
            if prometheus.get("query", query="count(up)", time=now)["result"]:
                return
        except PrometheusError:
            time.sleep(0.2)
        finally:
            prometheus.client.close()
    raise SystemExit("Prometheus did not come up")


if __name__ == "__main__":
    sys.exit(main())
