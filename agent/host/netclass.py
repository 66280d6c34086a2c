"""State and speed of the network interfaces, from /sys/class/net.

The kernel refuses to read `carrier` and `speed` of an interface that is down: those samples are absent then, not 0.
"""

from collections.abc import Iterator, Mapping

from agent.host import catalogue
from agent.host.root import EXCLUDED_INTERFACES, Host, number
from agent.runtime.collector import Collector
from service.metric import Sample

FILES = ("operstate", "carrier", "carrier_changes", "mtu", "speed")
# Megabit/s in bytes per second; a virtual interface says -1 and node_exporter exports that as it is.
MEGABIT = 1e6 / 8
# What drivers write for a speed that is not known, as ethtool reads it too: -1 in 16 and in 32 bits without a sign.
_UNKNOWN_SPEEDS = frozenset({"65535", "4294967295"})


def read(host: Host) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    # By node_exporter's defaults the loopback has a state, though its traffic is left out.
    chosen = host.excluded_interfaces if host.excluded_interfaces != EXCLUDED_INTERFACES else None
    for device in host.names("sys/class/net"):
        if chosen is not None and chosen.search(device):
            continue
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
            yield catalogue.NETWORK_CARRIER.sample(
                number(values["carrier"], f"/sys/class/net/{device}/carrier"), device
            )
        if "carrier_changes" in values:
            yield catalogue.NETWORK_CARRIER_CHANGES.sample(
                number(values["carrier_changes"], f"/sys/class/net/{device}/carrier_changes"), device
            )
        if "mtu" in values:
            yield catalogue.NETWORK_MTU.sample(number(values["mtu"], f"/sys/class/net/{device}/mtu"), device)
        if "speed" in values:
            speed = "-1" if values["speed"] in _UNKNOWN_SPEEDS else values["speed"]
            yield catalogue.NETWORK_SPEED.sample(number(speed, f"/sys/class/net/{device}/speed") * MEGABIT, device)


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
