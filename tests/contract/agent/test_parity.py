"""Our host metrics beside node_exporter's: same names, types and label sets, and the same values.

A value agrees when node_exporter's lies between ours scraped just before and ours scraped just after it. Counters do
so at once; a gauge that jumps about (free memory) gets as many rounds as it needs.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.agent.node_exporter import node_exporter as started
from tests.contract.agent.node_exporter import parsed, scrape
from tests.contract.agent.program import agent

COLLECTORS = (
    *("cpu", "stat", "loadavg", "meminfo", "vmstat", "pressure", "diskstats", "filesystem"),
    *("netdev", "netclass", "time", "uname", "filefd"),
    *("bonding", "conntrack", "netstat", "softnet"),
)


@pytest.fixture(scope="module")
def node_exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with started(tmp_path_factory.mktemp("node_exporter") / "log", COLLECTORS) as url:
        yield url


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
