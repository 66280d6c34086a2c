"""State and speed of the network interfaces, from /sys/class/net.

The kernel refuses to read `carrier` and `speed` of an interface that is down: those samples are absent then, not 0.
"""

from collections.abc import Iterator, Mapping

from agent.host import catalogue
from agent.host.root import Host
from agent.runtime.collector import Collector
from service.metric import Sample

FILES = ("operstate", "carrier", "carrier_changes", "mtu", "speed")
# Megabit/s in bytes per second; a virtual interface says -1 and node_exporter exports that as it is.
MEGABIT = 1e6 / 8


def read(host: Host) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for device in host.names("sys/class/net"):
        values = found[device] = {}
        for file in FILES:
            try:
                values[file] = host.text(f"sys/class/net/{device}/{file}").strip()
            except OSError:
                continue
        if not values:
            del found[device]  # a file such as bonding_masters, or an interface that has just gone
    return found


def parse(interfaces: Mapping[str, Mapping[str, str]]) -> Iterator[Sample]:
    """Yield what the kernel told of each interface."""
    for device, values in interfaces.items():
        if "operstate" in values:
            yield catalogue.NETWORK_UP.sample(float(values["operstate"] == "up"), device)
        if "carrier" in values:
            yield catalogue.NETWORK_CARRIER.sample(float(values["carrier"]), device)
        if "carrier_changes" in values:
            yield catalogue.NETWORK_CARRIER_CHANGES.sample(float(values["carrier_changes"]), device)
        if "mtu" in values:
            yield catalogue.NETWORK_MTU.sample(float(values["mtu"]), device)
        if "speed" in values:
            yield catalogue.NETWORK_SPEED.sample(float(values["speed"]) * MEGABIT, device)


COLLECTOR = Collector(
    "netclass",
    read,
    parse,
    (
        catalogue.NETWORK_UP,
        catalogue.NETWORK_CARRIER,
        catalogue.NETWORK_CARRIER_CHANGES,
        catalogue.NETWORK_MTU,
        catalogue.NETWORK_SPEED,
    ),
)
