"""Pressure stall information: the time tasks lost waiting for CPU, memory or I/O, from /proc/pressure.

It shows an overload that utilisation hides: a CPU at 100 % with no pressure has no work waiting. A kernel started
without PSI has no /proc/pressure, and the collector fails with that reason.
"""

from collections.abc import Iterator, Mapping

from agent.host import catalogue
from agent.host.root import Host, number
from agent.runtime.collector import Collector
from service.metric import Sample

RESOURCES = tuple(dict.fromkeys(resource for resource, _ in catalogue.PRESSURE))
MICROSECONDS = 1e6


def read(host: Host) -> dict[str, str]:
    return {resource: host.text(f"proc/pressure/{resource}") for resource in RESOURCES}


def parse(texts: Mapping[str, str]) -> Iterator[Sample]:
    """Yield the totals of each resource's "some" and "full" lines."""
    for (resource, line), metric in catalogue.PRESSURE.items():
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
