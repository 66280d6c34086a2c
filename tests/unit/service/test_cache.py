"""The cache: one thread makes a value, the others' keys wait for nothing."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.cache import Cache

PATIENCE = 10.0


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_value_is_kept_until_its_time_is_over() -> None:
    clock, made = Clock(), iter(range(10))
    cache: Cache[str, int] = Cache(4, 5.0, clock)
    assert [cache.get("a", lambda: next(made)) for _ in range(2)] == [0, 0]
    clock.now = 4.9
    assert cache.get("a", lambda: next(made)) == 0
    clock.now = 5.0
    assert cache.get("a", lambda: next(made)) == 1


def test_a_value_of_another_state_is_made_again() -> None:
    made = iter(range(10))
    cache: Cache[str, int] = Cache(4)
    assert [cache.get("a", lambda: next(made), state) for state in ("old", "old", "new", "old")] == [0, 0, 1, 2]


def test_those_used_last_are_kept() -> None:
    asked: list[str] = []
    cache: Cache[str, None] = Cache(2)
    for key in ("a", "b", "a", "c", "a", "b"):
        cache.get(key, lambda key=key: asked.append(key))  # type: ignore[misc]
    assert asked == ["a", "b", "c", "b"]


def test_nothing_is_kept_of_what_failed() -> None:
    cache: Cache[str, int] = Cache(2)

    def fail() -> int:
        raise ValueError("no answer")

    for _ in range(2):
        with pytest.raises(ValueError, match="no answer"):
            cache.get("a", fail)
    assert cache.get("a", lambda: 1) == 1


def test_many_who_ask_at_once_get_one_value_and_another_key_does_not_wait() -> None:
    started, let_go = threading.Event(), threading.Event()
    made: list[int] = []

    def slow() -> int:
        started.set()
        assert let_go.wait(PATIENCE)
        made.append(1)
        return len(made)

    cache: Cache[str, int] = Cache(2)
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(cache.get, "slow", slow) for _ in range(6)]
        assert started.wait(PATIENCE)
        assert pool.submit(cache.get, "quick", lambda: 7).result(PATIENCE) == 7
        let_go.set()
        assert [each.result(PATIENCE) for each in waiting] == [1] * 6
    assert made == [1]


def test_who_waited_for_a_failure_tries_for_themselves() -> None:
    started, let_go = threading.Event(), threading.Event()
    tries: list[int] = []

    def first_fails() -> int:
        tries.append(1)
        if len(tries) == 1:
            started.set()
            assert let_go.wait(PATIENCE)
            raise ValueError("no answer")
        return len(tries)

    cache: Cache[str, int] = Cache(2)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.get, "a", first_fails)
        assert started.wait(PATIENCE)
        second = pool.submit(cache.get, "a", first_fails)
        let_go.set()
        with pytest.raises(ValueError, match="no answer"):
            first.result(PATIENCE)
        assert second.result(PATIENCE) == 2


def test_what_is_known_is_given_and_nothing_is_made() -> None:
    cache: Cache[str, int] = Cache(4)
    assert cache.known("a") is None
    cache.get("a", lambda: 1)
    cache.get("b", lambda: 2, state="of then")
    assert (cache.known("a"), cache.known("b")) == (1, None)
