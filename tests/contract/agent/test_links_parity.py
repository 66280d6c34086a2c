"""Bonds beside node_exporter's, and what a loaded node shows: both read one folder, written as the kernel writes it.

Where the kernel has no bonds there is nothing to compare in test_parity.py.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.host import bonding, conntrack, netstat, softnet
from agent.host.root import Host
from tests.conftest import ROOT
from tests.contract.agent.node_exporter import Series, node_exporter, of_a_tree, parsed, scrape

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
def theirs(node: Path, tmp_path: Path) -> Iterator[dict[Series, float]]:
    names = [collector.name for collector in COLLECTORS]
    with node_exporter(tmp_path / "log", names, *of_a_tree(node)) as url:
        yield parsed(scrape(url))[1]


def test_bonds_tables_counters_and_queues_are_node_exporters(node: Path, theirs: dict[Series, float]) -> None:
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
