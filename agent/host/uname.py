"""What uname(2) says, from /proc/sys/kernel; the machine's type has a file there since Linux 6.1 only."""

import os
from collections.abc import Iterator, Mapping

from agent.host import catalogue
from agent.host.root import Host
from agent.runtime.collector import Collector
from service.metric import Sample

FILES = {
    "domainname": "domainname",
    "nodename": "hostname",
    "release": "osrelease",
    "sysname": "ostype",
    "version": "version",
}


def read(host: Host) -> dict[str, str]:
    names = {label: host.text(f"proc/sys/kernel/{file}") for label, file in FILES.items()}
    try:
        names["machine"] = host.text("proc/sys/kernel/arch")
    except FileNotFoundError:
        names["machine"] = os.uname().machine
    return names


def parse(names: Mapping[str, str]) -> Iterator[Sample]:
    """Yield the one sample."""
    yield catalogue.UNAME.sample(1, *(names[label].strip() for label in catalogue.UNAME.labels))


COLLECTOR = Collector("uname", read, parse, (catalogue.UNAME,))
