"""CPU times of /proc/stat that never step back.

proc(5) says that iowait may decrease, and steal does after a live migration; to Prometheus a counter that falls is a
restart. As in node_exporter, each counter keeps its highest value until the kernel passes it. Only a CPU whose idle
time falls by three seconds or more was taken away and has come back: its counters start again.
"""

IDLE = 3  # the column of a CPU's line
RETURNED = 300  # ticks of a hundredth of a second


class CpuTimes:
    """The highest value of each counter by CPU; a CPU that is not listed any more is forgotten."""

    def __init__(self) -> None:
        self._highest: dict[str, list[int]] = {}

    def held(self, stat: str) -> str:
        """Return the text of /proc/stat with no counter of a CPU below what it was."""
        lines, highest = stat.split("\n"), dict[str, list[int]]()
        for number, line in enumerate(lines):
            if not line.startswith("cpu") or line.startswith("cpu "):
                continue
            cpu, *columns = line.split()
            try:
                now = [int(column) for column in columns]
            except ValueError:
                continue  # the parser says what is wrong with it
            before = self._highest.get(cpu, now)
            if len(before) != len(now) or (len(now) > IDLE and before[IDLE] - now[IDLE] >= RETURNED):
                before = now
            highest[cpu] = kept = [max(pair) for pair in zip(before, now, strict=True)]
            if kept != now:
                lines[number] = " ".join([cpu, *map(str, kept)])
        self._highest = highest
        return "\n".join(lines)
