"""Memory that ZFS caches files in (its ARC), from /proc/spl/kstat/zfs/arcstats.

The kernel's MemAvailable does not know it, though all beyond its least size is given back when programs need it. A node
without ZFS has no such figures. A container of LXC sees its own memory and the node's ARC: there it is left out.
"""

from collections.abc import Iterator

from agent.host import catalogue
from agent.host.root import Host, lines, number
from agent.runtime.collector import Collector
from service.metric import Sample

FILE = "proc/spl/kstat/zfs/arcstats"


def read(host: Host) -> str:
    text = host.text_or_nothing(FILE)
    return "" if text and host.is_container() else text


def parse(arcstats: str) -> Iterator[Sample]:
    """Yield the sizes; nothing for a node without ZFS. Each line has a name, a type and the value."""
    rows = dict(row[::2] for line in lines(arcstats) if len(row := line.split()) == 3)
    for name, metric in catalogue.ARC.items():
        if name in rows:
            yield metric.sample(number(rows[name], f"/{FILE}"))
        elif arcstats:
            raise ValueError(f"/{FILE} has no {name!r}")


COLLECTOR = Collector("zfs", read, parse, tuple(catalogue.ARC.values()))
