"""What a scrape of the host costs: ott-agent beside node_exporter with the same collectors, in the same run.

Both are scraped in turn over a kept connection, as Prometheus does it, and compressed as Prometheus asks. CPU is what
the scheduler gave the process's threads. Prints one JSON object; exit status 1 when the agent is past its bounds.

    python -m bench.agent_scrape [--scrapes 600]
"""

import argparse
import gzip
import http.client
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from demo.ports import free_port

COLLECTORS = (
    *("cpu", "stat", "loadavg", "meminfo", "vmstat", "pressure", "diskstats", "filesystem"),
    *("netdev", "netclass", "time", "uname", "filefd"),
    *("bonding", "conntrack", "netstat", "softnet"),
)
# What Prometheus 2.42 sends.
HEADERS = {
    "Accept": "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "Accept-Encoding": "gzip",
    "User-Agent": "Prometheus/2.42.0",
}
MOST_RATIO, MOST_P99, MOST_RSS = 1.0, 0.005, 45 * 2**20
WARM_UP = 50


@dataclass
class Peer:
    """One of the two exporters, and what its scrapes took."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    body: bytes = b""

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def wait(self) -> None:
        """Wait until it serves."""
        end = time.monotonic() + 20
        while True:
            try:
                self.scrape()
            except OSError:
                if time.monotonic() > end:
                    raise
                self.connection.close()
                time.sleep(0.05)
            else:
                return

    def scrape(self) -> None:
        """Scrape once."""
        began = time.perf_counter()
        self.connection.request("GET", "/metrics", headers=HEADERS)
        answer = self.connection.getresponse()
        self.body = answer.read()
        self.seconds.append(time.perf_counter() - began)
        if answer.status != 200:
            raise OSError(f"{self.name} answered {answer.status}")

    def cpu(self) -> float:
        """Return the CPU time so far in seconds, by the scheduler's nanoseconds of every thread."""
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9

    def rss(self) -> int:
        """Return the resident memory in bytes."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * resource.getpagesize()


@contextmanager
def peers(folder: Path) -> Iterator[list[Peer]]:
    """Start both exporters on free ports."""
    ports = [free_port(), free_port()]
    settings = folder / "agent.toml"
    settings.write_text(f'listen = "127.0.0.1:{ports[0]}"\nstate = "{folder}"\n')
    commands = {
        "ott-agent": [str(Path(sys.executable).parent / "ott-agent"), "serve", "--config", str(settings)],
        "node_exporter": [
            "prometheus-node-exporter",
            f"--web.listen-address=127.0.0.1:{ports[1]}",
            "--collector.disable-defaults",
            *(f"--collector.{name}" for name in COLLECTORS),
        ],
    }
    with (folder / "log").open("wb") as log:
        found = [
            Peer(name, subprocess.Popen(command, stderr=log), port)
            for (name, command), port in zip(commands.items(), ports, strict=True)
        ]
        try:
            for peer in found:
                peer.wait()
            yield found
        finally:
            for peer in found:
                peer.process.terminate()
                peer.process.wait(10)


def measure(scrapes: int) -> dict[str, dict[str, float]]:
    """Scrape both in turn; return the figures of each."""
    with tempfile.TemporaryDirectory() as folder, peers(Path(folder)) as found:
        for _ in range(WARM_UP):
            for peer in found:
                peer.scrape()
        for peer in found:
            peer.seconds.clear()
        for _ in range(scrapes):
            for peer in found:
                before = peer.cpu()
                peer.scrape()
                peer.cpu_seconds.append(peer.cpu() - before)
        return {
            peer.name: {
                "cpu_milliseconds_per_scrape": round(statistics.mean(peer.cpu_seconds) * 1000, 3),
                "cpu_milliseconds_p99": round(statistics.quantiles(peer.cpu_seconds, n=100)[98] * 1000, 3),
                "seconds_median": round(statistics.median(peer.seconds), 6),
                "seconds_p99": round(statistics.quantiles(peer.seconds, n=100)[98], 6),
                "rss_mebibytes": round(peer.rss() / 2**20, 1),
                "series": sum(line[:1] not in (b"#", b"") for line in gzip.decompress(peer.body).splitlines()),
            }
            for peer in found
        }


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser("bench.agent_scrape", description=__doc__)
    parser.add_argument("--scrapes", type=int, default=600)
    figures = measure(parser.parse_args().scrapes)
    ours, theirs = figures["ott-agent"], figures["node_exporter"]
    ratio = round(ours["cpu_milliseconds_per_scrape"] / theirs["cpu_milliseconds_per_scrape"], 3)
    bounds = {
        "cpu_ratio": ratio <= MOST_RATIO,
        "p99": ours["seconds_p99"] < MOST_P99,
        "rss": ours["rss_mebibytes"] * 2**20 < MOST_RSS,
    }
    # On a busy machine the times to answer are the others' doing: the load tells, and the CPU times stay comparable.
    load = round(os.getloadavg()[0], 1)
    print(json.dumps({**figures, "cpu_ratio": ratio, "machine_load": load, "within_bounds": bounds}, indent=2))
    return 0 if all(bounds.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
