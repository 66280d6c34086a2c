"""Load averages, from /proc/loadavg. Linux counts tasks that wait for disks as load, too."""

from collections.abc import Iterator

from agent.host import catalogue
from agent.host.root import Host, number
from agent.runtime.collector import Collector
from service.metric import Sample

METRICS = (catalogue.LOAD1, catalogue.LOAD5, catalogue.LOAD15)


def read(host: Host) -> str:
    return host.text("proc/loadavg")


def parse(loadavg: str) -> Iterator[Sample]:
    """Yield the three averages."""
    columns = loadavg.split()
    if len(columns) < len(METRICS):
        raise ValueError("/proc/loadavg has fewer than three figures")
    for metric, column in zip(METRICS, columns, strict=False):
        yield metric.sample(number(column, "/proc/loadavg"))


COLLECTOR = Collector("loadavg", read, parse, METRICS)
