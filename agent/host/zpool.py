"""State of the ZFS pools, from /proc/spl/kstat/zfs. A node without pools has no such figures.

In a container of LXC the pools are those of the node around it: there they are left out. ZFS before 0.8 does not tell
the state.
"""

from collections.abc import Iterator, Mapping

from agent.host import catalogue
from agent.host.root import Host
from agent.runtime.collector import Collector
from service.metric import Sample

FOLDER = "proc/spl/kstat/zfs"
STATES = ("online", "degraded", "faulted", "offline", "removed", "unavail", "suspended")


def read(host: Host) -> dict[str, str]:
    found = {}
    for name in host.names_or_nothing(FOLDER):
        try:
            found[name] = host.text(f"{FOLDER}/{name}/state").strip()
        except (FileNotFoundError, NotADirectoryError):
            continue  # figures of ZFS as a whole, or a pool that is being exported
    return {} if found and host.is_container() else found


def parse(pools: Mapping[str, str]) -> Iterator[Sample]:
    """Yield each pool's state."""
    for pool, shown in pools.items():
        state = shown.lower()
        if state not in STATES:
            raise ValueError(f"/{FOLDER}/{pool}/state: {shown[:40]!r} is none of {', '.join(STATES)}")
        for possible in STATES:
            yield catalogue.ZPOOL_STATE.sample(float(state == possible), possible, pool)


COLLECTOR = Collector("zpool", read, parse, (catalogue.ZPOOL_STATE,))
