"""A value that many readers want and that costs something to get: asked for once a period, by one thread.

A reader waits for it a moment at most and then gets what is known, with its age: a source that hangs holds up nobody.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Generic, TypeVar

from markupsafe import Markup

from service.cache import Cache
from service.prometheus import PrometheusError

T = TypeVar("T")
Rendered = Cache[Hashable, Markup]
"""Parts of pages that look the same for many readers, by what decides how they look."""

PATIENCE = 2.0  # seconds that a reader waits for the first answer, or for the next of a source that answers

log = logging.getLogger("desk.console")


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """What is known: the last answer, how many seconds ago it was asked for, and whether the latest attempt failed."""

    value: T | None
    age: float
    failing: bool


class Shared(Generic[T]):
    """The last answer of a source. `ask` raises OSError when there is none; an answer older than `keep` is dropped."""

    def __init__(
        self, ask: Callable[[], T], period: float, keep: float, clock: Callable[[], float] = monotonic
    ) -> None:
        self._ask = ask
        self._period = period
        self._keep = keep
        self._clock = clock
        self._lock = threading.Lock()
        self._value: T | None = None
        self._made = -keep
        self._tried: float | None = None
        self._failing = False
        self._asking: set[Callable[[], None]] | None = None  # who waits for the round under way

    async def latest(self, patience: float = PATIENCE) -> Known[T]:
        """Return what is known, after a moment for a new answer where the last one is old."""
        loop, answered = asyncio.get_running_loop(), asyncio.Event()

        def tell() -> None:
            with suppress(RuntimeError):  # the loop ended meanwhile, and the reader with it
                loop.call_soon_threadsafe(answered.set)

        if self._start(tell):
            with suppress(TimeoutError):
                await asyncio.wait_for(answered.wait(), patience)
        with self._lock:
            age = self._clock() - self._made
            return Known(self._value if age <= self._keep else None, age, self._failing)

    def _start(self, tell: Callable[[], None]) -> bool:
        """Start a round where one is due; say whether waiting for it is worth it."""
        with self._lock:
            if self._asking is None:
                if self._tried is not None and self._clock() - self._tried < self._period:
                    return False
                self._tried = self._clock()
                self._asking = set()
                threading.Thread(target=self._run, name="overview", daemon=True).start()
            self._asking.add(tell)
            return not self._failing

    def _run(self) -> None:
        began = self._clock()
        value: T | None = None
        try:
            value = self._ask()
        except (OSError, PrometheusError) as error:
            if not self._failing:
                log.warning("the overview has no new figures", extra={"error": str(error)})
        except Exception:  # the top of a thread: a bug must not leave the readers waiting for ever
            log.exception("the overview's figures failed with an unexpected error")
        with self._lock:
            self._failing = value is None
            if value is not None:
                self._value, self._made = value, began
            waiting, self._asking = self._asking or set(), None
        for tell in waiting:
            tell()
