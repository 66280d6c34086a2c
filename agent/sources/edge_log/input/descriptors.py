"""Open files within a share of the process's descriptors: the scrape, and everything else, needs some, too."""

import resource
import threading
from collections import OrderedDict
from typing import Protocol

# A log that is busy needs its descriptor; whatever the others take, an edge log may hold this many open.
LEAST = 4


class Close(Protocol):
    """Closes a file."""

    def __call__(self, *, forced: bool) -> bool:
        """Close it, unless not forced and there are reasons to keep it open; return whether it was closed."""


class Quota:
    """How many descriptors all edge logs of the process may hold together."""

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._used = 0
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Take one; False where none is left."""
        with self._lock:
            if self._most is None:
                soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
                self._most = 4096 if soft == resource.RLIM_INFINITY else soft // 2
            if self._used >= self._most:
                return False
            self._used += 1
            return True

    def force(self) -> None:
        """Take one in any case."""
        with self._lock:
            self._used += 1

    def give(self) -> None:
        """Give one back."""
        with self._lock:
            self._used -= 1


SHARED = Quota()


class Descriptors:
    """The open files of one edge log; beyond the quota the one that was used longest ago is closed."""

    def __init__(self, quota: Quota = SHARED) -> None:
        self._quota = quota
        self._open: OrderedDict[int, Close] = OrderedDict()

    def enter(self, key: int, close: Close) -> None:
        """Make room for a file that is about to be opened; `close` closes it when its turn has come, or refuses."""
        if not self._quota.take():
            if len(self._open) >= LEAST:
                self._close_oldest()
            self._quota.force()
        self._open[key] = close

    def used(self, key: int) -> None:
        """Note that a file was read."""
        self._open.move_to_end(key)

    def leave(self, key: int) -> None:
        """Note that a file was closed."""
        if self._open.pop(key, None) is not None:
            self._quota.give()

    def make_room(self) -> None:
        """Close all: the process has no descriptor left."""
        while self._open:
            self._close_oldest()

    def _close_oldest(self) -> None:
        if not any(close(forced=False) for close in list(self._open.values())):
            next(iter(self._open.values()))(forced=True)
