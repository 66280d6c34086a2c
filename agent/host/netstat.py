"""Counters of TCP and UDP on the whole node, from /proc/net/netstat, snmp and snmp6.

In the first two a line of names comes before each line of figures; which names there are, and in which order, differs
between kernels. A kernel without IPv6 has no snmp6.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from agent.host import catalogue
from agent.host.root import Host, lines, number
from agent.runtime.collector import Collector
from service.metric import Metric, Sample

_PROTOCOLS = frozenset(protocol for protocol, _ in catalogue.NETSTAT)
# In snmp6 protocol and name are one word.
_UDP6 = "Udp6"
_IPV6 = {f"{protocol}{field}": metric for (protocol, field), metric in catalogue.NETSTAT.items() if protocol == _UDP6}


class Read(NamedTuple):
    """The three files; what is not there is empty."""

    netstat: str
    snmp: str
    snmp6: str


def read(host: Host) -> Read:
    folder = host.network()
    return Read(*(host.text_or_nothing(f"{folder}/{file}") for file in Read._fields))


def parse(source: Read) -> Iterator[Sample]:
    """Yield the counters that the catalogue has and this kernel knows."""
    yield from _in_pairs(source.netstat, "/proc/net/netstat")
    yield from _in_pairs(source.snmp, "/proc/net/snmp")
    for line in lines(source.snmp6):
        if not line.startswith(_UDP6):
            continue
        name, *values = line.split(maxsplit=1)
        metric = _IPV6.get(name)
        if metric is not None:
            yield metric.sample(number("".join(values), "/proc/net/snmp6"))


def _in_pairs(text: str, where: str) -> Iterator[Sample]:
    names = ""
    for line in lines(text):
        protocol, colon, rest = line.partition(":")
        if not colon:
            raise ValueError(f"{where}: {line[:40]!r} begins with no protocol")
        if protocol not in _PROTOCOLS:
            continue
        if not names:
            names = line
            continue
        columns, (count, places) = rest.split(), _places(names)
        if not names.startswith(f"{protocol}:") or count != len(columns):
            raise ValueError(f"{where}: the figures of {protocol!r} do not belong to the names before them")
        for place, metric in places:
            yield metric.sample(number(columns[place], where))
        names = ""


@lru_cache(maxsize=8)  # they change with the kernel only, and TCP alone has more than a hundred
def _places(line: str) -> tuple[int, list[tuple[int, Metric]]]:
    """Return how many names a line has, and which of them count."""
    protocol, _, rest = line.partition(":")
    names = rest.split()
    found = ((place, catalogue.NETSTAT.get((protocol, name))) for place, name in enumerate(names))
    return len(names), [(place, metric) for place, metric in found if metric is not None]


COLLECTOR = Collector("netstat", read, parse, tuple(catalogue.NETSTAT.values()))
