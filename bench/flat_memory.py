"""Whether a program's memory stays the same, as the benches over hours judge it.

It is flat where the median of the second half of the values is at most 5 % above that of the first. Halves, since
VictoriaMetrics drops the older part of its caches every half hour (`-cacheExpireDuration`): each half has whole rounds.
Medians, since what fills at the start is soon over. Pages of files are left out: the kernel keeps them while there is
room, and takes them back.
"""

import re
import statistics
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

FLAT = 1.05
_OWN = re.compile(r"^Pss_(?:Anon|Shmem): +(\d+) kB$", re.MULTILINE)


def own(pid: int) -> float:
    """Return the memory of a process and its children in mebibytes: their share of anonymous and of shared pages."""
    total = 0
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            with suppress(OSError):  # gone meanwhile
                total += sum(map(int, _OWN.findall(Path(f"/proc/{each.pid}/smaps_rollup").read_text("utf-8"))))
    return total / 1024


def grown(values: Sequence[float]) -> float:
    """Return the median of the second half divided by the median of the first; 1 of fewer than ten values."""
    if len(values) < 10:
        return 1.0
    half = len(values) // 2
    return statistics.median(values[half:]) / statistics.median(values[:half])


def course(values: Sequence[float]) -> dict[str, float]:
    """Return the first, the most and the last of the values in mebibytes, and how they have grown."""
    return {"first": round(values[0], 1), "most": round(max(values), 1), "last": round(values[-1], 1),
            "grown": round(grown(values), 3)}  # fmt: skip
