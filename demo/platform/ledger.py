"""What the viewers did, in their own words: the truth that the measured figures are held against.

It counts by the published definition of sessions (docs/sessions.md) but shares no code with the agent, and it knows
of nothing but the answers that reached a player and when its picture stood still.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TextIO

COUNTED_STATUSES = frozenset({200, 206, 304})
SHORTEST_STALL = 0.15  # seconds


class Received(NamedTuple):
    """One answer that reached a player."""

    time: float
    edge: str
    token: str
    channel: str
    status: int
    size: int


class Stalled(NamedTuple):
    """One time that a picture stood still."""

    begin: float
    end: float
    edge: str
    channel: str
    reported: bool  # whether the player sends CMCD and asked for another segment afterwards

    @property
    def seconds(self) -> float:
        return self.end - self.begin


class Trouble(NamedTuple):
    """A viewer's picture failed."""

    time: float
    account: int
    edge: str
    answered: bool  # with an error; else the edge did not answer


class LedgerWriter:
    """Writes each answer, each stall and each trouble as it comes."""

    def __init__(self, answers: TextIO, stalls: TextIO, troubles: TextIO) -> None:
        self._answers, self._stalls, self._troubles = csv.writer(answers), csv.writer(stalls), csv.writer(troubles)

    def add(self, received: Received) -> None:
        """Append an answer."""
        self._answers.writerow([f"{received.time:.3f}", *received[1:]])

    def add_stall(self, stalled: Stalled) -> None:
        """Append a stall."""
        self._stalls.writerow([f"{stalled.begin:.3f}", f"{stalled.end:.3f}", *stalled[2:4], int(stalled.reported)])

    def add_trouble(self, trouble: Trouble) -> None:
        """Append a trouble."""
        self._troubles.writerow([f"{trouble.time:.3f}", *trouble[1:3], int(trouble.answered)])


def read(path: Path) -> Iterator[Received]:
    """Yield the answers of a ledger; one still being written is left out."""
    for time, edge, token, channel, status, size in _rows(path):
        yield Received(float(time), edge, token, channel, int(status), int(size))


def read_stalls(path: Path) -> Iterator[Stalled]:
    """Yield the stalls of a ledger that are long enough to be one by the published definition (docs/qoe.md)."""
    for begin, end, edge, channel, reported in _rows(path):
        stalled = Stalled(float(begin), float(end), edge, channel, reported == "1")
        if stalled.seconds >= SHORTEST_STALL:
            yield stalled


def follow(troubles: TextIO) -> Iterator[Trouble]:
    """Yield what was appended since the last time; a line still being written is left for the next one."""
    while True:
        place = troubles.tell()
        line = troubles.readline()
        if not line.endswith("\n"):
            troubles.seek(place)
            return
        time, account, edge, answered = next(csv.reader([line]))
        yield Trouble(float(time), int(account), edge, answered == "1")


def _rows(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="ascii", newline="") as file:
        for line in file:
            if line.endswith("\n"):
                yield next(csv.reader([line]))


@dataclass(frozen=True, slots=True)
class Audience:
    """Who was there at one instant."""

    sessions: int
    viewers: int
    channels: dict[str, int]


def audience(ledger: Iterable[Received], at: float, idle_timeout: float) -> Audience:
    """Return the sessions and viewers active at `at`, counted on each edge and summed."""
    active = {
        (entry.edge, entry.token, entry.channel)
        for entry in ledger
        if entry.status in COUNTED_STATUSES and at - idle_timeout < entry.time <= at
    }
    channels: dict[str, int] = {}
    for _, _, channel in active:
        channels[channel] = channels.get(channel, 0) + 1
    return Audience(len(active), len({(edge, token) for edge, token, _ in active}), channels)


def bytes_received(ledger: Iterable[Received], start: float, end: float) -> int:
    """Return what reached the players in (start, end]."""
    return sum(entry.size for entry in ledger if start < entry.time <= end)
