"""Network traffic by interface, from /proc/net/dev."""

from collections.abc import Iterator
from typing import NamedTuple

from agent.host import catalogue
from agent.host.root import Host, lines, number
from agent.runtime.collector import Collector
from service.metric import Sample

METRICS = (*catalogue.NETWORK_RECEIVE, *catalogue.NETWORK_TRANSMIT)
HEADER_LINES = 2


class Read(NamedTuple):
    """The text, and the pattern of the interfaces left out."""

    netdev: str
    host: Host


def read(host: Host) -> Read:
    return Read(host.text(f"{host.network()}/dev"), host)


def parse(source: Read) -> Iterator[Sample]:
    """Yield the sixteen counters of every interface that is not excluded."""
    table = lines(source.netdev)
    if len(table) < HEADER_LINES:
        raise ValueError("/proc/net/dev has no header")
    for line in table[HEADER_LINES:]:
        # The last colon: an alias such as "eth0:1" has one of its own.
        device, _, rest = line.rpartition(":")
        device, columns = device.strip(" "), rest.split()
        if not device or len(columns) != len(METRICS):
            raise ValueError(f"/proc/net/dev: {line!r} is no interface with {len(METRICS)} counters")
        if source.host.excluded_interfaces.search(device):
            continue
        for metric, column in zip(METRICS, columns, strict=True):
            yield metric.sample(number(column, "/proc/net/dev"), device)


COLLECTOR = Collector("netdev", read, parse, METRICS)
