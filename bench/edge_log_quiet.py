"""Thousands of log files under one pattern, within the descriptors of a shell: what they cost while nothing is written.

    python -m bench.edge_log_quiet [--files 2000] [--descriptors 1024] [--seconds 60]

Every file gets a line, then nothing for a while, then a second line. In the end some files get a third one and
are deleted in the same moment: of those that are not open nobody can read it. Bounds: below 5 % of a core while quiet,
every scrape answered within a second, both lines of every file counted, and of the deleted files each line counted or
told as a loss.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from bench.edge_log_following import cpu_seconds
from bench.edge_log_generator import BEGIN
from bench.edge_log_kills import SOURCE, figures
from demo.ports import free_port

SHARE_BOUND, SCRAPE_BOUND = 0.05, 1.0
DEADLINE = 120.0
SCRAPE_EVERY = 5.0
CHANNELS = 50  # what the scrape costs is that of a usual edge
REST = 10.0  # seconds after the last line: what is young is looked at more often
DELETE_EVERY = 20
LINES, LOSSES = "ott_edge_log_lines_total", "ott_edge_log_losses_total"


def write(folder: Path, numbers: range, line: int, *, delete: bool = False) -> None:
    """Append a line to each of the files, and maybe delete them with it."""
    for number in numbers:
        request = f"GET /live/c{number % CHANNELS}/{line}.ts?token={number} HTTP/1.1"
        text = f'{BEGIN + line:.3f} 192.0.2.1 200 {1000 + number} 0.001 "{request}" "player" "-"\n'
        path = folder / f"channel{number}.log"
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
        if delete:
            path.unlink()


def counted(port: int, lines: int, *names: str) -> dict[str, float]:
    """Wait until there are so many lines counted, or of `names` together; return the figures there are in the end."""
    end, found = time.monotonic() + DEADLINE, dict[str, float]()
    while sum(found.get(name, -1.0) for name in names or (LINES,)) < lines and time.monotonic() < end:
        time.sleep(0.5)
        found = figures(port)
    return found


def quiet(process: subprocess.Popen[bytes], port: int, seconds: float) -> tuple[float, float]:
    """Scrape as Prometheus does; return the share of a core and the slowest scrape."""
    before, began, slowest = cpu_seconds(process.pid), time.monotonic(), 0.0
    while time.monotonic() - began < seconds:
        asked = time.monotonic()
        httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=30).raise_for_status()
        slowest = max(slowest, time.monotonic() - asked)
        time.sleep(SCRAPE_EVERY)
    return (cpu_seconds(process.pid) - before) / (time.monotonic() - began), slowest


def measure(folder: Path, files: int, descriptors: int, seconds: float) -> bool:
    """Print the figures; return whether they are within the bounds."""
    port = free_port()
    (folder / "state").mkdir()
    config = folder / "agent.toml"
    config.write_text(SOURCE.format(port=port, folder=folder, log="*.log"))
    call = ["prlimit", f"--nofile={descriptors}", sys.executable, "-m", "agent", "serve", "--config", str(config)]
    (folder / "channel0.log").touch()
    process = subprocess.Popen(call, stderr=subprocess.DEVNULL)
    every, deleted = range(files), range(0, files, DELETE_EVERY)
    try:
        counted(port, 0)
        write(folder, every, 0)
        first = counted(port, files).get(LINES, 0.0)
        time.sleep(REST)
        share, slowest = quiet(process, port, seconds)
        write(folder, every, 1)
        both = counted(port, 2 * files)
        write(folder, deleted, 2, delete=True)
        # Of a file that is gone it is waited for a while whether its lines turn up in another one.
        last = counted(port, 2 * files + len(deleted) + int(both.get(LOSSES, 0.0)), LINES, LOSSES)
    finally:
        process.terminate()
        process.wait(30)
    read, told = (last.get(name, 0.0) - both.get(name, 0.0) for name in (LINES, LOSSES))
    print(
        f"{files:,} files, {descriptors:,} descriptors: {share:.2%} of a core while quiet (bound {SHARE_BOUND:.0%}),"
        f" slowest scrape {slowest:.2f} s (bound {SCRAPE_BOUND:g} s), {first:.0f} of {files} and"
        f" {both.get(LINES, 0.0):.0f} of {2 * files} lines counted, {both.get(LOSSES, 0.0):.0f} losses told;"
        f" of {len(deleted)} files deleted with a new line {read:.0f} counted, {told:.0f} told as losses"
    )
    held = share < SHARE_BOUND and slowest < SCRAPE_BOUND and both.get(LOSSES) == 0
    return held and both.get(LINES) == 2 * files and read + told == len(deleted)


def main() -> int:
    """Measure once; exit status 1 out of the bounds."""
    parser = argparse.ArgumentParser("bench.edge_log_quiet", description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--descriptors", type=int, default=1024)
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return int(not measure(Path(folder), arguments.files, arguments.descriptors, arguments.seconds))


if __name__ == "__main__":
    sys.exit(main())
