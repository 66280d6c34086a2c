"""Disk I/O, from /proc/diskstats. Times are in milliseconds there, sizes in sectors of 512 bytes on every device."""

from collections.abc import Iterator
from typing import NamedTuple

from agent.host import catalogue
from agent.host.root import Host, lines, number
from agent.runtime.collector import Collector
from service.metric import Sample
from service.nouns import counted

COLUMNS_BEFORE = 3  # major, minor, name
FEWEST_FIGURES = 11  # kernels before 4.18 have no discards, those before 5.5 no flushes


class Read(NamedTuple):
    """The text, and the pattern of the devices left out."""

    diskstats: str
    host: Host


def read(host: Host) -> Read:
    return Read(host.text("proc/diskstats"), host)


def parse(source: Read) -> Iterator[Sample]:
    """Yield the figures of every device that is not excluded."""
    for line in lines(source.diskstats):
        columns = line.split()
        if len(columns) < COLUMNS_BEFORE + FEWEST_FIGURES:
            raise ValueError(f"/proc/diskstats: {line!r} has {counted(len(columns), 'column')}")
        device = columns[2]
        if source.host.excluded_disks.search(device):
            continue
        for (metric, factor), column in zip(catalogue.DISK, columns[COLUMNS_BEFORE:], strict=False):
            yield metric.sample(number(column, "/proc/diskstats") * factor, device)


COLLECTOR = Collector("diskstats", read, parse, tuple(metric for metric, _ in catalogue.DISK))
