"""Pressure stall information: the time tasks lost waiting for CPU, memory or I/O, from /proc/pressure.

It shows an overload that utilisation hides: a CPU at 100 % with no pressure has no work waiting. A kernel started
without PSI has no /proc/pressure, or files that cannot be read, and the collector fails with that reason.

In a container of LXC /proc/pressure is that of the node around it (lxcfs left it so until 2025): there the container's
own is read, that of its control group. With control groups of version 1 there is none.
"""

import errno
from collections.abc import Iterator, Mapping

from agent.host import catalogue
from agent.host.root import Host, number
from agent.runtime.collector import Collector
from service.metric import Sample

RESOURCES = tuple(dict.fromkeys(resource for resource, _ in catalogue.PRESSURE))
MICROSECONDS = 1e6


def read(host: Host) -> dict[str, str]:
    try:
        if host.is_container():
            texts = {name: host.text_or_nothing(f"sys/fs/cgroup/{name}.pressure") for name in RESOURCES}
            return texts if all(texts.values()) else {}
        return {resource: host.text(f"proc/pressure/{resource}") for resource in RESOURCES}
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.EOPNOTSUPP):
            raise
        raise OSError(
            "this kernel keeps no pressure stall information: start it with psi=1, "
            'or leave it out by without = ["pressure"]'
        ) from None


def parse(texts: Mapping[str, str]) -> Iterator[Sample]:
    """Yield the totals of each resource's "some" and "full" lines; nothing where there are none."""
    for (resource, line), metric in catalogue.PRESSURE.items() if texts else ():
        for text in texts[resource].splitlines():
            columns = text.split()
            if columns and columns[0] == line and columns[-1].startswith("total="):
                yield metric.sample(
                    number(columns[-1].removeprefix("total="), f"/proc/pressure/{resource}") / MICROSECONDS
                )
                break
        else:
            raise ValueError(f"/proc/pressure/{resource} has no total of {line!r}")


COLLECTOR = Collector("pressure", read, parse, tuple(catalogue.PRESSURE.values()))
