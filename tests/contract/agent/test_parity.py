"""Our host metrics beside node_exporter's: same names, types and label sets, and the same values.

A value agrees when node_exporter's lies between ours scraped just before and ours scraped just after it. Counters do
so at once; a gauge that jumps about (free memory) gets as many rounds as it needs.
"""

import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from demo.ports import free_port
from tests.contract.agent.program import agent

COLLECTORS = (
    *("cpu", "stat", "loadavg", "meminfo", "vmstat", "pressure", "diskstats", "filesystem"),
    *("netdev", "netclass", "time", "uname", "filefd"),
    *("bonding", "conntrack", "netstat", "softnet"),
)

Series = tuple[str, frozenset[tuple[str, str]]]


def scrape(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as response:
        body: bytes = response.read()
        return body.decode()


def parsed(text: str) -> tuple[dict[str, str], dict[Series, float]]:
    """Return the type of each family, and each series' value."""
    kinds, values = {}, {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name.startswith("node_") and not sample.name.startswith(("node_exporter_", "node_scrape_")):
                kinds[sample.name] = family.type
                values[sample.name, frozenset(sample.labels.items())] = sample.value
    return kinds, values


@pytest.fixture(scope="module")
def node_exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    log = tmp_path_factory.mktemp("node_exporter") / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [
                "prometheus-node-exporter",
                f"--web.listen-address=127.0.0.1:{port}",
                "--collector.disable-defaults",
                *(f"--collector.{name}" for name in COLLECTORS),
            ],
            stderr=output,
        )
    url = f"http://127.0.0.1:{port}/metrics"
    try:
        end = time.monotonic() + 15
        while True:
            try:
                scrape(url)
                break
            except OSError:
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def test_names_types_labels_and_values_are_node_exporters(mounts: None, node_exporter: str, tmp_path: Path) -> None:
    with agent(tmp_path) as running:
        ours_kinds, ours = parsed(running.get("/metrics").text)
        their_kinds, theirs = parsed(scrape(node_exporter))
        assert ours_kinds == {name: their_kinds.get(name, "not theirs") for name in ours_kinds}
        assert set(ours) == {series for series in theirs if series[0] in ours_kinds}
        assert {name.split("_")[1] for name in ours_kinds} >= {
            *("cpu", "load1", "memory", "vmstat", "pressure", "disk", "filesystem", "network", "time", "uname"),
            *("filefd", "boot", "context", "procs", "forks", "intr"),
        }
        open_, end = set(ours), time.monotonic() + 20
        while open_:
            assert time.monotonic() < end, f"never agreed: {sorted((name, sorted(labels)) for name, labels in open_)}"
            before = parsed(running.get("/metrics").text)[1]
            theirs = parsed(scrape(node_exporter))[1]
            after = parsed(running.get("/metrics").text)[1]
            for series in list(open_):
                low, high = sorted((before[series], after[series]))
                # The two divide the kernel's integers in another order: the last digit of a double may differ.
                if low * (1 - 1e-12) <= theirs[series] <= high * (1 + 1e-12) or low == theirs[series]:
                    open_.remove(series)
