"""Arrays of the kernel's software RAID, from /proc/mdstat. A node without them has no such figures.

An array without redundancy (raid0, linear) has no count of working disks: all of its disks are required, and work, as
long as it does. An array that is not running has neither count. In a container of LXC the arrays are those of the node
around it: there they are left out.

Two states that node_exporter knows no series for are told, too: `broken`, an array without redundancy that has lost a
disk, and `reshape`.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from agent.host import catalogue
from agent.host.root import Host, lines
from agent.runtime.collector import Collector
from service.metric import Sample

FILE = "proc/mdstat"
WORDS = ("active", "inactive", "broken")
# What the kernel says it is doing, and the state that is named after it. A repair is a resync to the kernel.
WORK = {
    "recovery": "recovering",
    "recover": "recovering",
    "resync": "resync",
    "repair": "resync",
    "check": "check",
    "reshape": "reshape",
}
STATES = ("active", "inactive", "recovering", "resync", "check", "reshape", "broken")
WITHOUT_REDUNDANCY = frozenset({"raid0", "linear", "faulty"})

_DISK = re.compile(r"\S+\[\d+\](?:\([A-Z]\))*")
_SIZE = re.compile(r"\s+(\d+) blocks\b")
_DISKS = re.compile(r"\[(\d+)/(\d+)\] \[[U_]*\]")  # required and active
_WORK = re.compile(r"\s+(?:\[[=>.]*\]\s+)?(\w+)\s*=\s*(?:[A-Z]+|[\d.]+%\s+\((\d+)/\d+\).*)")


class Array(NamedTuple):
    """One array as the kernel describes it; the size of one without disks is not known."""

    name: str
    state: str
    required: int
    active: int
    failed: int
    spare: int
    blocks: int | None
    synced: int | None


def read(host: Host) -> str:
    text = host.text_or_nothing(FILE)
    return "" if text and host.is_container() else text


def parse(mdstat: str) -> Iterator[Sample]:
    """Yield the figures of each array."""
    for array in arrays(mdstat):
        yield catalogue.MD_DISKS_REQUIRED.sample(array.required, array.name)
        yield catalogue.MD_DISKS.sample(array.active, array.name, "active")
        yield catalogue.MD_DISKS.sample(array.failed, array.name, "failed")
        yield catalogue.MD_DISKS.sample(array.spare, array.name, "spare")
        for state in STATES:
            yield catalogue.MD_STATE.sample(float(array.state == state), array.name, state)
        if array.blocks is not None and array.synced is not None:
            yield catalogue.MD_BLOCKS.sample(array.blocks, array.name)
            yield catalogue.MD_BLOCKS_SYNCED.sample(array.synced, array.name)


def arrays(mdstat: str) -> Iterator[Array]:
    """Yield each array: its line is not indented, and those that belong to it are."""
    head, details = "", []
    for line in [*lines(mdstat), "unused devices:"]:
        if line[:1].isspace():
            details.append(line)
        elif line:
            if head:
                yield _array(head, details)
            head, details = "" if line.startswith(("Personalities :", "unused devices:")) else line, []


def _array(head: str, details: list[str]) -> Array:
    columns = head.split()
    if len(columns) < 3 or columns[1] != ":" or columns[2] not in WORDS:
        raise ValueError(
            f'/{FILE}: {head[:80]!r} is no array as Linux describes one; without = ["mdadm"] leaves arrays out'
        )
    name, word = columns[0], columns[2]
    others = [column for column in columns[3:] if not column.startswith("(")]
    disks = [column for column in others if _DISK.fullmatch(column)]
    level = others[0] if others and others[0] not in disks else ""
    required, active = _counts(name, word, level, len(disks), details)
    size = _SIZE.match(details[0]) if details else None
    blocks = synced = int(size[1]) if size else None
    state = word
    for line in details[1:]:
        work = _WORK.fullmatch(line)
        if work is not None and work[1] in WORK:
            state, synced = WORK[work[1]], int(work[2] or 0)
    return Array(
        name,
        state,
        required,
        active,
        sum("(F)" in disk for disk in disks),
        sum("(S)" in disk for disk in disks),
        blocks,
        synced,
    )


def _counts(name: str, word: str, level: str, disks: int, details: list[str]) -> tuple[int, int]:
    """Return how many disks are required and active."""
    if word == "inactive":
        return 0, 0
    found = _DISKS.search(details[0]) if details else None
    if found is not None:
        return int(found[1]), int(found[2])
    if level in WITHOUT_REDUNDANCY:
        return disks, disks
    raise ValueError(f"/{FILE}: {name} ({level or 'of no level'}) does not say how many of its disks work")


COLLECTOR = Collector(
    "mdadm",
    read,
    parse,
    (
        catalogue.MD_DISKS_REQUIRED,
        catalogue.MD_DISKS,
        catalogue.MD_STATE,
        catalogue.MD_BLOCKS,
        catalogue.MD_BLOCKS_SYNCED,
    ),
)
