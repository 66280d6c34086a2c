"""The agent killed at random moments while a writer appends and rotates: the final counters must be right.

python -m bench.edge_log_kills [--kills 200]
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from bench.edge_log_generator import BEGIN
from demo.ports import free_port

DEADLINE = 60.0
SOURCE = """\
listen = "127.0.0.1:{port}"
state = "{folder}/state"
[host]
enabled = false
[[edge_log]]
service = "ott"
paths = ["{folder}/{log}"]
format = "ott"
viewer = ['[?&]token=([0-9]+)']
channel = '^/live/([^/]+)/'
"""
SETTINGS = SOURCE.replace("{log}", "ott_access.log") + 'checkpoint_interval = "0.1s"\n'


class Writer(threading.Thread):
    """Appends lines in bursts, some of them halves of a line, and renames the log every few seconds."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        super().__init__(name="writer")
        self.folder, self._chance = folder, chance
        self.lines = self.egress = self.sessions = 0
        self.done = threading.Event()

    def run(self) -> None:
        log, rotations, rotate_at = self.folder / "ott_access.log", 0, time.monotonic() + 3
        while not self.done.wait(self._chance.uniform(0, 0.02)):
            text = b"".join(self._line() for _ in range(self._chance.randrange(60)))
            cut = self._chance.randrange(len(text) + 1)
            with log.open("ab", buffering=0) as file:
                file.write(text[:cut])
                self.done.wait(self._chance.choice([0, 0, 0.01]))
                file.write(text[cut:])
            if time.monotonic() > rotate_at:
                rotations, rotate_at = rotations + 1, time.monotonic() + self._chance.uniform(1, 5)
                log.rename(f"{log}.{rotations}")

    def _line(self) -> bytes:
        size = self._chance.randrange(1_000_000)
        # Every line a viewer of its own: started sessions count lines by another way.
        self.sessions += 1
        self.lines += 1
        self.egress += size
        moment = BEGIN + self.lines / 1000
        request = f"GET /live/c{self.lines % 9}/1.ts?token={self.lines} HTTP/1.1"
        return f'{moment:.3f} 192.0.2.1 200 {size} 0.001 "{request}" "player" "-"\n'.encode()


def figures(port: int) -> dict[str, float]:
    """Return sums by metric; empty while the agent does not answer with all it has."""
    try:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
    except httpx.TransportError:
        return {}
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            sums[sample.name] = sums.get(sample.name, 0) + sample.value
    return sums


def first_state(call: list[str], file: Path) -> None:
    """Let an agent meet the log and store that: what was rotated away before is by definition not its own."""
    agent = subprocess.Popen(call, stderr=subprocess.DEVNULL)
    end = time.monotonic() + DEADLINE
    while not file.exists() and time.monotonic() < end:
        time.sleep(0.05)
    agent.kill()
    agent.wait()


def compare(folder: Path, kills: int, chance: random.Random) -> Iterator[tuple[str, float, float | None]]:
    """Yield (what, expected, got)."""
    (folder / "state").mkdir()
    port = free_port()
    config = folder / "agent.toml"
    config.write_text(SETTINGS.format(port=port, folder=folder))
    call = [sys.executable, "-m", "agent", "serve", "--config", str(config)]
    (folder / "ott_access.log").touch()
    first_state(call, folder / "state/edge_log_ott.state")
    writer = Writer(folder, chance)
    writer.start()
    seen = 0.0
    try:
        for _ in range(kills):
            agent = subprocess.Popen(call, stderr=subprocess.DEVNULL)
            try:
                agent.wait(chance.uniform(0.3, 3.0))
            except subprocess.TimeoutExpired:
                now = figures(port) if chance.random() < 0.2 else {}
                lines = now.get("ott_edge_log_lines_total")
                if lines is not None:
                    yield "lines never fall from one scrape to the next", 0.0, max(0.0, seen - lines)
                    seen = lines
                agent.send_signal(signal.SIGKILL)
            agent.wait()
    finally:
        writer.done.set()
        writer.join()
    agent = subprocess.Popen(call, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + DEADLINE
        last: dict[str, float] = {}
        while (
            time.monotonic() < end and agent.poll() is None and last.get("ott_edge_log_lines_total", -1) < writer.lines
        ):
            time.sleep(0.2)
            last = figures(port)
        yield "lines", writer.lines, last.get("ott_edge_log_lines_total")
        yield "bytes", writer.egress, last.get("ott_edge_egress_bytes_total")
        yield "sessions started", writer.sessions, last.get("ott_edge_sessions_started_total")
        yield "rejects", 0, last.get("ott_edge_log_rejected_lines_total")
    finally:
        agent.terminate()
        agent.wait(10)


def main() -> int:
    """Print each comparison; exit status 1 where one differs."""
    parser = argparse.ArgumentParser("bench.edge_log_kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    wrong = scrapes = 0
    with tempfile.TemporaryDirectory() as folder:
        for what, expected, got in compare(Path(folder), arguments.kills, random.Random(arguments.seed)):
            wrong += expected != got
            if what.startswith("lines never"):
                scrapes += 1
                continue
            print(f"{what}: {expected:.0f}, counted {got}")
    print(f"{arguments.kills} kills, {scrapes} scrapes in between, {wrong} differences")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
