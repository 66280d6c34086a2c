"""Processes by name: how many run, their CPU time and resident memory.

CPU time is kept for processes that have ended, so the counter does not fall when one of several workers goes; what a
process used after it was last seen is lost, as in any sampling. What has ended and was not waited for by its parent is
still in the process table, and runs no more.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import psutil

from agent.host import catalogue
from agent.runtime.collector import Collector
from service.metric import Sample

LONGEST_COMM = 15  # bytes of a name that Linux keeps in /proc/PID/comm
# Every account may read this of every process, unless /proc is mounted with `hidepid`.
FIRST_PROCESS = Path("/proc/1/stat")


class Process(NamedTuple):
    """One process as of now; number and start together are never used again."""

    number: int
    started: float
    name: str
    cpu_seconds: float
    resident_bytes: float


class Total(NamedTuple):
    """All processes of one name."""

    instances: int
    cpu_seconds: float
    resident_bytes: float


@dataclass(slots=True)
class Watched:
    """The names that are watched, and the CPU time seen of every process so far."""

    names: tuple[str, ...]
    running: dict[tuple[int, float], Process] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)

    def name_of(self, known: str) -> str | None:
        """Return the watched name that this one is: itself, or what the kernel keeps of it."""
        # psutil completes from the command line what the kernel has cut; settings may have either, as `ps` shows it.
        for name in (known, known.encode()[:LONGEST_COMM].decode(errors="ignore")):
            if name in self.names:
                return name
        return None

    def advance(self, processes: Iterable[Process]) -> dict[str, Total]:
        """Take the processes that run now; return the totals by name."""
        now = {(process.number, process.started): process for process in processes}
        for key, process in self.running.items():
            if key not in now:
                self.ended[process.name] = self.ended.get(process.name, 0.0) + process.cpu_seconds
        self.running = now
        totals = {}
        for name in self.names:
            members = [process for process in now.values() if process.name == name]
            totals[name] = Total(
                len(members),
                self.ended.get(name, 0.0) + sum(process.cpu_seconds for process in members),
                sum(process.resident_bytes for process in members),
            )
        return totals


def read(watched: Watched) -> dict[str, Total]:
    """Look at all processes; raise OSError where those of others are hidden, as none would be counted as running."""
    check_visible(FIRST_PROCESS)
    found = []
    for known in psutil.process_iter():
        try:
            # The name alone first: reading everything of every process would cost ten times as much.
            name = watched.name_of(known.name())
            if name is not None:
                # What psutil keeps of a number may be of a process that has ended, and had it before.
                process = psutil.Process(known.pid)
                with process.oneshot():
                    if has_ended(process):
                        continue
                    times, memory = process.cpu_times(), process.memory_info()
                    used = times.user + times.system
                    found.append(Process(process.pid, process.create_time(), name, used, memory.rss))
        except psutil.Error:
            continue  # it ended, or is a stranger's and hidden
    return watched.advance(found)


def check_visible(first: Path) -> None:
    """Raise OSError with the remedy where the node's first process cannot be read."""
    try:
        first.read_bytes()
    except OSError:
        raise OSError(
            "processes of other accounts are hidden from the agent (/proc is mounted with hidepid): "
            "add its account to the group that the mount's option gid names"
        ) from None


def has_ended(process: psutil.Process) -> bool:
    """Return whether nothing of a process runs any more; one whose first thread alone has ended lives on in others."""
    return process.status() == psutil.STATUS_DEAD or (
        process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
    )


def parse(totals: dict[str, Total]) -> Iterator[Sample]:
    """Yield the three figures of each name; a name that no process has is a count of 0."""
    for name, total in totals.items():
        yield catalogue.PROCESS_INSTANCES.sample(total.instances, name)
        yield catalogue.PROCESS_CPU.sample(total.cpu_seconds, name)
        yield catalogue.PROCESS_MEMORY.sample(total.resident_bytes, name)


COLLECTOR = Collector(
    "process", read, parse, (catalogue.PROCESS_INSTANCES, catalogue.PROCESS_CPU, catalogue.PROCESS_MEMORY)
)
