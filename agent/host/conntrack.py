"""How full the table of tracked connections is. A node that tracks none has no such figures.

Both figures in /proc/sys are those of the reader's own network. Where that is not the node's, its count is in
/proc/1/net/stat, if the kernel was built with that file; the limit is the same in every network.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from agent.host import catalogue
from agent.host.root import Host, integer, lines, number
from agent.runtime.collector import Collector
from service.metric import Sample

_COUNT = "proc/sys/net/netfilter/nf_conntrack_count"
_LIMIT = "proc/sys/net/netfilter/nf_conntrack_max"
_STATISTICS = "proc/1/net/stat/nf_conntrack"  # a line a CPU, each with the entries of all


class Read(NamedTuple):
    """Entries and limit, as the kernel writes them."""

    entries: str
    limit: str


def read(host: Host) -> Read | None:
    try:
        entries = _entries_elsewhere(host) if _elsewhere(host) else host.text(_COUNT)
        return Read(entries, host.text(_LIMIT))
    except FileNotFoundError:
        return None


def _elsewhere(host: Host) -> bool:
    """Return whether the agent has another network than process 1: the file of each network is another file."""
    if host.root == Path("/"):
        return False
    try:
        mine, node = (os.stat(f"{host.root}/proc/{process}/net/dev") for process in ("self", "1"))  # noqa: PTH116
    except OSError:
        return False
    return mine.st_ino != node.st_ino


def _entries_elsewhere(host: Host) -> str:
    table = lines(host.text(_STATISTICS))
    if len(table) < 2 or table[0].split()[:1] != ["entries"]:
        raise ValueError(f"/{_STATISTICS} does not begin with entries; this kernel writes the file in another form")
    return str(integer(table[1].split(" ")[0], f"/{_STATISTICS}", 16))


def parse(source: Read | None) -> Iterator[Sample]:
    """Yield both figures; nothing for a node without connection tracking."""
    if source is not None:
        yield catalogue.CONNTRACK_ENTRIES.sample(number(source.entries.strip(), f"/{_COUNT}"))
        yield catalogue.CONNTRACK_LIMIT.sample(number(source.limit.strip(), f"/{_LIMIT}"))


COLLECTOR = Collector("conntrack", read, parse, (catalogue.CONNTRACK_ENTRIES, catalogue.CONNTRACK_LIMIT))
