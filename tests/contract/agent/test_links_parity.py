"""Bonds beside node_exporter's, and what a loaded node shows: both read one folder, written as the kernel writes it.

Where the kernel has no bonds there is nothing to compare in test_parity.py.
"""

import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.host import bonding, conntrack, netstat, softnet
from agent.host.root import Host
from demo.ports import free_port
from tests.conftest import ROOT

COLLECTORS = (bonding.COLLECTOR, conntrack.COLLECTOR, netstat.COLLECTOR, softnet.COLLECTOR)


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """Return the folder of the golden exposition, with the bond's own names of its links."""
    root = tmp_path / "node"
    shutil.copytree(ROOT / "tests/golden/agent_host", root)
    for device in ("eno1", "eno2"):
        (root / f"sys/class/net/bond0/lower_{device}").symlink_to(f"../{device}")
    return root


@pytest.fixture
def theirs(node: Path, tmp_path: Path) -> Iterator[dict[tuple[str, frozenset[tuple[str, str]]], float]]:
    port, log = free_port(), tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [
                "prometheus-node-exporter",
                f"--web.listen-address=127.0.0.1:{port}",
                *(f"--path.{name}={node}/{name.removesuffix('fs')}" for name in ("procfs", "sysfs")),
                "--collector.disable-defaults",
                *(f"--collector.{collector.name}" for collector in COLLECTORS),
            ],
            stderr=output,
        )
    try:
        yield _scraped(f"http://127.0.0.1:{port}/metrics", log)
    finally:
        process.terminate()
        process.wait(10)


def _scraped(url: str, log: Path) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    end = time.monotonic() + 15
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as response:
                text = response.read().decode()
        except OSError:
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.05)
            continue
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


def test_bonds_tables_counters_and_queues_are_node_exporters(
    node: Path, theirs: dict[tuple[str, frozenset[tuple[str, str]]], float]
) -> None:
    ours = {
        (sample.metric.name, frozenset(zip(sample.metric.labels, sample.labels, strict=True))): sample.value
        for collector in COLLECTORS
        for sample in collector.on(Host(node)).collect()
        if sample.metric.name.startswith("node_")
    }
    assert {name for name, _ in ours} == {
        metric.name for collector in COLLECTORS for metric in collector.emits if metric.name.startswith("node_")
    }
    assert ours == {series: value for series, value in theirs.items() if series in ours}
