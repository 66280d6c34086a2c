"""Paging and swapping, from /proc/vmstat. Used swap harms nobody; pages that go in and out of it do.

In a container of LXC /proc/vmstat is that of the node around it: there the container's own counts are read, those of
its control group (of swap since Linux 6.13). With control groups of version 1 there are none.
"""

from collections.abc import Iterator

from agent.host import catalogue
from agent.host.root import Host, lines, number
from agent.runtime.collector import Collector
from service.metric import Sample

# What a control group counts as the node does; its pgpgin and pgpgout are something else.
_OWN = frozenset({"pswpin", "pswpout", "pgfault", "pgmajfault", "oom_kill"})
_OWN_FILES = ("sys/fs/cgroup/memory.stat", "sys/fs/cgroup/memory.events")


def read(host: Host) -> str:
    if not host.is_container():
        return host.text("proc/vmstat")
    own = (line for file in _OWN_FILES for line in lines(host.text_or_nothing(file)))
    return "\n".join(line for line in own if line.partition(" ")[0] in _OWN)


def parse(vmstat: str) -> Iterator[Sample]:
    """Yield the counts that the catalogue has; nothing for a container that has none of its own."""
    found = False
    for line in vmstat.splitlines():
        key, _, value = line.partition(" ")
        metric = catalogue.VMSTAT.get(key)
        if metric is not None:
            found = True
            yield metric.sample(number(value, "/proc/vmstat"))
    if vmstat and not found:
        raise ValueError("/proc/vmstat has no known key")


COLLECTOR = Collector("vmstat", read, parse, tuple(catalogue.VMSTAT.values()))
