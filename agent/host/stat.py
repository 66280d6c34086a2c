"""CPU time, context switches, forks, interrupts and boot time, from /proc/stat.

`user` and `nice` already contain the time spent in guests; adding the guest columns to them counts it twice.

In a container of LXC the boot is that of the node around it, which a restart of the container does not move: there it
is the start of process 1.
"""

import re
from collections.abc import Iterator

from agent.host import catalogue
from agent.host.root import Host, number
from agent.runtime.collector import Collector
from service.metric import Sample
from service.nouns import counted

# USER_HZ: the unit of /proc/stat, fixed by Linux's ABI whatever the kernel's own tick is.
TICKS = 100.0
MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
GUEST_MODES = ("user", "nice")
COUNTS = {
    "btime": catalogue.BOOT_TIME,
    "ctxt": catalogue.CONTEXT_SWITCHES,
    "processes": catalogue.FORKS,
    "intr": catalogue.INTERRUPTS,
    "procs_running": catalogue.PROCS_RUNNING,
    "procs_blocked": catalogue.PROCS_BLOCKED,
}


_BOOT = re.compile(r"^btime (\d+)$", re.MULTILINE)
_START = 19  # of the columns behind the name in brackets: starttime, in ticks since the node's boot


def read(host: Host) -> str:
    text = host.cpu_times.held(host.text("proc/stat"))
    if not host.is_container():
        return text
    try:
        first_process = host.text("proc/1/stat")
    except OSError:  # hidden from strangers by hidepid
        return _BOOT.sub("", text)
    return since_own_start(text, first_process)


def since_own_start(stat: str, first_process: str) -> str:
    """Return the text of /proc/stat with the start of process 1 as the boot."""
    columns = first_process.rpartition(")")[2].split()
    if len(columns) <= _START:
        raise ValueError(f"/proc/1/stat has {counted(len(columns), 'column')} behind the name")
    after = int(number(columns[_START], "/proc/1/stat") / TICKS)
    return _BOOT.sub(lambda boot: f"btime {int(boot[1]) + after}", stat)


def parse(stat: str) -> Iterator[Sample]:
    """Yield each CPU's time by mode, guests apart, then the counts; a kernel without a column gives no sample of it."""
    cpus, guests, counts = [], [], []
    for line in stat.splitlines():
        key, _, rest = line.partition(" ")
        if key in COUNTS:
            counts.append(COUNTS[key].sample(number(rest.split(" ", 1)[0], "/proc/stat")))
        elif key.startswith("cpu") and key != "cpu":
            cpu = key[3:]
            if not cpu.isdecimal():
                raise ValueError(f"/proc/stat: {key!r} is no CPU")
            ticks = [number(column, "/proc/stat") / TICKS for column in rest.split()]
            cpus += [catalogue.CPU_SECONDS.sample(value, cpu, mode) for mode, value in zip(MODES, ticks, strict=False)]
            guests += [
                catalogue.CPU_GUEST_SECONDS.sample(value, cpu, mode)
                for mode, value in zip(GUEST_MODES, ticks[len(MODES) :], strict=False)
            ]
    if not cpus or not counts:
        raise ValueError("/proc/stat has no CPU or no counts")
    yield from cpus
    yield from guests
    yield from counts


COLLECTOR = Collector("stat", read, parse, (catalogue.CPU_SECONDS, catalogue.CPU_GUEST_SECONDS, *COUNTS.values()))
