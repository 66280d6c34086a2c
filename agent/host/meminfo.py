"""Memory, from /proc/meminfo.

What a new process can still get is MemAvailable; MemFree leaves out the page cache, which the kernel gives back.
"""

from collections.abc import Iterator

from agent.host import catalogue
from agent.host.root import Host, number
from agent.runtime.collector import Collector
from service.metric import Sample


def read(host: Host) -> str:
    return host.text("proc/meminfo")


def parse(meminfo: str) -> Iterator[Sample]:
    """Yield every key the catalogue has, in bytes where the kernel says kB."""
    found = False
    for line in meminfo.splitlines():
        key, _, rest = line.partition(":")
        metric = catalogue.MEMORY.get(key)
        if metric is None:
            continue
        columns = rest.split()
        in_bytes = metric.name.endswith("_bytes")
        if not columns or (columns[1:] == ["kB"]) is not in_bytes:
            raise ValueError(f"/proc/meminfo: {line!r} is not an amount of {'kB' if in_bytes else 'pages'}")
        found = True
        yield metric.sample(
            number(columns[0], "/proc/meminfo") * 1024 if in_bytes else number(columns[0], "/proc/meminfo")
        )
    if not found:
        raise ValueError("/proc/meminfo has no known key")


COLLECTOR = Collector("meminfo", read, parse, tuple(catalogue.MEMORY.values()))
