"""Values that cost something to make, kept by key: each is made by one thread while others' keys wait for nothing."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from math import inf
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

from cachetools import TTLCache

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class _Made(Generic[V]):
    state: object
    value: V


class Cache(Generic[K, V]):
    """At most `most` values, those used last, each kept for `seconds` at most.

    `clock` returns seconds that never go back.
    """

    def __init__(self, most: int, seconds: float = inf, clock: Callable[[], float] = monotonic) -> None:
        self._values: TTLCache[K, _Made[V]] = TTLCache(most, seconds, clock)
        self._lock = Lock()
        self._making: dict[K, Lock] = {}

    def known(self, key: K) -> V | None:
        """Return the value of a key where one is kept that was made of no state; make none, and wait for nobody."""
        with self._lock:
            known = self._values.get(key)
        return known.value if known is not None and known.state is None else None

    def get(self, key: K, make: Callable[[], V], state: object = None) -> V:
        """Return the value of a key, made again where none is kept or it was made of another `state`.

        Whoever asks for a key that is being made waits for it. What `make` raises is raised here and nothing is kept:
        the next one who asks tries again.
        """
        with self._lock:
            known = self._values.get(key)
            if known is not None and known.state == state:
                return known.value
            making = self._making.setdefault(key, Lock())
        with making:
            with self._lock:
                known = self._values.get(key)
                if known is not None and known.state == state:
                    return known.value
            try:
                value = make()
            except BaseException:
                with self._lock:
                    self._making.pop(key, None)
                raise
            with self._lock:
                self._values[key] = _Made(state, value)
                self._making.pop(key, None)
            return value
