"""File descriptors in use and allowed on the whole node, from /proc/sys/fs/file-nr."""

from collections.abc import Iterator

from agent.host import catalogue
from agent.host.root import Host, number
from agent.runtime.collector import Collector
from service.metric import Sample


def read(host: Host) -> str:
    return host.text("proc/sys/fs/file-nr")


def parse(file_nr: str) -> Iterator[Sample]:
    """Yield both; the column between them has been 0 since Linux 2.6."""
    columns = file_nr.split()
    if len(columns) != 3:
        raise ValueError(f"/proc/sys/fs/file-nr: {file_nr!r} is not three figures")
    yield catalogue.FILEFD_ALLOCATED.sample(number(columns[0], "/proc/sys/fs/file-nr"))
    yield catalogue.FILEFD_MAXIMUM.sample(number(columns[2], "/proc/sys/fs/file-nr"))


COLLECTOR = Collector("filefd", read, parse, (catalogue.FILEFD_ALLOCATED, catalogue.FILEFD_MAXIMUM))
