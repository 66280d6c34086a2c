"""Who was seen when: noted in memory with each request of the console, and written together now and then.

A write for each request would cost the storage more than the reading does.
"""

from collections.abc import Mapping
from datetime import datetime
from threading import Lock


class Attendance:
    """The latest moment of each session (by its key's digest) that is not written yet."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: dict[str, datetime] = {}

    def note(self, digest: str, now: datetime) -> None:
        """Note that a session was used."""
        with self._lock:
            self._seen[digest] = now

    def take(self) -> Mapping[str, datetime]:
        """Return what was noted since the last call."""
        with self._lock:
            seen, self._seen = self._seen, {}
        return seen
