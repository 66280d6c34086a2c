"""Debian's node_exporter, and what it exposes, beside which our host metrics are held."""

import subprocess
import time
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from demo.ports import free_port

START = 15.0  # seconds that it may take until it answers

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


@contextmanager
def node_exporter(log: Path, collectors: Iterable[str], *arguments: str) -> Iterator[str]:
    """Start it with these collectors alone, and yield its address once it answers."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/metrics"
    with log.open("w") as output:
        process = subprocess.Popen(
            [
                "prometheus-node-exporter",
                f"--web.listen-address=127.0.0.1:{port}",
                *arguments,
                "--collector.disable-defaults",
                *(f"--collector.{name}" for name in collectors),
            ],
            stderr=output,
        )
    try:
        end = time.monotonic() + START
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


def of_a_tree(root: Path) -> tuple[str, str]:
    """Return the arguments with which it reads the files below a folder instead of the kernel's."""
    return f"--path.procfs={root}/proc", f"--path.sysfs={root}/sys"
