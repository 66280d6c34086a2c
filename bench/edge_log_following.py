"""What following a growing log costs, and how long a line waits: CPU of the process, p99 of the delay, nothing lost.

    python -m bench.edge_log_following [--seconds 30]

Bounds: 5,000 lines a second below 2 % of a core, 50,000 below 15 %, p99 below 0.5 s. The cost includes a scrape every
five seconds and the checkpoints.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from agent.sources.edge_log.formats.batch import Batch
from agent.sources.edge_log.input.chunk import Chunk
from agent.sources.edge_log.source import EdgeLogSource
from bench.edge_log_exactness import settings_for

BOUNDS = {5_000: 0.02, 50_000: 0.15}
DELAY_BOUND = 0.5
TICK = 0.01
SETTLED = 2.0  # seconds after the last line, many times what it may wait
PAUSE = 3.0  # seconds between two requests of a viewer: a playlist and a segment every six
STRIDE = 20  # every so many lines give a delay


class Watched(EdgeLogSource):
    """The source, noting when lines were parsed."""

    delays: list[float]

    def _batch(self, chunk: Chunk) -> Batch:
        batch = super()._batch(chunk)
        now = time.time()
        self.delays.extend(now - written for written in batch.times[::STRIDE])
        return batch


def follow(folder: Path) -> None:
    """Follow until told to stop; print what was counted."""
    source = Watched(settings_for(folder / "ott_access.log"), folder, time.time)
    source.delays = []
    source.start()
    stop = threading.Event()

    def watch_input() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=watch_input, daemon=True).start()
    source.caught_up.wait()
    while not stop.wait(5.0):
        list(source.samples())
    time.sleep(SETTLED)
    lines = next(one.value for one in source.samples() if one.metric.name == "ott_edge_log_lines_total")
    print(json.dumps({"lines": lines, "delays": sorted(source.delays)[:: max(1, len(source.delays) // 10_000)]}))
    source.stop()


def cpu_seconds(pid: int) -> float:
    """Return the CPU time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def write(log: Path, rate: int, seconds: float) -> int:
    """Append lines at a rate, stamped with the time of writing; return their number."""
    viewers = int(rate * PAUSE)
    rest = [
        f" 10.{viewer >> 16}.{viewer >> 8 & 255}.{viewer & 255} 200 900000 0.010"
        f' "GET /live/c{viewer % 200}/720p/1.ts?token={viewer:032x} HTTP/1.1" "ExoPlayerLib/2.18.1" "-"\n'.encode()
        for viewer in range(viewers)
    ]
    written, begin = 0, time.monotonic()
    with log.open("ab", buffering=0) as file:
        while (elapsed := time.monotonic() - begin) < seconds:
            due = int(elapsed * rate)
            stamp = b"%.3f" % time.time()
            file.write(b"".join([stamp + rest[number % viewers] for number in range(written, due)]))
            written = due
            time.sleep(TICK)
    return written


def measure(rate: int, seconds: float) -> bool:
    """Print one rate's figures; return whether they are within the bounds."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "ott_access.log"
        log.touch()
        call = [sys.executable, "-m", "bench.edge_log_following", "--follow", folder]
        child = subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        warm = write(log, rate, 2 * PAUSE)  # the sessions begin
        before, began = cpu_seconds(child.pid), time.monotonic()
        written = warm + write(log, rate, seconds)
        share = (cpu_seconds(child.pid) - before) / (time.monotonic() - began)
        result = json.loads(child.communicate("")[0])
    p99 = result["delays"][int(len(result["delays"]) * 0.99)]
    fine = share < BOUNDS[rate] and p99 < DELAY_BOUND and result["lines"] == written
    print(
        f"{rate:6,} lines/s, {rate * PAUSE:,.0f} sessions: {share:.2%} of a core (bound {BOUNDS[rate]:.0%}),"
        f" delay p99 {p99:.3f} s (bound {DELAY_BOUND} s), {written - result['lines']:.0f} of {written:,} lines lost"
    )
    return fine


def main() -> int:
    """Measure each rate; exit status 1 out of the bounds."""
    parser = argparse.ArgumentParser("bench.edge_log_following", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--follow", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.follow is not None:
        follow(arguments.follow)
        return 0
    return int(not min([measure(rate, arguments.seconds) for rate in BOUNDS]))


if __name__ == "__main__":
    sys.exit(main())
