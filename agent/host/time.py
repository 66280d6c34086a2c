"""The node's clock, its zone, and the clock sources of the kernel.

Prometheus compares the clock with its own: a node that drifts puts its log lines into the wrong minute.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from agent.host import catalogue
from agent.host.root import Host
from agent.runtime.collector import Collector
from service.metric import Sample

FOLDER = "sys/devices/system/clocksource"


class Read(NamedTuple):
    """The moment in the node's zone, and (device, available, current) for each clock source device."""

    moment: datetime
    clocksources: list[tuple[str, str, str]]


def read(host: Host) -> Read:
    names = host.names_or_nothing(FOLDER)  # a container without /sys has a clock all the same
    sources = [
        (
            name.removeprefix("clocksource"),
            host.text(f"{FOLDER}/{name}/available_clocksource"),
            host.text(f"{FOLDER}/{name}/current_clocksource"),
        )
        for name in names
        if name.startswith("clocksource")
    ]
    return Read(datetime.fromtimestamp(host.clock()).astimezone(), sources)


def parse(source: Read) -> Iterator[Sample]:
    """Yield the clock, the zone's offset and the clock sources."""
    offset = source.moment.utcoffset()
    if offset is None:
        raise ValueError("the moment has no zone")
    yield catalogue.TIME.sample(source.moment.timestamp())
    yield catalogue.TIME_ZONE_OFFSET.sample(offset.total_seconds(), source.moment.tzname() or "")
    for device, available, current in source.clocksources:
        for name in available.split():
            yield catalogue.CLOCKSOURCE_AVAILABLE.sample(1, name, device)
        yield catalogue.CLOCKSOURCE_CURRENT.sample(1, current.strip(), device)


COLLECTOR = Collector(
    "time",
    read,
    parse,
    (
        catalogue.TIME,
        catalogue.TIME_ZONE_OFFSET,
        catalogue.CLOCKSOURCE_AVAILABLE,
        catalogue.CLOCKSOURCE_CURRENT,
    ),
)
