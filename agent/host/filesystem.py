"""Space and inodes of mounted file systems.

The mounts are those of process 1: under a hardened unit the agent's own view shows everything read-only. A mount
that does not answer (NFS without its server) is an error of that mount and keeps nobody waiting.
"""

import os
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from agent.host import catalogue
from agent.host.root import Host, lines
from agent.runtime.collector import Collector
from service.metric import Sample
from service.nouns import counted

Answer = os.statvfs_result | OSError | None
"""The figures, why there are none, or None: no answer in time."""

# Their statvfs(2) answers from counters in memory and cannot wait for a device: no thread needs to stand between, as
# long as the way there leads through nothing else.
PROMPT = frozenset({"ext2", "ext3", "ext4", "tmpfs", "xfs"})
# After errors=remount-ro ext4 is "rw" since Linux 6.12, and says since 6.15 that it takes no more writes.
UNWRITABLE = frozenset({"ro", "emergency_ro", "shutdown"})
_NEGATIVE = 1 << 63
# What CephFS and others say of inodes that are made as they are needed, -1: none can run out.
_UNCOUNTED = frozenset({-1, (1 << 64) - 1})
OCTAL = re.compile(r"\\([0-3][0-7]{2})")


class Mount(NamedTuple):
    """One line of the mount table."""

    device: str
    point: str
    kind: str
    readonly: bool


class Read(NamedTuple):
    """The mounts that are watched and what each answered."""

    mounts: list[Mount]
    answers: Mapping[str, Answer]


def read(host: Host) -> Read:
    try:
        mounts = parse_mounts(host.text("proc/1/mounts"))
    except OSError:  # hidden from strangers by hidepid
        mounts = parse_mountinfo(host.text("proc/self/mountinfo"))
    watched = [
        mount
        for mount in mounts
        if not host.excluded_file_systems.search(mount.kind) and not host.excluded_mounts.search(mount.point)
    ]
    root = str(host.root).rstrip("/")
    doubtful = {mount.point for mount in mounts if mount.kind not in PROMPT}
    others = [mount.point for mount in watched if not doubtful.isdisjoint(way(mount.point))]
    prompt = {mount.point for mount in watched}.difference(others)
    answers: dict[str, Answer] = {point: ask(root + point) for point in prompt}
    if others:
        answered = host.statvfs([root + point for point in others])
        answers |= {point: answered[root + point] for point in others}
    return Read(watched, answers)


def way(point: str) -> Iterator[str]:
    """Yield the place and every folder above it: to look one up, each of them is asked."""
    yield "/"
    for place in range(1, len(point)):
        if point[place] == "/":
            yield point[:place]
    yield point


def ask(point: str) -> Answer:
    try:
        return os.statvfs(point)
    except OSError as error:
        return error


def parse_mounts(table: str) -> list[Mount]:
    """Return the mount of each place: of several the last is on top, and nothing can be asked of those below."""
    mounts: dict[str, Mount] = {}
    for line in lines(table):
        columns = line.split(" ")
        if len(columns) < 4:
            raise ValueError(f"mount table: {line!r} has {counted(len(columns), 'column')}")
        device, point, kind = map(unescaped, columns[:3])
        mounts[point] = Mount(device, point, kind, not UNWRITABLE.isdisjoint(columns[3].split(",")))
    return list(mounts.values())


def parse_mountinfo(table: str) -> list[Mount]:
    """Return the mounts of the agent's own view, as `parse_mounts` does.

    What a hardened unit may not write is read-only there; the file system's own options (proc(5), the last field) say
    whether anybody may.
    """
    mounts: dict[str, Mount] = {}
    for line in lines(table):
        place, separator, system = line.partition(" - ")
        columns, about = place.split(" "), system.split(" ")
        if not separator or len(columns) < 6 or len(about) < 3:
            raise ValueError(f"mountinfo: {line!r} is no mount")
        kind, device, point = map(unescaped, (*about[:2], columns[4]))
        mounts[point] = Mount(device, point, kind, not UNWRITABLE.isdisjoint(about[2].split(",")))
    return list(mounts.values())


def unescaped(column: str) -> str:
    return OCTAL.sub(lambda match: chr(int(match[1], 8)), column)


def amount(number: int) -> int:
    """Return a number of blocks.

    statvfs(2) knows none below zero: what is beyond a quota, or less than is reserved, comes as a number near 2^64, and
    Python 3.11 takes that for a negative one. Nothing is free then.
    """
    return number if 0 <= number < _NEGATIVE else 0


def parse(source: Read) -> Iterator[Sample]:
    """Yield the figures of every mount that answered, and the error flag of each."""
    for mount in source.mounts:
        labels = (mount.device, mount.kind, mount.point)
        answer = source.answers[mount.point]
        failed = not isinstance(answer, os.statvfs_result)
        yield catalogue.FILESYSTEM_ERROR.sample(float(failed), *labels)
        if not isinstance(answer, os.statvfs_result):
            continue
        yield catalogue.FILESYSTEM_SIZE.sample(answer.f_blocks * answer.f_frsize, *labels)
        yield catalogue.FILESYSTEM_FREE.sample(amount(answer.f_bfree) * answer.f_frsize, *labels)
        yield catalogue.FILESYSTEM_AVAIL.sample(amount(answer.f_bavail) * answer.f_frsize, *labels)
        if answer.f_ffree not in _UNCOUNTED:
            yield catalogue.FILESYSTEM_FILES.sample(answer.f_files, *labels)
            yield catalogue.FILESYSTEM_FILES_FREE.sample(answer.f_ffree, *labels)
        yield catalogue.FILESYSTEM_READONLY.sample(float(mount.readonly), *labels)


COLLECTOR = Collector(
    "filesystem",
    read,
    parse,
    (
        catalogue.FILESYSTEM_ERROR,
        catalogue.FILESYSTEM_SIZE,
        catalogue.FILESYSTEM_FREE,
        catalogue.FILESYSTEM_AVAIL,
        catalogue.FILESYSTEM_FILES,
        catalogue.FILESYSTEM_FILES_FREE,
        catalogue.FILESYSTEM_READONLY,
    ),
)
