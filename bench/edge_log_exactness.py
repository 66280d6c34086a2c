"""Sessions, viewers and bytes against a log whose truth is known, live and in replay: all must be equal.

    python -m bench.edge_log_exactness [--viewers 100000] [--seconds 600]

The log grows under the agent's eyes, is rotated in the middle, has late and damaged lines; the agent is restarted
once.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.sources.edge_log.replay.replay import Replay, opened
from agent.sources.edge_log.replay.time_steps import GivenTimes
from agent.sources.edge_log.settings import EdgeLogSettings
from agent.sources.edge_log.source import EdgeLogSource
from bench.edge_log_generator import BEGIN, LATEST, Truth, generate
from service.settings import make_converter

DEADLINE = 120.0


def settings_for(log: Path) -> EdgeLogSettings:
    """Return the settings that fit the generated log."""
    keys = {
        "service": "ott",
        "paths": [str(log)],
        "format": "ott",
        "viewer": ["[?&]token=([0-9a-f]{32})"],
        "channel": "^/live/([^/]+)/",
    }
    return make_converter().structure(keys, EdgeLogSettings)


class Live:
    """The agent's source on the log, with a clock of our own."""

    def __init__(self, settings: EdgeLogSettings, state: Path) -> None:
        self._settings, self._state = settings, state
        self.now = float(BEGIN)
        self.start()

    def start(self) -> None:
        """Begin, or begin again."""
        self.source = EdgeLogSource(self._settings, self._state, lambda: self.now)
        self.source.start()

    def figures(self, lines: int) -> dict[str, float]:
        """Return sums by metric once so many lines were read."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            try:
                samples = list(self.source.samples())
            except OSError:
                samples = []
            sums: dict[str, float] = {}
            for sample in samples:
                if isinstance(sample.value, float | int):
                    sums[sample.metric.name] = sums.get(sample.metric.name, 0) + sample.value
            if sums.get("ott_edge_log_lines_total", -1) >= lines:
                return sums
            time.sleep(0.02)
        raise TimeoutError(f"{lines} lines were not read within {DEADLINE:g} s")


def compare(folder: Path, viewers: int, seconds: int) -> Iterator[tuple[str, Any, Any]]:
    """Yield (what, expected, got)."""
    log, rotated = folder / "ott_access.log", folder / "ott_access.log.1"
    state = folder / "state"
    state.mkdir()
    settings = settings_for(log)
    truth, instants = Truth(), {}
    pending: dict[int, tuple[int, int]] = {}
    log.touch()
    live = Live(settings, state)
    for moment in generate(viewers, seconds, truth):
        with log.open("ab") as file:
            file.write(moment.text)
        live.now = BEGIN + moment.second + 1.0
        if moment.active is not None:
            pending[moment.second + 1] = moment.active
        if moment.second == seconds // 2:
            log.rename(rotated)
        if moment.second == seconds * 3 // 4:
            live.source.stop()
            live.start()
        for second in [second for second in pending if second + LATEST == moment.second]:
            # By now the late lines of that second are written: the figures of it are final.
            expected = instants[second] = pending.pop(second)
            written = log.stat().st_size + (rotated.stat().st_size if rotated.exists() else 0)
            live.now = float(BEGIN + second)
            figures = live.figures(truth.lines)
            yield f"live at +{second} s", expected, (figures["ott_edge_sessions"], figures["ott_edge_viewers"])
            assert written
    live.now = BEGIN + seconds + 1000.0
    figures = live.figures(truth.lines)
    live.source.stop()
    yield "live lines", truth.lines, figures["ott_edge_log_lines_total"]
    yield "live bytes", truth.egress, figures["ott_edge_egress_bytes_total"]
    yield "live requests", truth.requests.total(), figures["ott_edge_requests_total"]
    yield "live rejects", truth.rejected, figures["ott_edge_log_rejected_lines_total"]
    yield "live sessions started", truth.sessions, figures["ott_edge_sessions_started_total"]
    yield "live sessions ended", truth.sessions, figures["ott_edge_sessions_ended_total"]
    replay = Replay(settings, GivenTimes(BEGIN + second for second in instants), BEGIN + 1e6)
    for path in (rotated, log):
        with opened(path) as stream:
            replay.read(path.name, stream)
    *steps, last = replay.report()
    for (second, expected), step in zip(sorted(instants.items()), steps, strict=True):
        yield f"replay at +{second} s", expected, (step["sessions"], step["viewers"])
    summary = last["summary"]
    yield "replay lines", truth.lines, summary["lines"]
    yield "replay bytes", truth.egress, summary["egress_bytes"]
    yield "replay rejects", truth.rejected, sum(summary["rejected_lines"].values())
    yield "replay sessions", truth.sessions, summary["sessions"]
    yield "replay viewers", viewers, summary["viewers"]
    yield "replay most sessions at once", truth.most(), summary["max_sessions"]


def main() -> int:
    """Print each comparison; exit status 1 where one differs."""
    parser = argparse.ArgumentParser("bench.edge_log_exactness", description=__doc__)
    parser.add_argument("--viewers", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=600)
    arguments = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for what, expected, got in compare(Path(folder), arguments.viewers, arguments.seconds):
            equal = expected == got
            wrong += not equal
            print(f"{'equal ' if equal else 'DIFFER'}  {what}: {expected}" + ("" if equal else f", counted {got}"))
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
