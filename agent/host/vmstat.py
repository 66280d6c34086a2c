"""Paging and swapping, from /proc/vmstat. Used swap harms nobody; pages that go in and out of it do."""

from collections.abc import Iterator

from agent.host import catalogue
from agent.host.root import Host, number
from agent.runtime.collector import Collector
from service.metric import Sample


def read(host: Host) -> str:
    return host.text("proc/vmstat")


def parse(vmstat: str) -> Iterator[Sample]:
    """Yield the counts that the catalogue has."""
    found = False
    for line in vmstat.splitlines():
        key, _, value = line.partition(" ")
        metric = catalogue.VMSTAT.get(key)
        if metric is not None:
            found = True
            yield metric.sample(number(value, "/proc/vmstat"))
    if not found:
        raise ValueError("/proc/vmstat has no known key")


COLLECTOR = Collector("vmstat", read, parse, tuple(catalogue.VMSTAT.values()))
