"""Errors that the memory controllers counted since the kernel started, from /sys/devices/system/edac.

Most virtual machines, and machines whose memory corrects nothing, have no controller there, and no such figures. In a
container of LXC the memory is that of the node around it: there they are left out.
"""

import re
from collections.abc import Iterator, Mapping

from agent.host import catalogue
from agent.host.root import Host, number
from agent.runtime.collector import Collector
from service.metric import Sample

FOLDER = "sys/devices/system/edac/mc"
FILES = {"ce_count": catalogue.EDAC_CORRECTABLE, "ue_count": catalogue.EDAC_UNCORRECTABLE}

_CONTROLLER = re.compile(r"mc(\d+)")


def read(host: Host) -> dict[tuple[str, str], str]:
    found = {}
    for name in host.names_or_nothing(FOLDER):
        if not _CONTROLLER.fullmatch(name):
            continue
        for file in FILES:
            try:
                found[name, file] = host.text(f"{FOLDER}/{name}/{file}").strip()
            except OSError:
                continue  # a driver that does not count this kind, or has just been removed
    return {} if found and host.is_container() else found


def parse(counts: Mapping[tuple[str, str], str]) -> Iterator[Sample]:
    """Yield what each controller counted."""
    for (name, file), count in counts.items():
        yield FILES[file].sample(number(count, f"/{FOLDER}/{name}/{file}"), name.removeprefix("mc"))


COLLECTOR = Collector("edac", read, parse, tuple(FILES.values()))
