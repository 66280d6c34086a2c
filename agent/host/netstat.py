"""Counters of TCP and UDP on the whole node, from /proc/net/netstat, snmp and snmp6.

In the first two a line of names comes before each line of figures; which names there are, and in which order, differs
between kernels. A kernel without IPv6 has no snmp6.
"""

from collections.abc import Iterator
from typing import NamedTuple

from agent.host import catalogue
from agent.host.root import Host, lines, number
from agent.runtime.collector import Collector
from service.metric import Sample

_PROTOCOLS = frozenset(protocol for protocol, _ in catalogue.NETSTAT)
# In snmp6 protocol and name are one word.
_IPV6 = {f"{protocol}{field}": metric for (protocol, field), metric in catalogue.NETSTAT.items() if protocol == "Udp6"}


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
        name, _, value = line.partition(" ")
        metric = _IPV6.get(name.rstrip("\t"))
        if metric is not None:
            yield metric.sample(number(value.strip(), "/proc/net/snmp6"))


def _in_pairs(text: str, where: str) -> Iterator[Sample]:
    names: tuple[str, list[str]] | None = None
    for line in lines(text):
        protocol, colon, rest = line.partition(":")
        if not colon:
            raise ValueError(f"{where}: {line[:40]!r} begins with no protocol")
        if protocol not in _PROTOCOLS:
            continue
        columns = rest.split()
        if names is None:
            names = protocol, columns
            continue
        if names[0] != protocol or len(names[1]) != len(columns):
            raise ValueError(f"{where}: the figures of {protocol!r} do not belong to the names before them")
        for name, column in zip(names[1], columns, strict=True):
            metric = catalogue.NETSTAT.get((protocol, name))
            if metric is not None:
                yield metric.sample(number(column, where))
        names = None


COLLECTOR = Collector("netstat", read, parse, tuple(catalogue.NETSTAT.values()))
