"""What is usual, kept for an hour: eight weeks of appeals are not read for each look."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from alerts.desk.appeals.mass import Cell, Usual


@dataclass(slots=True)
class Baseline:
    """What is usual in this hour, read once."""

    lock: Lock = field(default_factory=Lock)
    hour: datetime | None = None
    usual: dict[Cell, Usual] = field(default_factory=dict)

    def get(self, now: datetime, read: Callable[[], dict[Cell, Usual]]) -> dict[Cell, Usual]:
        """Return what is usual in this hour."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        with self.lock:
            if self.hour != hour:
                self.usual, self.hour = read(), hour
            return self.usual
