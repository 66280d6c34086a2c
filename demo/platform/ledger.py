"""What the viewers did, in their own words: the truth that the measured figures are held against.

It counts by the published definition of sessions (docs/sessions.md) but shares no code with the agent, and it knows
of nothing but the answers that reached a player.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TextIO

COUNTED_STATUSES = frozenset({200, 206, 304})


class Received(NamedTuple):
    """One answer that reached a player."""

    time: float
    edge: str
    token: str
    channel: str
    status: int
    size: int


class LedgerWriter:
    """Writes each answer as it comes."""

    def __init__(self, file: TextIO) -> None:
        self._writer = csv.writer(file)

    def add(self, received: Received) -> None:
        """Append one line."""
        self._writer.writerow([f"{received.time:.3f}", *received[1:]])


def read(path: Path) -> Iterator[Received]:
    """Yield the lines of a ledger; one still being written is left out."""
    with path.open(encoding="ascii", newline="") as file:
        for line in file:
            if line.endswith("\n"):
                time, edge, token, channel, status, size = next(csv.reader([line]))
                yield Received(float(time), edge, token, channel, int(status), int(size))


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
