"""Compares stalls and starts computed from the log with the players' own account, for a recording of real players.

    python -m tests.players.stalls --rounds 8 --clean 4 --output stalls.json     # some 30 minutes
    ./run bench edge_log_stalls stalls.json

Of each player: stalls by its account and found, their sum, how far one is off (median), starts, and minutes of runs
that never stalled with the stalls that were invented in them. Which stalls there were the player says. How long one
was is compared with the picture, and the sum with the player's account too: dash.js calls it a stall while 0.3 s are
left.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from agent.sources.edge_log.formats.batch import Batch
from agent.sources.edge_log.quality import quality
from agent.sources.edge_log.quality.cmcd import Report
from agent.sources.edge_log.quality.playback import SHORTEST_STALL, Playback, _Track
from agent.sources.edge_log.quality.quality import Quality
from agent.sources.edge_log.quality.tally import Tally
from agent.sources.edge_log.sessions.definition import Definition
from agent.sources.edge_log.sessions.engine import Engine

MOST_OFF, MOST_OFF_EACH = 0.03, 0.15  # of the sum; seconds of one stall, median


class Noted(Playback):
    """A playback that notes when it stood still."""

    stalls: list[list[float]]  # of the run, [from, to]

    def _stall(self, begin: float, end: float) -> None:
        super()._stall(begin, end)
        if self.stalls and begin - self.stalls[-1][1] < SHORTEST_STALL:
            self.stalls[-1][1] = max(end, self.stalls[-1][1])
        else:
            self.stalls.append([begin, end])

    def _resume(self, track: _Track, start: float, report: Report) -> None:
        super()._resume(track, start, report)
        if self.stalls and self._more is not None and self._more.stalled_to is not None:
            self.stalls[-1][1] = max(self.stalls[-1][1], self._more.stalled_to)


@dataclass
class Player:
    """What its runs add up to."""

    runs: int = 0
    stalls: list[int] = field(default_factory=lambda: [0, 0])  # by its account, and found
    seconds: list[float] = field(default_factory=lambda: [0.0, 0.0])  # by the picture, and found
    said: float = 0.0  # seconds by its account
    off: list[float] = field(default_factory=list)  # of one stall
    other_counts: int = 0  # runs
    starts: int = 0
    start_off: list[float] = field(default_factory=list)
    clean: float = 0.0  # seconds
    invented: int = 0

    def add(self, run: dict[str, Any], tally: Tally, found: list[list[float]]) -> None:
        account = run["account"]
        true = [end - begin for begin, end in stood_still(account)]
        self.runs += 1
        self.stalls = [self.stalls[0] + len(true), self.stalls[1] + tally.stalls]
        self.said += sum(end - begin for begin, end in account["stalls"] if end - begin >= SHORTEST_STALL)
        self.seconds = [self.seconds[0] + sum(true), self.seconds[1] + tally.stall_seconds]
        self.other_counts += tally.stalls != len(true)
        if tally.stalls == len(true) == len(found):
            self.off += [end - begin - one for one, (begin, end) in zip(true, found, strict=True)]
        self.starts += sum(tally.startup.counts)
        self.start_off.append(tally.startup.total - account["playing"][0] + account["loaded"])
        if not true:
            self.clean += (account["ended"] or account["playing"][0]) - account["playing"][0]
            self.invented += tally.stalls

    @property
    def error(self) -> float:
        return self.seconds[1] / self.seconds[0] - 1 if self.seconds[0] else 0.0

    def row(self) -> Iterator[str]:
        yield f"{self.stalls[0]} and {self.stalls[1]}"
        yield str(self.other_counts)
        yield f"{self.seconds[0]:.1f} s {self.error:+.1%}, {self.seconds[1] / self.said - 1 if self.said else 0:+.1%}"
        yield f"{median(map(abs, self.off)) if self.off else 0:.3f} s"
        yield f"{self.starts} of {self.runs}, {median(map(abs, self.start_off)):.3f} s"
        yield f"{self.invented} in {self.clean / 60:.1f} min"


def stood_still(account: dict[str, Any]) -> list[list[float]]:
    """Return when the picture stood still in the stalls of a player's account; when it says so in older recordings."""
    stalls = [(begin, end) for begin, end in account["stalls"] if end - begin >= SHORTEST_STALL]
    frozen = account.get("frozen", ())

    def seen(stall: tuple[float, float]) -> Sequence[float]:
        def common(other: Sequence[float]) -> float:
            return min(stall[1], other[1]) - max(stall[0], other[0])

        longest = max(frozen, key=common, default=stall)
        return longest if common(longest) > 0 else stall

    return [[*seen(stall)] for stall in stalls]


def computed(run: dict[str, Any]) -> tuple[Tally, list[list[float]]]:
    """Return the figures of a run as the agent computes them from the server's log, and its stalls."""
    requests = sorted(run["requests"], key=lambda request: request[1])
    rows = len(requests)
    definition = Definition()
    known = Quality(definition)
    batch = Batch(
        rows,
        times=[request[1] for request in requests],
        addresses=[b"192.0.2.1"] * rows,
        agents=[b""] * rows,
        uris=[request[2].encode() for request in requests],
        statuses=[b"200"] * rows,
        sizes=[0] * rows,
        durations=[f"{request[1] - request[0]:.3f}" for request in requests],
        cmcd=[request[3].encode() if len(request) > 3 else b"" for request in requests],
    )
    Noted.stalls = []
    with patch.object(quality, "Playback", Noted):
        Engine(definition, b"secret", companion=known).feed(batch, float("inf"))
    (tally,) = known.tallies.values()
    return tally, Noted.stalls


def main() -> int:
    """Print the table; exit status 1 beyond the bounds."""
    arguments = argparse.ArgumentParser("bench.edge_log_stalls", description=__doc__)
    arguments.add_argument("recording", type=Path, nargs="?", default=Path("tests/players/stalls.json"))
    arguments.add_argument("--apart", action="store_true", help="versions, playlists and headers apart")
    given = arguments.parse_args()
    players: defaultdict[str, Player] = defaultdict(Player)
    for run in json.loads(given.recording.read_text("utf-8")):
        tally, found = computed(run)
        names = [run["player"], "all"]
        if given.apart:
            names.append(f"{run['player']} {run['path']} {run['version']} {run.get('mode', 'query')}")
        for name in names:
            players[name].add(run, tally, found)
    print(
        "player | stalls true and found | runs that differ | sum by the picture, by its account"
        " | median off | starts | invented"
    )
    for name in sorted(players):
        print(" | ".join((name, *players[name].row())))
    every = players["all"]
    within = abs(every.error) <= MOST_OFF and median(map(abs, every.off)) <= MOST_OFF_EACH
    return int(not within or every.other_counts > 0 or every.invented > 0 or every.starts != every.runs)


if __name__ == "__main__":
    sys.exit(main())
